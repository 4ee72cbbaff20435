"""A model behind an HTTP address: OpenAI's form of embeddings, or a plain one."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from agent_tui.knowledge.embedding import EmbeddingError, Use, plain, unit
from agent_tui.lang import Both
from agent_tui.text import clean_line

if TYPE_CHECKING:
    import httpx

    from agent_tui.knowledge.embedding import Vectors
    from agent_tui.settings.workstation import Semantic

BATCH_BYTES = 65_536  # of text in one request; a longer text goes alone
ANSWER_BYTES = 33_554_432
TEXT_CHARS = 8_000
DETAIL_CHARS = 160
ATTEMPTS = {"query": 1, "passage": 4}  # nobody waits for a query that was asked long ago
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds
_LATER = {408, 425, 429, 500, 502, 503, 504}


class _Item(msgspec.Struct):
    index: int
    embedding: list[float]


class _OpenAi(msgspec.Struct):
    data: list[_Item]


class _Plain(msgspec.Struct):
    vectors: list[list[float]]


class _Busy(Exception):
    """It may do later. `wait` is what the server asked for, in seconds."""

    def __init__(self, detail: str, wait: float = 0.0) -> None:
        super().__init__(detail)
        self.wait = wait


class HttpEmbedder:
    """Asks `settings.address` and nothing else: it follows no redirect and takes no proxy.

    A passage is tried four times, with pauses that double; a query once. `sleep` and `chance` (0
    to 1) are what the pauses are made with.
    """

    def __init__(
        self,
        settings: Semantic,
        *,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        url = _address(settings.address)
        self._settings = settings
        self._sleep = sleep
        self._chance = chance
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None
        self._url = url
        parts = (settings.model, settings.query_prefix, settings.passage_prefix)
        self.name = f"http/{url}/{'/'.join(parts)}"

    def embed(self, texts: Sequence[str], use: Use) -> Vectors:
        import numpy as np

        prefix = getattr(self._settings, f"{use}_prefix")
        ready = [(prefix + plain(text))[:TEXT_CHARS] for text in texts]
        rows = [row for batch in self._batches(ready) for row in self._ask(batch, use)]
        try:
            found: Vectors = unit(np.array(rows, np.float32))
        except ValueError as error:  # of different lengths, none at all, or zero
            raise _unusable(self._url, str(error)) from error
        return found

    def close(self) -> None:
        """Let go of the connections."""
        if self._http:
            self._http.close()

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        size = 0
        for text in texts:
            more = len(text.encode())
            if batch and (len(batch) == self._settings.batch or size + more > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(text)
            size += more
        if batch:
            yield batch

    def _ask(self, texts: list[str], use: Use) -> list[list[float]]:
        pause = FIRST_PAUSE
        for left in reversed(range(ATTEMPTS[use])):
            try:
                rows = self._post(texts, use)
            except _Busy as busy:
                if not left:
                    raise _unreached(self._url, str(busy)) from busy
                self._sleep(min(LONGEST_PAUSE, max(busy.wait, pause * (0.5 + self._chance()))))
                pause *= 2
            else:
                if len(rows) != len(texts):
                    raise _unusable(self._url, f"{len(texts)} texts, {len(rows)} vectors")
                return rows
        raise AssertionError("unreachable")

    def _client(self) -> httpx.Client:
        import httpx  # costs more than all else of a start

        with self._lock:
            if self._http is None:
                self._http = httpx.Client(
                    timeout=self._settings.timeout, follow_redirects=False, trust_env=False
                )
            return self._http

    def _post(self, texts: list[str], use: Use) -> list[list[float]]:
        import httpx

        body: dict[str, object] = {"texts": texts}
        if self._settings.form == "openai":
            model = self._settings.model.replace("{kind}", use)
            body = {"input": texts, "model": model}
        try:
            with self._client().stream(
                "POST", self._url, content=msgspec.json.encode(body), headers=self._headers()
            ) as response:
                answer = _read(response, self._settings.timeout)
        except (httpx.InvalidURL, UnicodeError) as error:  # an address, a token of odd characters
            raise _unusable(self._url, str(error)) from error
        except httpx.HTTPError as error:
            raise _Busy(str(error) or type(error).__name__) from error
        if response.status_code in _LATER:
            raise _Busy(str(response.status_code), _wait(response.headers.get("retry-after", "")))
        if not response.is_success:
            detail = f"{response.status_code} {answer[:2000].decode('utf-8', 'replace')}"
            raise _unusable(self._url, detail)
        try:
            if self._settings.form == "texts":
                return msgspec.json.decode(answer, type=_Plain).vectors
            items = msgspec.json.decode(answer, type=_OpenAi).data
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _unusable(self._url, str(error)) from error
        items.sort(key=lambda item: item.index)
        if [item.index for item in items] != list(range(len(items))):
            raise _unusable(self._url, "an index twice or missing")
        return [item.embedding for item in items]

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        name = self._settings.token_env
        if name:
            token = os.environ.get(name, "").strip()
            if not token:
                raise EmbeddingError(
                    Both(f"环境变量 {name} 是空的", f"the environment variable {name} is empty"),
                    Both(
                        "把访问令牌放进去，或清空 [semantic] 的 token_env",
                        "put the token into it, or clear token_env in [semantic]",
                    ),
                )
            headers["authorization"] = f"Bearer {token}"
        return headers


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, say
        fits = False
    if not fits:
        raise EmbeddingError(
            Both("[semantic] 的 address 不是网址", "address in [semantic] is no web address"),
            Both(
                "写成 http://127.0.0.1:8000/v1/embeddings 这样",
                "write it like http://127.0.0.1:8000/v1/embeddings",
            ),
        )
    return text


def _read(response: httpx.Response, seconds: float) -> bytes:
    """The whole answer. httpx bounds each wait only: one that drips would never end."""
    answer = bytearray()
    end = time.monotonic() + seconds
    for part in response.iter_bytes():
        answer += part
        if time.monotonic() > end:
            raise _Busy(f"{seconds:g} s")
        if len(answer) > ANSWER_BYTES:
            raise _unusable(str(response.url), f"> {ANSWER_BYTES} bytes")
    return bytes(answer)


def _wait(text: str) -> float:
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 6 else 0.0


def _unreached(url: str, detail: str) -> EmbeddingError:
    detail = clean_line(detail, DETAIL_CHARS)
    return EmbeddingError(
        Both(f"向量服务连不上：{detail}", f"the embedding server gives no answer: {detail}"),
        Both(f"看看 {url} 是否在运行", f"see whether {url} is running"),
    )


def _unusable(url: str, detail: str) -> EmbeddingError:
    detail = clean_line(detail, DETAIL_CHARS)
    return EmbeddingError(
        Both(
            f"向量服务的答复用不了：{detail}", f"the embedding server's answer is no use: {detail}"
        ),
        Both(
            f"检查 [semantic] 的 form 和 model，以及 {url}",
            f"check form and model in [semantic], and {url}",
        ),
    )

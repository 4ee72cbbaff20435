"""Orders from a shop's own HTTP service: one GET for each customer, JSON in return.

It follows no redirect and takes no proxy, so that the token goes nowhere else.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from agent_tui.errors import ConfigError
from agent_tui.lang import Both
from agent_tui.orders import reading
from agent_tui.orders.source import SourceBroken
from agent_tui.text import clean_line

if TYPE_CHECKING:
    import httpx

    from agent_tui.orders.model import Order
    from agent_tui.settings.server import Orders

ANSWER_BYTES = 1 << 20
MOST_ORDERS = 200  # of an answer, looked at
PLACE = "{customer}"
NOBODY = (204, 404, 410)
ODD_KEY = (400, 414, 422)  # what the shop may say to a key that it cannot read
LOCAL = ("127.0.0.1", "localhost", "::1")


class HttpSource:
    """Asks `settings.source`, in which {customer} stands for the customer's key."""

    def __init__(self, settings: Orders) -> None:
        _check(settings)
        self._settings = settings
        self._named = settings.named
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None

    def find(self, key: str) -> tuple[Order, ...]:
        """One request, never repeated: whoever opens the chat again asks again."""
        import httpx

        url = self._settings.source.replace(PLACE, quote(key, safe=""))
        # Packed, a small answer could become any size.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        headers |= {"user-agent": "agent-tui", **self._token()}
        try:
            with self._client().stream("GET", url, headers=headers) as response:
                if response.status_code in NOBODY:
                    return ()
                if not response.is_success:
                    raise self._refused(response.status_code)
                raw = self._body(response)
        except httpx.TimeoutException as error:
            raise self._late() from error
        except (httpx.DecodingError, httpx.InvalidURL, UnicodeError) as error:
            raise self._odd(str(error)) from error
        except httpx.HTTPError as error:
            why = clean_line(str(error) or type(error).__name__, 160)
            raise self._broken(
                "unreachable", Both(f"连不上：{why}", f"cannot be reached: {why}")
            ) from error
        return self._orders(raw)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            if self._http is not None:
                self._http.close()
                self._http = None

    def _client(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._http is None:
                self._http = httpx.Client(
                    timeout=self._settings.timeout, follow_redirects=False, trust_env=False
                )
            return self._http

    def _token(self) -> dict[str, str]:
        name = self._settings.token_env
        if not name:
            return {}
        token = os.environ.get(name, "").strip()
        if not (token and token.isascii() and token.isprintable()):
            raise self._broken(
                "refused",
                Both(f"环境变量 {name} 里没有令牌", f"there is no token in the variable {name}"),
            )
        return {"authorization": f"Bearer {token}"}

    def _body(self, response: httpx.Response) -> bytes:
        """The whole answer. httpx bounds each wait only: one that drips would never end."""
        answer = bytearray()
        end = time.monotonic() + self._settings.timeout
        for part in response.iter_bytes():
            answer += part
            if len(answer) > ANSWER_BYTES:
                raise self._odd(f"> {ANSWER_BYTES} bytes")
            if time.monotonic() > end:
                raise self._late()
        return bytes(answer)

    def _orders(self, raw: bytes) -> tuple[Order, ...]:
        try:
            found: Any = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._odd(str(error)) from error
        if isinstance(found, dict):
            found = found.get("orders")
        if not isinstance(found, list):
            raise self._odd("no list of orders")
        rows = [
            row
            for order in found[:MOST_ORDERS]
            if isinstance(order, dict)
            for row in self._rows(order)
        ]
        settings = self._settings
        return reading.orders(
            rows, states=settings.states, currency=settings.currency, limit=settings.limit
        )

    def _rows(self, order: Mapping[str, Any]) -> Iterator[dict[str, object]]:
        """An order as lines: one for each of its `items`, or itself where it has none."""
        whole = self._fields(order)
        items = order.get("items")
        if not isinstance(items, list) or not items:
            yield whole
            return
        for item in items[: reading.MOST_ITEMS + 1]:  # so that one too many is noticed
            own = self._fields(item) if isinstance(item, dict) else {"item": item}
            if isinstance(item, dict) and "item" not in own:
                own["item"] = item.get("name")
            yield whole | {name: own.get(name) for name in ("item", "count", "price")}

    def _fields(self, found: Mapping[str, Any]) -> dict[str, object]:
        """What the settings, or usage, call a field; only plain values."""
        heads = [str(name) for name in found]
        known = {name.casefold(): value for name, value in zip(heads, found.values(), strict=True)}
        fields: dict[str, object] = {}
        for field, usual in reading.COLUMNS.items():
            named = self._named.get(field)
            for name in (named,) if named else usual:
                value = known.get(name.casefold())
                if isinstance(value, str | int | float):
                    fields[field] = value
                    break
        return fields

    # --- what is wrong ---------------------------------------------------------------------------

    def _broken(self, code: str, what: Both, *, alone: bool = False) -> SourceBroken:
        host = urlsplit(self._settings.source).netloc.rpartition("@")[2]
        return SourceBroken(
            code,
            Both(f"订单服务 {host}：{what.zh}", f"the orders at {host}: {what.en}"),
            Both("见 docs/orders.md", "see docs/orders.md"),
            alone=alone,
        )

    def _late(self) -> SourceBroken:
        seconds = f"{self._settings.timeout:g}"
        what = Both(f"{seconds} 秒没有答复", f"no answer within {seconds} s")
        return self._broken("timeout", what)

    def _refused(self, status: int) -> SourceBroken:
        code = "refused" if status < 500 and status not in (408, 429) else "unreachable"
        what = Both(f"答复 {status}", f"answers {status}")
        return self._broken(code, what, alone=status in ODD_KEY)

    def _odd(self, what: str) -> SourceBroken:
        short = clean_line(what, 160)
        what_is_odd = Both(f"看不懂：{short}", f"not understood: {short}")
        return self._broken("unreadable", what_is_odd, alone=True)


def _check(settings: Orders) -> None:
    """Raises ConfigError for an address that the token or the customer's key must not go to."""
    try:
        parts = urlsplit(settings.source)
        host, fits = parts.hostname or "", parts.port != 0
    except ValueError:  # a port that is no number, say
        host, fits = "", False
    rest = settings.source.partition("://")[2].partition("/")[2]
    if not fits or not host or "{" in host or PLACE not in rest:
        raise ConfigError(
            Both("orders.source 不是可用的网址", "orders.source is no address that can be asked"),
            Both(
                "写成 https://shop.example/orders?customer={customer}",
                "write it like https://shop.example/orders?customer={customer}",
            ),
        )
    if parts.scheme == "http" and settings.token_env and host not in LOCAL:
        raise ConfigError(
            Both("orders.source 会明文送出令牌", "orders.source would send the token in the clear"),
            Both("改用 https，或去掉 token_env", "use https, or leave token_env out"),
        )

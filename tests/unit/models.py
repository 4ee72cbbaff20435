"""A stand-in for an embedding model, a server that gives vectors over HTTP, and entries."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge.embedding import EmbeddingError, Use, unit
from agent_tui.knowledge.entry import Entry
from agent_tui.lang import Both

Vectors = npt.NDArray[np.float32]


FREIGHT = Entry("article", "freight", "退货运费", ("邮费谁出",), body="运费险会赔给您")
INVOICE = Entry("article", "invoice", "发票", ("怎么开发票",), body="在订单页面申请")
WEEKEND = Entry("macro", "weekend", "周末送货", body="周六周日照常派送", language="zh")
THREE = (FREIGHT, INVOICE, WEEKEND)


def many(count: int) -> list[Entry]:
    return [Entry("article", str(i), f"number {i * i}", body=f"body {i}") for i in range(count)]


class Hashed:
    """Texts are alike that share pairs of characters. Counts what it was given."""

    def __init__(self, name: str = "hashed", dimensions: int = 256) -> None:
        self.name = name
        self.dimensions = dimensions
        self.asked: list[str] = []
        self.broken = False

    def embed(self, texts: Sequence[str], use: Use) -> Vectors:
        if self.broken:
            raise EmbeddingError(Both("模型坏了", "the model is broken"), Both("修好它", "mend it"))
        self.asked += texts
        rows = np.full((len(texts), self.dimensions), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for at in range(len(text)):
                row[zlib.crc32(text[at : at + 2].encode()) % self.dimensions] += 1
        return unit(rows)


class Request:
    """One that came in."""

    def __init__(self, path: str, headers: dict[str, str], body: Any) -> None:
        self.path = path
        self.headers = headers
        self.body = body


Answer = tuple[int, dict[str, str], bytes]


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    return status, {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps(body).encode()


@contextmanager
def serving(reply: Callable[[Request], Answer]) -> Iterator[tuple[str, list[Request]]]:
    """The address of a server that answers by `reply`, and what it was asked."""
    seen: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append(Request(self.path, headers, json.loads(body)))
            status, more, data = reply(seen[-1])
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked has given up
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

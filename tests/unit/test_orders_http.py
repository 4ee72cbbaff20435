"""Orders over HTTP, from a real server that can be slow, wrong, huge or gone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agent_tui.errors import ConfigError
from agent_tui.orders import http
from agent_tui.orders.model import Item, Who
from agent_tui.orders.source import Source, SourceBroken, open_source
from agent_tui.server.orders_api import Book
from agent_tui.settings.server import Orders

Reply = Callable[[BaseHTTPRequestHandler], None]


class Shop(ThreadingHTTPServer):
    """Answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.reply: Reply = says([])
        self.asked: list[tuple[str, str]] = []  # path, token
        self.over = threading.Event()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def source(self, **more: Any) -> Source:
        address = f"{self.base}/orders?customer={{customer}}"
        found = open_source(Orders(source=address, **({"timeout": 10} | more)))
        assert found is not None
        return found


class Counter(BaseHTTPRequestHandler):
    """Hands the request to the shop's reply."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Shop)
        self.server.asked.append((self.path, self.headers.get("authorization", "")))
        self.server.reply(self)

    def log_message(self, format: str, *values: object) -> None:
        """To nobody."""


def raw(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    def reply(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)

    return reply


def says(what: object, status: int = 200) -> Reply:
    return raw(json.dumps(what).encode(), status)


@pytest.fixture
def shop() -> Iterator[Shop]:
    found = Shop()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.over.set()
    found.shutdown()
    thread.join()
    found.server_close()


def broken(source: Source) -> SourceBroken:
    with pytest.raises(SourceBroken) as caught:
        source.find("v")
    source.close()
    return caught.value


def test_orders_with_items(shop: Shop) -> None:
    glass = {"name": "玻璃杯", "count": 2, "price": 29}
    order = {"no": 2231, "status": "shipped", "placed_at": 1_795_036_625, "items": [glass, "盘"]}
    shop.reply = says({"orders": [order | {"amount": "68"}, {"no": "2230"}], "page": 1})
    source = shop.source()
    first, second = source.find("a&b=c/../?#{x}\u00e9")
    assert (first.no, first.state, first.amount) == ("2231", "shipped", "68.00")
    assert first.items == (Item("玻璃杯", 2, "29.00"), Item("盘"))
    assert second.no == "2230"
    assert shop.asked == [("/orders?customer=a%26b%3Dc%2F..%2F%3F%23%7Bx%7D%C3%A9", "")]
    shop.reply = says([order | {"items": [glass] * 51}])
    assert source.find("x")[0].amount == ""
    source.close()


def test_a_plain_list_and_names_of_the_shop(shop: Shop) -> None:
    shop.reply = says([{"Nr": "7", "Wo": "VERSANDT"}])
    source = shop.source(columns={"no": "nr", "state": "Wo"}, states={"versandt": "shipped"})
    assert [(each.no, each.state) for each in source.find("v")] == [("7", "shipped")]
    source.close()


def test_the_token_goes_along(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    source = shop.source(token_env="SHOP_TOKEN")
    assert source.find("v") == ()
    assert shop.asked[0][1] == "Bearer s3cret"
    source.close()


@pytest.mark.parametrize("token", ["", "a\nb", "é"])
def test_without_a_token_nothing_is_asked(
    shop: Shop, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", token)
    assert broken(shop.source(token_env="SHOP_TOKEN")).code == "refused"
    assert shop.asked == []


@pytest.mark.parametrize("status", [204, 404])
def test_nobody_of_that_name(shop: Shop, status: int) -> None:
    shop.reply = raw(b"", status)
    source = shop.source()
    assert source.find("v") == ()
    source.close()


def drips(to: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever."""
    assert isinstance(to.server, Shop)
    to.send_response(200)
    to.send_header("Content-Length", "1000000")
    to.end_headers()
    while not to.server.over.wait(0.05):
        try:
            to.wfile.write(b" ")
            to.wfile.flush()
        except OSError:
            return


def silent(to: BaseHTTPRequestHandler) -> None:
    assert isinstance(to.server, Shop)
    to.server.over.wait()


def hangs_up(to: BaseHTTPRequestHandler) -> None:
    to.close_connection = True


def breaks_off(to: BaseHTTPRequestHandler) -> None:
    raw(b"[", headers={"Content-Length": "100"})(to)
    to.close_connection = True


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (drips, "timeout"),
        (silent, "timeout"),
        (hangs_up, "unreachable"),
        (breaks_off, "unreachable"),
        (says({}, 500), "unreachable"),
        (says({}, 429), "unreachable"),
        (says({}, 401), "refused"),
        (raw(b"<html>log in</html>"), "unreadable"),
        (raw(b"\xff\xfe"), "unreadable"),
        (raw(b"[" * 100_000), "unreadable"),
        (raw(b"x", headers={"Content-Encoding": "gzip"}), "unreadable"),
        (raw(b"[" + b" " * 2_000_000 + b"]"), "unreadable"),
        (says({"error": "no"}), "unreadable"),
        (raw(b"", 302, {"Location": "/elsewhere"}), "refused"),
    ],
)
def test_trouble_is_told(shop: Shop, reply: Reply, code: str) -> None:
    shop.reply = reply
    hurried = {"timeout": 0.4} if code == "timeout" else {}
    started = time.monotonic()
    found = broken(shop.source(**hurried))
    assert found.code == code
    assert "127.0.0.1" in str(found.title)
    assert len(shop.asked) == 1, "never asked twice, never led elsewhere"
    assert time.monotonic() - started < 10


def test_a_server_that_is_gone(shop: Shop) -> None:
    source = shop.source(timeout=2)
    shop.shutdown()
    shop.server_close()
    assert broken(source).code == "unreachable"


@pytest.mark.parametrize(
    "orders",
    [
        [None, 3, "x", [], {}, {"no": None}, {"no": {}}, {"no": True}],
        [{"no": "1", "items": {"a": 1}, "amount": [], "state": {}, "placed_at": 1e300}],
        [{"no": "1", "items": [None, 3, {}, {"count": -1, "name": "\x1b[2J"}]}],
        [{"no": "1" * 999, "items": ["x" * 999] * 99}] * 9,
    ],
)
def test_odd_values_are_left_out(shop: Shop, orders: list[object]) -> None:
    shop.reply = says(orders)
    source = shop.source()
    for order in source.find("v"):
        assert order.no and len(order.no) <= 64 and len(order.items) <= 50
        assert all(item.name.isprintable() and item.count > 0 for item in order.items)
    source.close()


@pytest.mark.parametrize(
    ("source", "token"),
    [
        ("https://shop.example/orders", ""),
        ("https://{customer}/orders", ""),
        ("https://{customer}.shop.example/{customer}", ""),
        ("https:///orders/{customer}", ""),
        ("https://shop.example:99999999/{customer}", ""),
        ("http://shop.example/orders/{customer}", "SHOP_TOKEN"),
    ],
)
def test_addresses_that_may_not_be_asked(source: str, token: str) -> None:
    with pytest.raises(ConfigError, match=r"orders\.source"):
        open_source(Orders(source=source, token_env=token))


def test_where_plain_http_is_enough() -> None:
    for place, token in (("127.0.0.1:80", "T"), ("shop.lan", "")):
        source = open_source(Orders(source=f"http://{place}/{{customer}}", token_env=token))
        assert isinstance(source, http.HttpSource)


@pytest.mark.parametrize("reply", [raw(b"what?"), raw(b"", 422)])
async def test_a_customer_who_cannot_be_asked_about_is_no_other_ones_trouble(
    shop: Shop, reply: Reply
) -> None:
    source = shop.source()
    book = Book(source, Orders(by=("external",)))
    shop.reply = reply
    odd, other = Who("1", external="odd"), Who("2", external="other")
    assert (await book.of(odd)).failing_since
    shop.reply = says([{"no": "7"}])
    found = await book.of(other)
    assert (found.orders[0].no, found.failing_since) == ("7", 0)
    assert (await book.of(odd)).failing_since  # it rests: the shop is not asked again at once
    assert len(shop.asked) == 2
    shop.reply = raw(b"", 503)
    assert (await book.of(Who("3", external="third"))).trouble == "unreachable"
    assert (await book.of(Who("4", external="fourth"))).trouble == "unreachable"
    assert len(shop.asked) == 3
    source.close()

"""Orders from files: what is read, what is told of what cannot be, and how fast it is."""

from __future__ import annotations

import csv
import datetime
import io
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agent_tui import config
from agent_tui.errors import ConfigError
from agent_tui.orders import file, reading, words
from agent_tui.orders.model import Item, Order, Who
from agent_tui.orders.source import Source, SourceBroken, open_source
from agent_tui.settings.server import Orders

HEADS = "no,customer,placed_at,state,item,count,price,carrier,tracking,eta,delivered_at"
GLASS = "223104588921,13800001111,2026-11-18 21:17,delivered,玻璃杯,2,29.00,中通,7312,,2026-11-20"
LAMP = "223107710345,a@b.example,2026-11-19 10:00,已发货,lamp,1,$9.5,ZTO,7313,2026/11/24,"


def ms(*parts: int) -> int:
    return int(datetime.datetime(*parts).astimezone().timestamp() * 1000)  # type: ignore[arg-type]


def opened(source: str, **more: Any) -> Source:
    found = open_source(Orders(source=source, **more))
    assert found is not None
    return found


def of_csv(path: Path, text: str | bytes, **more: Any) -> Source:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, (1e9, 1e9))  # long ago: nobody is writing it
    return opened(f"csv:{path}", **more)


def of_sqlite(path: Path, text: str, index: bool = True, **more: Any) -> Source:
    """The same lines in a table."""
    heads, *rows = csv.reader(io.StringIO(text))
    columns = ",".join(f'"{head}"' for head in heads)
    with sqlite3.connect(path) as db:
        db.execute(f"CREATE TABLE orders ({columns})")
        marks = ",".join("?" * len(heads))
        db.executemany(f"INSERT INTO orders VALUES ({marks})", rows)  # noqa: S608
        if index and "customer" in heads:
            db.execute("CREATE INDEX who ON orders (customer)")
    db.close()
    return opened(f"sqlite:{path}", **more)


MAKERS = {"csv": of_csv, "sqlite": of_sqlite}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes a source of either kind from CSV text."""
    made: list[Source] = []

    def of(text: str, **more: Any) -> Source:
        made.append(MAKERS[request.param](tmp_path / "orders", text, **more))  # type: ignore[operator]
        return made[-1]

    yield of
    for each in made:
        each.close()


# --- what is read --------------------------------------------------------------------------------


def test_an_order_with_its_parcel(make: Any) -> None:
    source = make(f"{HEADS}\n{GLASS}\n{LAMP}\n")
    assert source.find("13800001111") == (
        Order(
            no="223104588921",
            placed_at=ms(2026, 11, 18, 21, 17),
            state="delivered",
            items=(Item("玻璃杯", 2, "29.00"),),
            amount="58.00",
            carrier="中通",
            tracking="7312",
            delivered_at=ms(2026, 11, 20),
        ),
    )
    (lamp,) = source.find("A@B.example")
    assert (lamp.state, lamp.currency, lamp.amount, lamp.eta) == (
        "shipped",
        "USD",
        "9.50",
        "2026-11-24",
    )
    assert source.find("nobody") == () == source.find("")


def test_lines_of_one_number_are_one_order_and_the_newest_comes_first(make: Any) -> None:
    lines = "n2,v,2026-01-02,paid,b,,1\nn1,v,2026-01-01,paid,a,2,3\nn2,v,2026-01-02,,c,3,2\n"
    found = make(f"no,customer,placed_at,state,item,count,price\n{lines}").find("v")
    assert [order.no for order in found] == ["n2", "n1"]
    assert found[0].items == (Item("b", 1, "1.00"), Item("c", 3, "2.00"))
    assert found[0].amount == "7.00"


@pytest.mark.parametrize("lines", ["1,v,,1.00\n1,v,x,1.00\n", "1,v,x,1.00\n" * 51])
def test_an_order_that_is_not_all_there_has_no_sum(make: Any, lines: str) -> None:
    (order,) = make(f"no,customer,item,price\n{lines}").find("v")
    assert order.amount == ""


def test_a_phone_number_is_found_however_it_is_written(make: Any) -> None:
    source = make(f"{HEADS}\n{GLASS}\n")
    for written in ("+86 138-0000-1111", "008613800001111", " 13800001111"):
        assert len(source.find(written)) == 1, written


def test_columns_and_states_as_the_shop_calls_them(make: Any) -> None:
    text = 'Order ID,买家,Where\n="2231",v,TRADE_SENT\n\'2232,v,待发货\n'
    columns = {"no": "order id", "state": "Where"}
    found = make(text, columns=columns, states={"trade_sent": "shipped"}).find("v")
    assert [(order.no, order.state) for order in found] == [("2232", "paid"), ("2231", "shipped")]


def test_at_most_so_many_and_those_are_the_newest(make: Any) -> None:
    rows = "".join(f"n{n},v,{1_700_000_000 + n}\n" for n in range(2_000))
    found = make(f"no,customer,placed_at\n{rows}", limit=3).find("v")
    assert [order.no for order in found] == ["n1999", "n1998", "n1997"]


HOSTILE = "\x1b]52;c;aGk=\x07[/b]\u202egnp.exe"


def test_hostile_text_is_harmless(make: Any) -> None:
    long = "长" * 5_000
    (order,) = make(
        f'no,customer,item,state,carrier\n1,v,"{HOSTILE}\nx","{HOSTILE}",{long}\n'
    ).find("v")
    for text in (order.items[0].name, order.state, order.carrier):
        assert not set(text) & set("\x1b\x07\u202e\n") and len(text) <= 120


@pytest.mark.parametrize("key", ['"; DROP TABLE orders; --', "v' OR 1=1", "\0", "%", "v" * 100_000])
def test_a_key_is_only_a_key(make: Any, key: str) -> None:
    source = make("no,customer\n1,v\n")
    assert source.find(key) == ()
    assert len(source.find("v")) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("¥1,024.00", ("1024.00", "CNY")),
        ("58元", ("58.00", "CNY")),
        ("-3", ("-3.00", "")),
        ("12 of 30", ("", "")),
        ("free", ("", "")),
        ("9" * 40, ("", "")),
        ("1e400", ("", "")),
    ],
)
def test_amounts(text: str, value: tuple[str, str]) -> None:
    assert reading.money(text) == value


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-18T21:17:05Z", 1_795_036_625_000),
        ("2026-11-19 05:17:05+08:00", 1_795_036_625_000),
        ("1795036625", 1_795_036_625_000),
        ("1795036625000", 1_795_036_625_000),
        ("2026年1月2日", ms(2026, 1, 2)),
        ("2026/1/2 3:04", ms(2026, 1, 2, 3, 4)),
        ("2026-13-40", 0),
        ("9999-12-30", ms(9999, 12, 30)),
        ("yesterday", 0),
        ("7", 0),
        ("9" * 5_000, 0),
    ],
)
def test_moments(text: str, at: int) -> None:
    assert reading.moment(text) == at


# --- what cannot be read -------------------------------------------------------------------------


def broken(source: Source) -> SourceBroken:
    with pytest.raises(SourceBroken) as caught:
        source.find("v")
    assert caught.value.code in words.TROUBLE
    return caught.value


def test_a_missing_column_is_named(make: Any) -> None:
    found = broken(make("Bestellung,customer\n1,v\n"))
    assert "no" in found.title.en and "Bestellung" in found.hint.en  # type: ignore[union-attr]
    assert found.code == "unreadable"


def test_a_named_column_must_be_there(tmp_path: Path) -> None:
    source = of_csv(tmp_path / "o", "no,customer\n1,v\n", columns={"amount": "Total"})
    assert "Total" in str(broken(source).title)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_file_that_is_not_there_and_comes_later(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "late"
    source = opened(f"{kind}:{path}")
    assert broken(source).code == "missing"
    MAKERS[kind](path, "no,customer\n1,v\n").close()  # type: ignore[operator]
    assert len(source.find("v")) == 1
    source.close()


@pytest.mark.parametrize("raw", [b"", b"\x00\x01\x02" * 500, b"\n\n\n", b"\xff\xfe\xff"])
@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_no_such_file(kind: str, raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd"
    path.write_bytes(raw)
    source = opened(f"{kind}:{path}")
    assert broken(source).code == "unreadable"
    source.close()


@pytest.mark.parametrize("codec", ["gb18030", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_as_spreadsheets_save_it(codec: str, delimiter: str, tmp_path: Path) -> None:
    text = "订单号,客户,商品\n1,v,玻璃杯\n2,v\n".replace(",", delimiter)
    source = of_csv(tmp_path / "o", text.encode(codec))
    assert [order.items for order in source.find("v")] == [(), (Item("玻璃杯"),)]
    source.close()


def test_chinese_that_comes_late_in_another_encoding(tmp_path: Path) -> None:
    rows = "".join(f"{n},x,plain\n" for n in range(60_000))
    source = of_csv(tmp_path / "o", f"no,customer,item\n{rows}1,v,玻璃杯\n".encode("gb18030"))
    assert source.find("v")[0].items == (Item("玻璃杯"),)
    source.close()


def test_a_quote_that_is_never_closed_costs_what_it_swallows(tmp_path: Path) -> None:
    rows = "".join(f"{n},x,plain\n" for n in range(20_000))
    source = of_csv(tmp_path / "o", f'no,customer,item\n1,v,a\n2,v,"a\n{rows}3,v,a\n')
    assert {order.no for order in source.find("v")} >= {"1"}
    source.close()


def test_a_file_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = of_csv(tmp_path / "o", "no,customer\n1,v\n" * 9)
    monkeypatch.setattr(file, "MOST_ROWS", 5)
    assert "rows" in str(broken(source).title)
    source.close()
    monkeypatch.setattr(file, "MOST_BYTES", 9)
    source = of_csv(tmp_path / "o", "no,customer\n1,v\n" * 9)
    assert "MB" in str(broken(source).title)
    source.close()


def test_a_damaged_database(tmp_path: Path) -> None:
    rows = "".join(f"{n},v{n}\n" for n in range(5_000))
    source = of_sqlite(tmp_path / "o", f"no,customer\n{rows}")
    raw = bytearray((tmp_path / "o").read_bytes())
    raw[4096:] = b"\x55" * (len(raw) - 4096)
    (tmp_path / "o").write_bytes(raw)
    assert broken(source).code == "unreadable"
    source.close()


def test_a_table_without_index_has_only_so_much_time(tmp_path: Path) -> None:
    rows = "".join(f"{n},x\n" for n in range(3_000))
    source = of_sqlite(tmp_path / "o", f"no,customer\n{rows}", index=False)
    with sqlite3.connect(tmp_path / "o") as db:
        db.execute("ALTER TABLE orders RENAME TO line")
        db.execute(
            "CREATE VIEW orders AS SELECT a.no, c.customer"
            " FROM line a CROSS JOIN line b CROSS JOIN line c"
        )
    db.close()
    started = time.monotonic()
    slow = opened(f"sqlite:{tmp_path / 'o'}", timeout=0.3)
    assert broken(slow).code == "timeout"
    assert time.monotonic() - started < 20  # all of it would take a day
    for each in (source, slow):
        each.close()


def test_the_database_is_never_written(tmp_path: Path) -> None:
    source = of_sqlite(tmp_path / "o", "no,customer\n1,v\n")
    source.find("v")
    assert isinstance(source, file.SqliteSource) and source._db is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        source._db.execute("DELETE FROM orders")
    source.close()


# --- files that change ---------------------------------------------------------------------------


def test_a_new_file_is_read_anew(make: Any, tmp_path: Path) -> None:
    source = make("no,customer\n1,v\n")
    assert len(source.find("v")) == 1
    fresh = tmp_path / "fresh"
    kind = "csv" if isinstance(source, file.CsvSource) else "sqlite"
    MAKERS[kind](fresh, "no,customer\n1,v\n2,v\n").close()  # type: ignore[operator]
    fresh.replace(tmp_path / "orders")
    assert len(source.find("v")) == 2


def test_a_csv_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "o"
    source = of_csv(path, "no,customer\n1,v\n")
    assert len(source.find("v")) == 1
    path.write_text("no,cust")
    assert len(source.find("v")) == 1
    os.utime(path, (1e9, 1e9))
    assert broken(source).code == "unreadable"
    source.close()


def test_a_broken_csv_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    index = file.CsvSource._index

    def counted(self: file.CsvSource) -> sqlite3.Connection:
        reads.append(self.path)
        return index(self)

    monkeypatch.setattr(file.CsvSource, "_index", counted)
    source = of_csv(tmp_path / "o", "Bestellung,customer\n1,v\n")
    first, again = broken(source), broken(source)
    assert (first.code, str(first)) == (again.code, str(again)) and len(reads) == 1
    of_csv(tmp_path / "o", "no,customer\n1,v\n").close()  # another size: it is looked at again
    assert len(source.find("v")) == 1 and len(reads) == 2
    source.close()


def test_a_disk_that_refuses_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = of_csv(tmp_path / "o", "no,customer\n1,v\n")
    with monkeypatch.context() as patch:
        patch.setattr(file.CsvSource, "_encoding", lambda self: (self.path / "x").read_text())
        assert broken(source).code == "unreadable"
    assert len(source.find("v")) == 1
    source.close()


def test_who_comes_while_it_is_read_the_first_time(tmp_path: Path) -> None:
    source = of_csv(tmp_path / "o", "no,customer\n1,v\n", timeout=0.1)
    assert isinstance(source, file.CsvSource)
    with source._reading:
        assert broken(source).code == "timeout"
    assert len(source.find("v")) == 1
    source.close()


def test_many_ask_at_once(make: Any) -> None:
    rows = "".join(f"n{n},v{n % 50}\n" for n in range(20_000))
    source = make(f"no,customer\n{rows}", timeout=20)
    found: list[int] = []

    def ask(number: int) -> None:
        found.extend(len(source.find(f"v{(number + step) % 50}")) for step in range(20))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [20] * 160


def test_a_hundred_thousand_are_indexed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"22310{n:07},138{n // 3:08},2026-11-18 21:17,{n}\n" for n in range(100_000))
    source = of_csv(tmp_path / "o", f"no,customer,placed_at,amount\n{rows}", timeout=30)
    assert len(source.find("13800000007")) == 3
    monkeypatch.setattr(file.CsvSource, "_index", None)  # once is enough
    for number in range(200):
        assert len(source.find(f"138{number * 100:08}")) == 3
    assert isinstance(source, file.CsvSource) and source._db is not None
    plan = source._db.execute("EXPLAIN QUERY PLAN SELECT body FROM line WHERE key = 'v'").fetchall()
    assert "line_key" in str(plan)
    source.close()


# --- settings and words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'source = "orders.csv"',
        'source = "csv:"',
        'by = ["nickname"]',
        "by = []",
        'columns = {number = "x"}',
        "timeout = 0",
    ],
)
def test_settings_that_cannot_be_meant(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f"[orders]\n{text}\n")
    with pytest.raises(ConfigError, match="orders"):
        config.load(tmp_path / "config.toml")


def test_a_file_lies_in_the_data_folder(tmp_path: Path) -> None:
    assert Orders(source="csv:a.csv").rooted(tmp_path).source == f"csv:{tmp_path}/a.csv"
    assert Orders(source="csv:/a.csv").rooted(tmp_path).source == "csv:/a.csv"
    assert Orders().rooted(tmp_path).source == "" and open_source(Orders()) is None


def test_by_what_a_customer_is_known() -> None:
    who = Who("v1", "shop-7", "a@b", "王女士", "web")
    assert [who.key(by) for by in ("id", "external", "contact", "name")] == [
        "v1",
        "shop-7",
        "a@b",
        "web/王女士",
    ]
    assert [Who("v1").key(by) for by in ("external", "contact", "name")] == [""] * 3


TODAY = "2026-11-23"


def test_a_sentence_for_the_customer() -> None:
    parcel = Order(
        *("2231", 0, "shipped", (Item("杯", 2), Item("盘"), Item("碗")), "58.00", "CNY"),
        *("中通", "7312", "2026-11-24"),
    )
    zh = "订单 2231，杯 x2、盘等，¥58.00，运输中（中通 7312），预计 2026-11-24 送达。"
    en = "Order 2231, 杯 x2, 盘…, ¥58.00, on its way (中通 7312), expected 2026-11-24."
    assert (words.sentence(parcel, "zh", TODAY), words.sentence(parcel, "en", TODAY)) == (zh, en)
    assert words.sentence(Order("7"), "zh", TODAY) == "订单 7。"
    assert words.sentence(Order("7", state="ODD", amount="3.00", currency="SEK"), "en", TODAY) == (
        "Order 7, 3.00 SEK, ODD."
    )


def test_a_day_that_is_over_is_no_promise() -> None:
    late = Order("7", state="shipped", eta="2026-11-22")
    assert words.sentence(late, "zh", TODAY) == "订单 7，运输中，原定 2026-11-22 送达。"
    assert words.sentence(late, "en", TODAY) == "Order 7, on its way, was expected 2026-11-22."
    assert words.eta(late, "zh", TODAY) == "2026-11-22（已过）"
    assert words.eta(late, "en", "2026-11-22") == "2026-11-22"
    assert not words.is_late(Order("7", state="delivered", eta="2026-11-22"), TODAY)
    assert not words.is_late(Order("7", state="shipped", eta="周三前"), TODAY)

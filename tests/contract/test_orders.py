"""GET /v1/conversations/{id}/orders: of customers in scope, and whatever becomes of the source."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from agent_tui.domain import events as e
from agent_tui.domain.model import Conversation
from agent_tui.orders.model import OrdersAnswer, Who
from agent_tui.server import orders_api, schema
from agent_tui.server.orders_api import Book
from tests import factories as f
from tests.databases import of_engine
from tests.driver import Serving, check_log, conversation_of, make_folder, until

CONFIG = """\
[orders]
source = "csv:books/orders.csv"
by = ["external", "id"]
keep_seconds = 0.0
timeout = 20.0
[limits]
orders = "1000/minute"
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Serving]:
    """A server with the shop's books as a CSV in its data folder."""
    with of_engine(engine) as url:
        root = tmp_path_factory.mktemp("data")
        (root / "books").mkdir()
        found = Serving(make_folder(root, CONFIG, url)).start()
        yield found
        found.stop()
        check_log(found)
        found.close()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that failed is asked again at once."""
    monkeypatch.setattr(orders_api, "REST_SECONDS", 0.0)


def write(serving: Serving, *rows: str) -> None:
    """The shop writes its books, as if long ago."""
    path = serving.folder.root / "books" / "orders.csv"
    path.write_text("\n".join(("no,customer,placed_at,item,amount", *rows, "")), "utf-8")
    write.at += 1.0  # type: ignore[attr-defined]
    os.utime(path, (write.at, write.at))  # type: ignore[attr-defined]


write.at = 1e9  # type: ignore[attr-defined]


def chat(serving: Serving, inbox: str = "web") -> Conversation:
    visitor = serving.visitor(inbox)
    visitor.say("我的杯子碎了")
    return serving.state(conversation_of(serving, visitor))


def path(key: str) -> str:
    return f"/v1/conversations/{key}/orders"


def test_orders_of_a_customer_in_scope(serving: Serving) -> None:
    state = chat(serving)
    who = state.customer.id
    late, early = f"2231,{who},2026-11-18,玻璃杯,58", f"2230,{who},2026-11-17,玻璃杯,58"
    write(serving, late, early, "9,somebody,,x,1")
    answer = serving.agent().ok("GET", path(state.id))
    assert [order["no"] for order in answer["orders"]] == ["2231", "2230"]
    assert answer["orders"][0]["items"] == [{"name": "玻璃杯"}]
    assert answer["customer"] == state.customer.id and answer["at"] > 0
    assert "failing_since" not in answer and "off" not in answer


def test_by_the_number_that_the_channel_tells(serving: Serving) -> None:
    state = chat(serving)
    row = {"inbox": "web", "external": f"shop-{state.id}", "customer": state.customer.id}
    with serving.database.engine.begin() as connection:
        connection.execute(insert(schema.identity), row)
    write(serving, f"1,{state.customer.id},,a,1", f"2,shop-{state.id},,b,1")
    (order,) = serving.agent().ok("GET", path(state.id))["orders"]
    assert order["no"] == "2", "the first way that finds any"


@pytest.mark.parametrize("person", ["lo", "kid"])
def test_others_see_nothing_of_it(serving: Serving, person: str) -> None:
    state = chat(serving)
    write(serving, f"2231,{state.customer.id},,玻璃杯,58")
    answer = serving.agent(person).call("GET", path(state.id))
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.body == serving.agent(person).call("GET", path("nothing")).body


def test_what_leaves_the_scope_takes_its_orders_along(serving: Serving) -> None:
    state = chat(serving, "parcels")
    write(serving, f"2231,{state.customer.id},,玻璃杯,58")
    bo = serving.agent("bo")
    assert len(bo.ok("GET", path(state.id))["orders"]) == 1
    serving.change(e.AgentSaved(f.agent("bo", "Bo", teams=("after-sales",))))
    until(lambda: bo.call("GET", path(state.id)).status == 404)


def test_only_for_agents(serving: Serving) -> None:
    state = chat(serving)
    headers = {"Authorization": "Bearer wrong"}
    assert serving.agent().call("GET", path(state.id), headers=headers).status == 401
    assert serving.visitor().call("GET", path(state.id)).status == 401


@pytest.mark.parametrize("key", ["%00", "c' OR 1=1", "..%2f..", "x" * 3_000])
def test_odd_ids(serving: Serving, key: str) -> None:
    assert serving.agent().call("GET", path(key)).status == 404


def test_a_source_that_is_gone_and_comes_back(serving: Serving) -> None:
    state = chat(serving)
    anna = serving.agent()
    write(serving, f"2231,{state.customer.id},,玻璃杯,58")
    known = anna.ok("GET", path(state.id))
    (serving.folder.root / "books" / "orders.csv").unlink()
    gone = anna.ok("GET", path(state.id))
    assert (gone["orders"], gone["at"]) == (known["orders"], known["at"]), "the last known"
    assert gone["trouble"] == "missing" and gone["failing_since"] >= known["at"]
    assert anna.ok("GET", path(state.id))["failing_since"] == gone["failing_since"]
    stranger = anna.ok("GET", path(chat(serving).id))
    assert stranger["trouble"] == "missing" and "orders" not in stranger
    write(serving, f"2232,{state.customer.id},,玻璃杯,58")
    back = anna.ok("GET", path(state.id))
    assert back["orders"][0]["no"] == "2232" and "failing_since" not in back


def test_a_slow_source_disturbs_no_chat(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks waits; everybody who asks the same waits for one question; the rest goes on."""
    state = chat(serving)
    asked: list[str] = []
    go_on = threading.Event()
    find = Book._find

    def slow(self: Book, who: Who) -> OrdersAnswer:
        asked.append(who.id)
        assert go_on.wait(20)
        return find(self, who)

    write(serving, f"2231,{state.customer.id},,玻璃杯,58")
    monkeypatch.setattr(Book, "_find", slow)
    answers: list[int] = []
    people = [serving.agent() for _ in range(12)]
    asking = [
        threading.Thread(
            target=lambda each=each: answers.append(len(each.ok("GET", path(state.id))["orders"]))
        )
        for each in people
    ]
    for thread in asking:
        thread.start()
    until(lambda: asked)
    chat(serving)
    assert serving.agent().ok("GET", "/v1/session")["agent"]["id"] == "anna"
    assert answers == []
    go_on.set()
    for thread in asking:
        thread.join(20)
    assert answers == [1] * 12
    assert len(asked) < 12


def test_no_source_and_too_many_questions(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("data")
    found = Serving(make_folder(root, '[limits]\norders = "3/minute"\n')).start()
    try:
        state = chat(found)
        anna = found.agent()
        for _ in range(3):
            assert anna.ok("GET", path(state.id))["off"] is True
        refused = anna.call("GET", path(state.id))
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert found.agent("bo").call("GET", path(state.id)).status == 200
    finally:
        found.close()


def test_an_impossible_source_is_told_at_the_start(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    config = '[orders]\nsource = "https://shop.example/no-place"\n'
    folder = make_folder(tmp_path_factory.mktemp("data"), config)
    serving = Serving(folder)
    with pytest.raises(Exception, match=r"orders\.source"):
        serving.start()
    serving.close()

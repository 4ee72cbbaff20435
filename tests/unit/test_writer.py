"""Group commit: one transaction for many jobs, in which one bad job spoils no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, text, update

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ClientId, ConversationId, CustomerId
from agent_tui.domain.model import Agent
from agent_tui.domain.protocol import (
    CommandsAnswer,
    CommandsRequest,
    RawCommandsRequest,
    order_hash,
)
from agent_tui.errors import ServerError, UsageError
from agent_tui.server import results, schema
from agent_tui.server.commands import Conflict, SubmitOrders
from agent_tui.server.database import Database
from agent_tui.server.inbound import Received, SaveCustomer, TakeInbound
from agent_tui.server.log import LogRow
from agent_tui.server.unit import Needs, Unit
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Job, Writer
from tests import factories as f
from tests.driver import Serving, check_log, make_folder

V1 = CustomerId("v1")


class Shop:
    """A database with one customer, and a writer whose batches the test makes."""

    def __init__(self, root: Path) -> None:
        self.serving = Serving(make_folder(root))
        self.database: Database = self.serving.database
        self.now = f.NOW
        self.published: list[LogRow] = []
        self.writer = Writer(
            self.database, lambda rows: self.published.extend(rows), lambda: self.now
        )
        self.commit(SaveCustomer(f.customer()))

    def commit(self, *jobs: Job) -> list[Any]:
        """One batch."""
        return self.writer._commit(list(jobs))

    def writes(self, id: str, words: str = "你好") -> TakeInbound:
        """A customer's message."""
        return TakeInbound(f.WEB, V1, f"v1/{id}", words)

    def orders(
        self,
        *orders: c.Order,
        client: str = "k1",
        account: Agent = f.agent(),  # noqa: B008
    ) -> SubmitOrders:
        """A request of an agent's machine."""
        return SubmitOrders(account, CommandsRequest(ClientId(client), f.NOW, tuple(orders)))

    def open(self) -> ConversationId:
        """The customer's conversation."""
        (received,) = self.commit(self.writes("first"))
        assert isinstance(received, Received)
        return received.conversation


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path)
    yield found
    check_log(found.serving)
    found.serving.close()


class Poison:
    """A job whose rows no database takes."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def needs(self) -> Needs:
        return Needs()

    def run(self, unit: Unit) -> None:
        unit.record(e.TeamSaved(f.team("poison")), by="system")
        unit.writes.extend((insert(schema.timer), row) for row in self._rows)

    def answer(self, unit: Unit) -> str:
        return "taken"


ROW = {"conversation": "c", "kind": "x", "generation": 1, "due": 1}


def test_one_batch_is_one_stretch_of_the_log(shop: Shop) -> None:
    before = len(shop.published)
    answers = shop.commit(*(shop.writes(f"m{n}", f"第 {n} 句") for n in range(5)))
    assert len({answer.conversation for answer in answers}) == 1
    seqs = [answer.seq for answer in answers]
    fresh = shop.published[before:]
    assert [row.seq for row in fresh] == list(range(fresh[0].seq, fresh[0].seq + 6))
    assert seqs == [row.seq for row in fresh if row.kind == "customer_wrote"]


def test_the_same_message_twice_in_one_batch(shop: Shop) -> None:
    one, two, three = shop.commit(shop.writes("a"), shop.writes("a"), shop.writes("b"))
    assert one == two != three
    (again,) = shop.commit(shop.writes("a"))
    assert again == one


def test_one_bad_job_spoils_no_other(shop: Shop) -> None:
    key = shop.open()
    gap = shop.orders(f.order(c.Tag("a"), 1, key), f.order(c.Tag("b"), 3, key), client="k-gap")
    good = shop.orders(f.order(c.Tag("c"), 1, key))
    first, second, third, fourth = shop.commit(
        shop.writes("a"), gap, good, TakeInbound(f.WEB, CustomerId("nobody"), "x", "hi")
    )
    assert isinstance(first, Received)
    assert isinstance(second, Conflict) and second.code == "gap"
    assert isinstance(third, CommandsAnswer) and third.last == 1
    assert isinstance(fourth, KeyError)
    assert shop.serving.state(key).tags == ("c",)
    # The number of the refused request was not used.
    (after,) = shop.commit(shop.orders(f.order(c.Tag("d"), 1, key), client="k-gap"))
    assert after.last == 1


@pytest.mark.parametrize(
    "rows",
    [
        [ROW, ROW],  # a key twice
        [ROW | {"due": 2**70}],  # no database holds it
        [ROW | {"conversation": "\ud800"}],
        [{"conversation": "c"}],
    ],
)
def test_what_the_database_refuses_fails_alone_and_is_not_repeated(
    shop: Shop, rows: list[dict[str, Any]]
) -> None:
    key = shop.open()
    tag = shop.orders(f.order(c.Tag("a"), 1, key), f.order(c.Claim(), 2, key))
    first, bad, second = shop.commit(tag, Poison(rows), shop.writes("a"))
    assert [result.number for result in first.results] == [1, 2]
    assert isinstance(second, Received)
    assert isinstance(bad, Exception) and not isinstance(bad, AssertionError)
    if isinstance(bad, ServerError):  # no statement and no values in what callers get to read
        assert "INSERT" not in str(bad.title)
    assert not any(row.kind == "team_saved" and b"poison" in row.body for row in shop.serving.log())
    # A job on its own that fails leaves the writer as it was.
    (alone,) = shop.commit(Poison(rows))
    assert isinstance(alone, Exception)
    assert isinstance(shop.commit(shop.writes("b"))[0], Received)


def test_a_full_disk_is_told_to_all_and_nothing_is_half_done(shop: Shop) -> None:
    key = shop.open()
    before = len(shop.serving.log())
    with shop.database.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    big = [shop.writes(f"big{n}", "满" * 50_000) for n in range(3)]
    answers = shop.commit(*big)
    assert all(isinstance(answer, ServerError) for answer in answers)
    assert len(shop.serving.log()) == before
    with shop.database.engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    assert isinstance(shop.commit(*big)[0], Received)
    assert len(shop.serving.messages(key)) == 4


def test_two_requests_of_one_client_in_one_batch(shop: Shop) -> None:
    key = shop.open()
    orders = [f.order(c.Tag(str(n)), n, key) for n in range(1, 5)]
    answers = shop.commit(
        shop.orders(*orders[:2]),
        shop.orders(*orders[2:]),
        shop.orders(*orders),  # the same again, before anything was written
        shop.orders(f.order(c.Tag("x"), 2, key)),
    )
    assert [answer.last for answer in answers[:3]] == [2, 4, 4]
    assert isinstance(answers[3], Conflict) and answers[3].code == "reused"
    assert shop.serving.state(key).tags == ("1", "2", "3", "4")


def test_times_never_decrease(shop: Shop) -> None:
    shop.open()
    shop.now -= f.DAY
    (received,) = shop.commit(shop.writes("later"))
    assert received.at == shop.published[-2].at
    shop.now += 2 * f.DAY
    (received,) = shop.commit(shop.writes("tomorrow"))
    assert received.at == shop.now


def test_an_account_that_changes_counts_at_once(shop: Shop) -> None:
    """For what stands behind it in the same batch, too."""
    key = shop.open()
    before = shop.orders(f.order(c.Tag("a"), 1, key))
    closed = ChangeWorkspace([e.AgentSaved(f.agent(disabled=True))])
    behind = shop.orders(f.order(c.Tag("b"), 2, key))
    first, _, second = shop.commit(before, closed, behind)
    assert first.results[0].outcome == "applied"
    assert (second.results[0].outcome, second.results[0].reason) == ("refused", "not_allowed")
    (after,) = shop.commit(shop.orders(f.order(c.Tag("c"), 3, key)))
    assert (after.results[0].outcome, after.results[0].reason) == ("refused", "not_allowed")


# --- how long a request was on its way -----------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "outcomes"),
    [(-60, ["applied"]), (1, ["applied"]), (9, ["held"]), (11, []), (None, ["applied"])],
)
def test_the_way_counts_as_age_and_too_long_a_one_decides_nothing(
    shop: Shop, minutes: int | None, outcomes: list[str]
) -> None:
    """The reply is two minutes old when it is sent. Older programs do not reckon."""
    order = f.order(f.reply("m1"), 1, shop.open(), queued_at=f.NOW - 2 * f.MINUTE)
    reckoned = None if minutes is None else f.NOW - minutes * f.MINUTE
    request = CommandsRequest(ClientId("k1"), f.NOW, (order,), 0, reckoned)
    (answer,) = shop.commit(SubmitOrders(f.agent(), request))
    assert [each.outcome for each in answer.results] == outcomes
    assert (answer.last, answer.now) == (len(outcomes), shop.now)
    again = msgspec.structs.replace(request, reckoned=answer.now)
    (answer,) = shop.commit(SubmitOrders(f.agent(), again))
    assert [each.outcome for each in answer.results] == (outcomes or ["applied"])
    # Of a number that is known, even the slowest copy is told what became of it.
    slow = msgspec.structs.replace(request, reckoned=0)
    assert shop.commit(SubmitOrders(f.agent(), slow)) == [answer]


# --- what one side of an upgrade knows and the other does not ------------------------------------


def raw(shop: Shop, *orders: object, acked: int = 0) -> SubmitOrders:
    """A request as it may come from a program of another version."""
    raws = tuple(msgspec.Raw(msgspec.json.encode(each)) for each in orders)
    return SubmitOrders(f.agent(), RawCommandsRequest(ClientId("k1"), f.NOW, raws, acked))


def of_the_future(number: int, key: str, **command: object) -> dict[str, object]:
    return {
        "number": number,
        "conversation": key,
        "queued_at": f.NOW,
        "command": {"do": "beam", **command},
    }


@pytest.mark.parametrize(
    "command", [{"do": "beam"}, {"do": "set_status", "status": "frozen"}, {"do": "tag", "tag": 5}]
)
def test_what_is_not_understood_is_refused_and_blocks_nothing(
    shop: Shop, command: dict[str, object]
) -> None:
    key = shop.open()
    strange = of_the_future(1, key) | {"command": command}
    (answer,) = shop.commit(raw(shop, strange, f.order(c.Tag("danach"), 2, key)))
    assert [(r.outcome, r.reason) for r in answer.results] == [
        ("refused", "not_understood"),
        ("applied", ""),
    ]
    assert shop.serving.state(key).tags == ("danach",)
    (again,) = shop.commit(raw(shop, strange))
    assert again.results == answer.results[:1]
    (reused,) = shop.commit(raw(shop, of_the_future(1, key, other=1)))
    assert isinstance(reused, Conflict) and reused.code == "reused"


def test_an_order_without_a_number_is_nobodys(shop: Shop) -> None:
    with pytest.raises(msgspec.ValidationError):
        raw(shop, {"conversation": "c1", "queued_at": 1, "command": {"do": "claim"}})


def test_nesting_without_end_is_a_bad_request(shop: Shop) -> None:
    deep = b'{"number":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    request = RawCommandsRequest(ClientId("k1"), f.NOW, (msgspec.Raw(deep),))
    with pytest.raises(UsageError):
        SubmitOrders(f.agent(), request)


def test_the_server_may_learn_the_command_before_it_is_asked_again(shop: Shop) -> None:
    """Its answer was lost, and it was upgraded meanwhile: still the same command."""
    key = shop.open()
    order = f.order(c.Tag("neu"), 1, key)
    (first,) = shop.commit(raw(shop, order))
    (again,) = shop.commit(shop.orders(order))
    assert again.results == first.results


def test_the_digest_of_an_older_program_is_known(shop: Shop) -> None:
    key = shop.open()
    order = f.order(c.Tag("alt"), 1, key)
    shop.commit(shop.orders(order))
    with shop.database.write() as connection:
        connection.execute(update(schema.result).values(hash=order_hash(order)))
    (again,) = shop.commit(shop.orders(order))
    assert [r.outcome for r in again.results] == ["applied"]


# --- what was acknowledged -----------------------------------------------------------------------


@pytest.mark.parametrize(("acked", "lost"), [(0, False), (2, False), (3, True)])
def test_a_server_that_knows_less_than_it_acknowledged_says_so(
    shop: Shop, acked: int, lost: bool
) -> None:
    key = shop.open()
    shop.commit(shop.orders(*(f.order(c.Tag(str(n)), n, key) for n in (1, 2))))
    for orders in ((), (f.order(c.Tag("3"), 3, key),)):
        (answer,) = shop.commit(raw(shop, *orders, acked=acked))
        assert (isinstance(answer, Conflict) and answer.code == "lost") == lost
        assert lost or answer.last == 2 + len(orders)


def test_a_server_that_never_heard_of_the_client_lost_it_too(shop: Shop) -> None:
    (answer,) = shop.commit(raw(shop, acked=1))
    assert isinstance(answer, Conflict) and answer.code == "lost"


def test_results_are_not_kept_for_ever(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "KEPT", 20)
    monkeypatch.setattr(results, "FORGET_EVERY", 10)
    key = shop.open()
    for n in range(1, 48):
        shop.commit(shop.orders(f.order(c.Tag(str(n)), n, key)))
    with shop.serving.database.read() as connection:
        known = connection.execute(select(schema.result.c.number)).scalars().all()
        assert results.done(connection, ClientId("k1"), 10**9) == 47
    assert sorted(known) == list(range(21, 48))


def test_an_answer_comes_after_the_commit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    key = shop.open()
    seen: list[int] = []
    real = SubmitOrders.answer

    def answer(self: SubmitOrders, unit: Unit) -> CommandsAnswer:
        seen.append(len(shop.serving.state(key).tags))
        return real(self, unit)

    monkeypatch.setattr(SubmitOrders, "answer", answer)
    shop.commit(shop.orders(f.order(c.Tag("a"), 1, key)))
    assert seen == [1]


def test_merging_within_one_batch_reaches_what_is_written_in_it(shop: Shop) -> None:
    key = shop.open()
    shop.commit(SaveCustomer(f.customer("v2", name="小王")))
    other = TakeInbound(f.WEB, CustomerId("v2"), "v2/1", "还是我")
    merge = shop.orders(f.order(c.MergeCustomer(CustomerId("v2")), 1, key))
    received, _, later = shop.commit(other, merge, shop.writes("danach"))
    assert shop.serving.state(key).customer.name == "小王"
    assert shop.serving.state(received.conversation).customer.name == "小王"
    assert later.conversation == key

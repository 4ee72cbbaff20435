"""Phone notes at the server: taken once, a number is one customer, and noted offline too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from agent_tui.desk import tray
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, InboxId, TeamId
from agent_tui.domain.model import Status
from agent_tui.domain.outcome import Reason, Rejected
from agent_tui.server import audit, schema
from agent_tui.server.run import Listen
from tests import factories as f
from tests.databases import ENGINES, of_engine
from tests.driver import Http, Serving, check_log, make_folder, new_id
from tests.flow.workstation import Workstation
from tests.unit.test_calls import PHONE, call


@pytest.fixture(params=ENGINES)
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    """A server with a phone inbox; its log must be sound at the end."""
    with of_engine(str(request.param)) as url:
        made = Serving(make_folder(tmp_path / "data", "", url))
        made.change(e.InboxSaved(PHONE))
        made.start()
        yield made
        made.stop()
        check_log(made)
        assert audit.check(made.database).findings == ()
        made.close()


def phoned(text: str = "想退货", number: str = "13800138000", **more: str) -> c.NoteCall:
    return call(number, text, **({"message": new_id()} | more))


def people(serving: Serving) -> list[tuple[str, str]]:
    """(number, customer) as the inbox knows them."""
    table = schema.identity.c
    with serving.database.read() as connection:
        rows = connection.execute(select(table.external, table.customer).order_by(table.external))
        return [(number, customer) for number, customer in rows]


def test_the_first_call_and_the_next(serving: Serving) -> None:
    anna = serving.agent("anna")
    anna.applied("c100", phoned(name="王女士"))
    state = serving.state("c100")
    assert (state.assignee, state.channel, state.customer.name) == ("anna", "phone", "王女士")
    assert state.customer.contact == "13800138000"
    anna.applied("c100", phoned("还没收到"))
    anna.applied("c100", f.reply(new_id(), epoch=1, seen=2, text="已催仓库"))
    said = [(m.kind, m.text) for m in serving.messages("c100")]
    assert said == [("customer", "想退货"), ("customer", "还没收到"), ("reply", "已催仓库")]
    assert serving.state("c100").deliveries == ()
    counted = Http(serving.base).call("GET", "/metrics").body
    assert 'agent_tui_inbound_messages_total{channel="phone"}' in counted


def test_a_number_is_one_customer(serving: Serving) -> None:
    anna, bo = serving.agent("anna"), serving.agent("bo")
    anna.applied("c100", phoned(number="138 0013 8000"), c.SetStatus(Status.RESOLVED))
    bo.applied("c200", phoned(number="138-0013-8000", name="别名"))
    bo.applied("c300", phoned(number="400123456"))
    one, two, three = (serving.state(key) for key in ("c100", "c200", "c300"))
    assert one.customer == two.customer != three.customer
    assert [number for number, _ in people(serving)] == ["13800138000", "400123456"]


def test_several_of_one_number_in_one_batch(serving: Serving) -> None:
    anna = serving.agent("anna")
    orders = [anna.order(f"c{n}", phoned()) for n in range(3)]
    assert anna.send(orders).status == 200
    assert len({serving.state(f"c{n}").customer.id for n in range(3)}) == 1
    assert len(people(serving)) == 1


def test_the_same_call_is_taken_once(serving: Serving) -> None:
    anna, bo = serving.agent("anna"), serving.agent("bo")
    same = phoned(message="p77")
    anna.applied("c100", same)
    anna.applied("c100", same)
    bo.applied("c100", same)
    bo.applied("c200", same)  # whatever else it is said to be in
    assert serving.state("c100").messages == 1
    assert ConversationId("c200") not in serving.states()


def test_a_merged_customer_calls_again(serving: Serving) -> None:
    anna = serving.agent("anna")
    anna.applied("c100", phoned())
    anna.applied("c300", phoned(number="400123456", name="李先生"))
    into = serving.state("c300").customer
    anna.applied("c100", c.MergeCustomer(into.id), c.SetStatus(Status.RESOLVED))
    anna.applied("c400", phoned())
    found = serving.state("c400")
    assert found.customer.id == into.id and found.visitor == serving.state("c100").visitor


def test_what_the_server_refuses(serving: Serving) -> None:
    anna, kid = serving.agent("anna"), serving.agent("kid")
    for client, command, reason in (
        (anna, phoned(inbox="web"), "unknown_inbox"),
        (anna, phoned(inbox="nowhere"), "unknown_inbox"),
        (anna, phoned(number="\x00"), "malformed"),
        (anna, phoned(team="nobody"), "unknown_team"),
        (anna, phoned("  "), "empty"),
        (kid, phoned(), "not_allowed"),
    ):
        [result] = client.do("c100", command)
        assert (result.outcome, result.reason) == ("refused", reason)
    assert serving.states() == {} and people(serving) == []
    visitor = serving.visitor()
    visitor.say("你好")
    [web] = serving.states()
    assert [r.reason for r in anna.do(web, phoned())] == ["unknown_inbox"]


def test_what_is_hostile_in_it_is_made_harmless(serving: Serving) -> None:
    anna = serving.agent("anna")
    anna.applied("c100", phoned("a\x1b]52;c;x\x07b", name="王\x1b[31m\n女士"))
    state = serving.state("c100")
    assert "\x1b" not in state.customer.name + serving.messages("c100")[0].text
    assert "\n" not in state.customer.name


def test_who_is_of_another_team_has_what_they_noted(serving: Serving) -> None:
    lo = serving.agent("lo")  # of logistics; the inbox is after-sales'
    since = lo.now()
    lo.applied("c100", phoned())
    entered = [r.body for r in lo.events(since) if isinstance(r.body, e.ConversationEntered)]
    assert [each.state.id for each in entered] == ["c100"]
    bo = serving.agent("bo")
    assert any(r.conversation == "c100" for r in bo.snapshot()[1])


def test_two_replicas_meet_a_number_at_once(tmp_path: Path) -> None:
    with of_engine("postgresql") as url:
        first = Serving(make_folder(tmp_path / "data", "", url))
        first.change(e.InboxSaved(PHONE))
        first.start()
        second = Serving(first.folder, Listen("127.0.0.1", 0)).start()
        try:
            for n in range(8):
                clients = [first.agent("anna"), second.agent("bo")]
                threads = [
                    threading.Thread(
                        target=lambda at=at, one=one, n=n: one.do(
                            f"c{n}{at}", phoned(number=f"1380000000{n}", message=f"p{n}{at}")
                        )
                    )
                    for at, one in enumerate(clients)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            assert len(first.states()) == 16 and len(people(first)) == 8
            for n in range(8):
                assert first.state(f"c{n}0").customer == first.state(f"c{n}1").customer
        finally:
            second.close()
            first.stop()
            check_log(first)
            first.close()


# --- at the desk, with and without a network -----------------------------------------------------


def test_noted_offline_it_opens_once_the_server_is_back(tmp_path: Path) -> None:
    serving = Serving(make_folder(tmp_path / "data"))
    serving.change(e.InboxSaved(PHONE))
    serving.start()
    anna = Workstation.of(serving, tmp_path / "profile").connect()
    try:
        anna.until(lambda desk: "phone" in desk.directory.inboxes())
        serving.stop()
        key, command = anna.desk.writing.call(InboxId("phone"), "138 0013 8000", "想退货")
        assert anna.desk.do(key, command) is None
        assert anna.desk.pending.unsent == 1 and anna.desk.conversation(key) is None
        refused = anna.desk.do(key, msgspec.structs.replace(command, number="x"))
        assert isinstance(refused, Rejected) and refused.reason is Reason.MALFORMED
        serving.start()
        anna.until(lambda desk: desk.conversation(key), 30)
        assert anna.desk.conversation(key).assignee == "anna"  # type: ignore[union-attr]
        # The next call of that number goes on there, and is seen at once.
        again, command = anna.desk.writing.call(InboxId("phone"), "13800138000", "还有")
        assert again == key
        assert anna.desk.do(again, command) is None
        assert [line.message.text for line in anna.desk.transcript(key)] == ["想退货", "还有"]
        anna.until(lambda desk: desk.pending.unsent == 0, 30)
        other, _ = anna.desk.writing.call(InboxId("phone"), "400123456", "x")
        assert other != key
    finally:
        anna.close()
        serving.close()


def test_a_refused_call_keeps_its_words_in_the_tray(tmp_path: Path) -> None:
    serving = Serving(make_folder(tmp_path / "data"))
    serving.change(e.InboxSaved(PHONE))
    serving.start()
    anna = Workstation.of(serving, tmp_path / "profile").connect()
    try:
        anna.until(lambda desk: "phone" in desk.directory.inboxes())
        key, command = anna.desk.writing.call(
            InboxId("phone"), "138 0013 8000", "想退货", team=TeamId("nobody")
        )
        assert anna.desk.do(key, command) is None
        anna.until(lambda desk: desk.tray.items, 20)
        [item] = anna.desk.tray.items
        assert (item.reason, item.text) == ("unknown_team", "想退货")
        assert anna.desk.conversation(key) is None
        # There is no such conversation: its words can be copied, sent again, or thrown away.
        assert anna.desk.tray.ways(item) == (tray.Way.SEND, tray.Way.COPY, tray.Way.DISCARD)
        assert anna.desk.tray.since(item) == [] and tray.words(item.order.command) == "想退货"
        assert tray.said(item.order.command) == ("想退货", True)
        serving.change(e.TeamSaved(f.team("nobody")))
        assert anna.desk.tray.resend(item) is None
        anna.until(lambda desk: desk.conversation(key) and not desk.tray.items, 20)
    finally:
        anna.close()
        serving.close()


def test_the_same_key_is_the_same_call(tmp_path: Path) -> None:
    serving = Serving(make_folder(tmp_path / "data"))
    serving.change(e.InboxSaved(PHONE))
    serving.start()
    anna = Workstation.of(serving, tmp_path / "profile").connect()
    try:
        writing = anna.desk.writing
        one = writing.call(InboxId("phone"), "13800138000", "x", once="call:1")
        two = writing.call(InboxId("phone"), "13800138000", "y", once="call:1")
        other = writing.call(InboxId("phone"), "13800138000", "y", once="call:2")
        assert one[0] == two[0] != other[0]
        assert one[1].message == two[1].message != other[1].message
    finally:
        anna.close()
        serving.close()

"""Phone notes: what an agent may note, and what follows from it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain import calls, sla
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.calendars import Calendar
from agent_tui.domain.context import Context
from agent_tui.domain.decide import decide
from agent_tui.domain.ids import AgentId, ConversationId, MessageId, TeamId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.model import Channel, Conversation, Role, Status
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Routing
from agent_tui.store.outbox import message_ids
from tests import factories as f

PHONE = f.inbox("phone", channel=Channel.PHONE, title_zh="热线", title_en="Hotline")
KEY = ConversationId("c9")


def call(number: str = "138 0013-8000", text: str = "想退货", **more: str) -> c.NoteCall:
    fields = {"message": "p1", "inbox": "phone"} | more
    return msgspec.convert({"do": "note_call", "number": number, "text": text} | fields, c.NoteCall)


def told(
    command: c.AgentCommand,
    state: Conversation | None = None,
    actor: str = "anna",
    key: str = KEY,
    **more: object,
) -> Outcome:
    context = f.context(actor=f.agent(actor, role=Role.TRAINEE if actor == "kid" else Role.AGENT))
    context = msgspec.structs.replace(context, inboxes={PHONE.id: PHONE, "web": f.inbox()}, **more)
    return decide(state, command, context, conversation=ConversationId(key))


def opened(*events: e.ConversationEvent) -> Conversation:
    found = told(call())
    assert isinstance(found, tuple)
    return f.folded(*found, *events, id=KEY)


def test_a_call_opens_a_conversation_of_its_authors() -> None:
    opening, wrote, claimed = told(call(name="王女士"))  # type: ignore[misc]
    assert isinstance(opening, e.ConversationOpened)
    assert (opening.channel, opening.inbox, opening.team) == ("phone", "phone", "after-sales")
    assert (opening.customer.name, opening.customer.contact) == ("王女士", "13800138000")
    assert wrote == e.CustomerWrote(MessageId("p1"), "想退货")
    assert claimed == e.Claimed(AgentId("anna"), 1)


def test_who_is_known_is_named_as_they_are() -> None:
    known, own = f.customer("v7", "老客户"), f.customer("v3")
    found = told(call(name="别名"), caller=known, visitor=own.id)
    assert isinstance(found, tuple) and isinstance(found[0], e.ConversationOpened)
    assert (found[0].customer, found[0].visitor) == (known, own.id)


def test_another_team_may_be_named() -> None:
    found = told(call(team="logistics"))
    assert isinstance(found, tuple) and isinstance(found[0], e.ConversationOpened)
    assert found[0].team == "logistics"
    refused = told(call(team="nobody"), teams={TeamId("logistics"): f.team("logistics")})
    assert refused == Rejected(Reason.UNKNOWN_TEAM, "nobody")


@pytest.mark.parametrize(
    ("command", "key", "reason"),
    [
        (call("12"), KEY, Reason.MALFORMED),
        (call("number five"), KEY, Reason.MALFORMED),
        (call(name="x" * 65), KEY, Reason.MALFORMED),
        (call(message="no id"), KEY, Reason.MALFORMED),
        (call(), "no id", Reason.MALFORMED),
        (call(text=" "), KEY, Reason.EMPTY),
        (call(text="x" * 100_001), KEY, Reason.TOO_LONG),
        (call(inbox="nowhere"), KEY, Reason.UNKNOWN_INBOX),
        (call(inbox="web"), KEY, Reason.UNKNOWN_INBOX),
    ],
)
def test_what_is_no_call(command: c.NoteCall, key: str, reason: Reason) -> None:
    refused = told(command, key=key)
    assert isinstance(refused, Rejected) and refused.reason is reason


def test_who_may_note_one() -> None:
    refused = told(call(), actor="kid")
    assert isinstance(refused, Rejected) and refused.reason is Reason.NOT_ALLOWED
    context = Context(actor=None, now=f.NOW, policy=Policy(), inboxes={PHONE.id: PHONE})
    assert isinstance(decide(None, call(), context, conversation=KEY), Rejected)


def test_they_call_again() -> None:
    state = opened()
    assert told(call(message="p2", text="还没收到"), state) == (
        e.CustomerWrote(MessageId("p2"), "还没收到"),
    )
    # Whoever has it keeps it; of nobody's, the author becomes the owner.
    assert told(call(message="p2"), state, "bo") == (e.CustomerWrote(MessageId("p2"), "想退货"),)
    left = opened(e.Released(epoch=2))
    found = told(call(message="p2"), left, "bo")
    assert isinstance(found, tuple) and found[-1] == e.Claimed(AgentId("bo"), 3)
    solved = opened(e.StatusSet(status=Status.RESOLVED))
    found = told(call(message="p2"), solved)
    assert isinstance(found, tuple) and found[0] == e.Reopened(was=Status.RESOLVED, fresh=True)


def test_it_goes_on_in_phone_conversations_only_and_in_no_batch() -> None:
    web = f.folded(f.opened(), f.wrote())
    refused = told(call(), web, key=web.id)
    assert isinstance(refused, Rejected) and refused.reason is Reason.UNKNOWN_INBOX
    batch = msgspec.json.encode({"do": "batch", "parts": [call(message="p2")]})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(batch, type=c.AgentCommand)


def test_a_reply_is_a_note_of_what_was_said() -> None:
    sent = told(f.reply("m2", epoch=1), opened())
    assert isinstance(sent, tuple) and isinstance(sent[-1], e.ReplySent) and not sent[-1].pushed


def test_what_was_said_is_noted_however_late() -> None:
    state = opened(e.CustomerWrote(MessageId("p2"), "还有"))
    late = f.reply("m2", epoch=1, seen=1)
    sent = told(late, state, age=f.DAY)
    assert isinstance(sent, tuple) and isinstance(sent[-1], e.ReplySent)
    answered = opened(e.Released(2), e.Claimed(AgentId("bo"), 3), f.replied("m2", author="bo"))
    answered = msgspec.structs.replace(answered, assignee=AgentId("anna"))
    held = told(f.reply("m3", epoch=3, seen=1), answered, age=f.DAY)
    assert held == Held(Reason.COLLEAGUE_ANSWERED, "bo")


def test_its_clocks_are_those_of_the_telephone() -> None:
    morning = Calendar(hours={"mon-sun": "09:00-10:00"})
    routing = Routing(hours={Channel.PHONE: "calls"}, calendars={"calls": morning})
    state, policy = opened(), Policy()
    due = sla.due(state, policy, Plan(routing))
    # It was four in the afternoon: the three minutes begin when the line opens.
    assert due is not None and due.deadline is sla.Deadline.FIRST_REPLY
    at = datetime.fromtimestamp(due.at / 1000, ZoneInfo("Asia/Shanghai"))
    assert f"{at:%m-%d %H:%M}" == "01-16 09:03"
    assert Plan(routing).load(state) == routing.phone_load
    answered = opened(f.replied("m2"))
    assert sla.due(answered, policy, Plan(routing)) is None


def test_a_call_is_not_undone() -> None:
    assert inverse(opened(), call(message="p2"), f.context()) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("138 0013 8000", "13800138000"),
        ("(010) 6555-1234", "01065551234"),
        ("+86 138.0013.8000", "+8613800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("\u200b400\u2013123\u2013456", "400123456"),
        ("12", ""),
        ("1" * 21, ""),
        ("++123", ""),
        ("123 ext 4", ""),
        ("", ""),
    ],
)
def test_a_number_as_people_write_it(text: str, number: str) -> None:
    assert calls.number_of(text) == number


@given(st.text(max_size=40))
def test_a_number_stays_what_it_is(text: str) -> None:
    found = calls.number_of(text)
    assert calls.number_of(found) == found
    assert not found or found.removeprefix("+").isascii()


def test_what_a_call_says_and_writes() -> None:
    """So its words come to the tray when it is refused, and it is found again after a restore."""
    assert c.text_of(call()) == "想退货" and c.parts_of(call()) == ()
    assert message_ids(c.Order(1, KEY, f.NOW, call())) == {"p1"}

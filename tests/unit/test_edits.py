"""Other words for what was sent: whose they must be, how they fold, and how they are undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent_tui.cli import documents
from agent_tui.desk.desk import Desk
from agent_tui.desk.drafts import note_key
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import MessagePlace
from agent_tui.domain.decide import decide
from agent_tui.domain.evolve import edited
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, MessageId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.model import Channel, Conversation, Message, MessageKind, Status
from agent_tui.domain.outcome import Outcome, Reason, Rejected
from agent_tui.store import replies
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.tui import format as fmt
from tests import factories as f

C1 = f.CONVERSATION
M2, N1 = MessageId("m2"), MessageId("n1")
ANSWERED = f.folded(f.opened(), f.wrote(), e.Claimed(AgentId("anna"), 1), f.replied())
REPLY = MessagePlace(C1, 2, "anna", MessageKind.REPLY, "今天发货")
NOTE = replace(REPLY, kind=MessageKind.NOTE, no=3)


def decided(
    state: Conversation, command: c.AgentCommand, place: MessagePlace | None = REPLY
) -> Outcome:
    """As the server decides, which looks the message up."""
    told = f.context(messages={M2: place})
    return decide(state, command, told, conversation=C1)


def edit(text: str = "明天发货", no: int = 2) -> c.EditMessage:
    return c.EditMessage(M2, no, text)


def test_an_edit_stands_where_the_message_does_and_says_nothing_new() -> None:
    changed_to = e.MessageEdited(M2, 2, "明天发货")
    assert decided(ANSWERED, edit(no=99)) == (changed_to,)
    after = f.folded(f.opened(), f.wrote(), e.Claimed(AgentId("anna"), 1), f.replied(), changed_to)
    changed = {
        name for name in after.__struct_fields__ if getattr(after, name) != getattr(ANSWERED, name)
    }
    assert changed == {"preview", "version"} and after.preview == "明天发货"


def test_only_an_edit_of_the_last_message_changes_the_preview() -> None:
    later = f.folded(f.opened(), f.wrote(), f.replied(), f.wrote("m3", "谢谢"))
    noted = e.NoteAdded(N1, "看", AgentId("anna"))
    for event in (e.MessageEdited(M2, 2, "改"), e.MessageEdited(N1, 4, "改")):
        state = f.folded(f.opened(), f.wrote(), f.replied(), f.wrote("m3", "谢谢"), noted, event)
        assert state.preview == later.preview == "谢谢"


@pytest.mark.parametrize(
    ("state", "place", "refused"),
    [
        (ANSWERED, None, Rejected(Reason.NO_SUCH_MESSAGE)),
        (
            ANSWERED,
            replace(REPLY, conversation=ConversationId("c2")),
            Rejected(Reason.NO_SUCH_MESSAGE),
        ),
        (ANSWERED, replace(REPLY, author="bo"), Rejected(Reason.NOT_AUTHOR, "bo")),
        (ANSWERED, replace(NOTE, author="bo"), Rejected(Reason.NOT_AUTHOR, "bo")),
        (
            ANSWERED,
            replace(REPLY, kind=MessageKind.CUSTOMER),
            Rejected(Reason.NOT_AUTHOR, "王女士"),
        ),
        (replace(ANSWERED, status=Status.RESOLVED), REPLY, Rejected(Reason.FINISHED)),
        *(
            (replace(ANSWERED, channel=channel), REPLY, Rejected(Reason.OUT_OF_REACH))
            for channel in Channel
            if channel is not Channel.WEB
        ),
    ],
)
def test_what_is_not_ones_own_or_out_of_reach_stays(
    state: Conversation, place: MessagePlace | None, refused: Rejected
) -> None:
    assert decided(state, edit(), place) == refused


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("status", [Status.OPEN, Status.RESOLVED])
def test_a_note_is_its_authors_at_any_time(channel: Channel, status: Status) -> None:
    state = replace(ANSWERED, channel=channel, status=status)
    assert decided(state, edit(), NOTE) == (e.MessageEdited(M2, 3, "明天发货"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天发货", ()),
        (" \n", Rejected(Reason.EMPTY)),
        ("长" * 100_001, Rejected(Reason.TOO_LONG, "100000")),
    ],
)
def test_the_words_themselves(text: str, expected: Outcome) -> None:
    assert decided(ANSWERED, edit(text)) == expected


def test_who_no_longer_sees_the_chat_edits_nothing() -> None:
    told = f.context(actor=f.agent(teams=()), messages={M2: NOTE})
    gone = replace(ANSWERED, assignee=AgentId("bo"))
    outcome = decide(gone, edit(), told, conversation=C1)
    assert outcome == Rejected(Reason.OUT_OF_SCOPE, "bo")


def test_a_batch_sees_its_own_edits() -> None:
    twice = c.Batch((edit("一"), edit("二"), edit("二")))
    outcome = decided(ANSWERED, twice)
    assert outcome == (e.MessageEdited(M2, 2, "一"), e.MessageEdited(M2, 2, "二"))
    gone = c.Batch((c.RemoveNote(M2, 3), edit()))
    assert decided(ANSWERED, gone, NOTE) == Rejected(Reason.NO_SUCH_MESSAGE)


def test_the_inverse_brings_the_words_of_before_back() -> None:
    told = f.context(messages={M2: REPLY})
    assert inverse(ANSWERED, edit(), told) == c.EditMessage(M2, 2, "今天发货")
    assert inverse(ANSWERED, edit("今天发货"), told) is None  # nothing to undo
    twice = inverse(ANSWERED, c.Batch((edit("一"), edit("二"))), told)
    assert twice == c.Batch((edit("一"), edit("今天发货")))
    assert inverse(ANSWERED, edit(), f.context()) is None  # the words of before are not known


def test_a_refused_edit_has_its_text() -> None:
    assert c.text_of(c.Batch((c.Tag("x"), edit()))) == "明天发货"


# --- on an agent's machine -----------------------------------------------------------------------


class House:
    """A desk, and the server that answers it."""

    def __init__(self, root: Path) -> None:
        self.cache, self.outbox = Cache(root / "cache.db"), Outbox(root / "outbox.db")
        self.desk = Desk(f.agent(), self.cache, self.outbox, lambda: f.NOW)
        self.seq = 0
        self.says(f.opened(), f.wrote(), e.Claimed(AgentId("anna"), 1), f.replied())

    def says(self, *bodies: e.FeedEvent, done: int = 0) -> None:
        for body in bodies:
            self.seq += 1
            of_chat = not isinstance(body, e.ClientEvent)
            record = f.recorded(body, self.seq, f.NOW, conversation="c1" if of_chat else None)
            changes = self.cache.apply([record], f"f:{self.seq}:x", done)
            settled = self.outbox.settle(done, self.cache.refusals(), f.NOW)
            self.desk.refresh(changes | Changes(outbox=settled))

    def message(self, at: int = -1) -> Message:
        return self.desk.transcript(C1)[at].message

    def shows(self) -> list[tuple[str, str, bool, bool]]:
        """(text, state, whether edited, whether that came home) of all but the customer's."""
        return [
            (m.text, line.state, bool(m.edited), bool(m.edited_seq))
            for line in self.desk.transcript(C1)
            if (m := line.message).kind is not MessageKind.CUSTOMER
        ]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.cache.close()
    found.outbox.close()


def test_an_edit_is_seen_at_once_and_keeps_the_messages_state(house: House) -> None:
    house.says(e.CustomerSaw(delivered=2, seen=2))
    assert house.desk.writing.edit(C1, house.message(), "明天发货") is None
    assert house.shows() == [("明天发货", "read", True, False)]
    (row,) = house.desk.queue.rows()
    assert row.preview == "明天发货"
    (order,) = house.outbox.pending()
    assert order.command == c.EditMessage(M2, 2, "明天发货")
    house.says(e.MessageEdited(M2, 2, "明天发货"), done=1)
    assert house.shows() == [("明天发货", "read", True, True)]


def test_the_command_line_tells_it(house: House) -> None:
    house.says(e.MessageEdited(M2, 2, "明天发货"))
    card = documents.conversation(house.desk, C1)
    assert [line.edited for line in card.messages] == [None, f.NOW]
    shown = documents.transcript(house.desk, card)
    assert "明天发货 （已修改）" in shown and shown.count("已修改") == 1


def test_an_old_line_that_a_colleague_edits_is_noticed(house: House) -> None:
    house.says(*(f.wrote(f"x{n}") for n in range(5)))
    house.desk.transcript(C1)
    house.says(e.MessageEdited(M2, 2, "一"))
    assert house.shows()[0][0] == "一"
    house.says(e.MessageEdited(M2, 2, "二"))  # at the same moment
    assert house.shows()[0][0] == "二"


def test_what_waits_itself_can_be_edited_and_undone(house: House) -> None:
    house.desk.writing.note(C1, "一")
    house.desk.writing.edit(C1, house.message(), "二")
    house.desk.writing.edit(C1, house.message(), "三")
    assert house.shows()[-1][:2] == ("三", "waiting")
    for text in ("二", "一"):
        house.desk.undo()
        assert house.shows()[-1][:2] == (text, "waiting")
    texts = [c.text_of(order.command) for order in house.outbox.pending()]
    assert texts == ["一", "二", "三", "二", "一"]
    house.desk.undo()
    assert len(house.shows()) == 1


def test_what_can_be_told_here_is_refused_here(house: House) -> None:
    desk = house.desk
    assert desk.writing.edit(C1, house.message(0), "x") == Rejected(Reason.NOT_AUTHOR, "王女士")
    house.says(e.StatusSet(Status.RESOLVED))
    assert desk.writing.edit(C1, house.message(), "x") == Rejected(Reason.FINISHED)
    assert house.outbox.pending() == []


@pytest.mark.parametrize(("note", "place"), [(False, C1), (True, note_key(C1))])
def test_a_refused_edit_lies_in_the_tray_and_leaves_it_as_a_draft_of_its_kind(
    house: House, note: bool, place: ConversationId
) -> None:
    if note:
        house.says(e.NoteAdded(N1, "看", AgentId("anna")))
    house.desk.writing.edit(C1, house.message(), "改好的话")
    refused = e.CommandRefused(ClientId(house.outbox.client), 1, "finished", False, C1)
    house.says(refused, done=1)
    assert house.shows()[-1][0] != "改好的话"
    (item,) = house.desk.tray.items
    assert item.text == "改好的话"
    assert house.desk.tray.to_draft(item) == place
    assert house.outbox.drafts.all()[place].text == "改好的话"


def test_ones_own_past_sentences_are_the_new_ones(house: House) -> None:
    house.says(e.MessageEdited(M2, 2, "明天发货"))
    (mine,) = replies.own(house.cache.path, AgentId("anna"), 10)
    assert mine.texts == ("明天发货",)


@pytest.mark.parametrize("flipped", [0, 1])
def test_a_cache_of_before_keeps_its_messages_and_its_damage(tmp_path: Path, flipped: int) -> None:
    from agent_tui.store import migrations, sqlite
    from agent_tui.store.checksum import checksum

    path = tmp_path / "old.db"
    db = sqlite.connect(path, synchronous="NORMAL")
    migrations.migrate(db, migrations.CACHE[:5], 0)
    values = ("c1", 1, "m1", f.NOW, "customer", "v1", "运费", 7, 0)
    db.execute(
        "INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?)", (*values, checksum(*values) ^ flipped)
    )
    db.close()
    cache = Cache(path)
    found = [(m.text, m.edited, m.edited_seq) for m in cache.messages(C1)]
    assert found == ([] if flipped else [("运费", 0, 0)])
    cache.close()


def test_a_message_says_when_it_was_edited() -> None:
    message = f.message(at=f.NOW)
    event = e.MessageEdited(message.id, 1, "改")
    assert fmt.edited(message) == ""
    assert fmt.edited(edited(message, event, f.NOW + f.MINUTE, 9)).startswith("已修改 ")
    assert fmt.edited(edited(message, event, f.NOW + f.MINUTE, 0)).startswith("修改待发 ")
    other_day = fmt.edited(edited(message, event, f.NOW + 2 * f.DAY, 9))
    assert len(other_day.split()) == 3

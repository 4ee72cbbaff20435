"""Neighbouring versions work together, and what one did not understand is made good later."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import PROTOCOL
from agent_tui.server import commands, endpoint
from agent_tui.store import cache
from agent_tui.sync import answers, engine
from agent_tui.sync.engine import Link
from tests.driver import Serving, chat, until
from tests.flow.workstation import Workstation

Make = Callable[..., Workstation]


def without(union: object, *kinds: type) -> object:
    """`union` as a program had it that does not know `kinds` yet."""
    found: object = None
    for member in get_args(union):
        if member not in kinds:
            found = member if found is None else found | member
    return found


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes workstations as old as before these kinds of events; nothing: up to date again."""

    def make(*kinds: type) -> None:
        recorded = msgspec.defstruct(
            "Recorded",
            [
                ("seq", int),
                ("at", int),
                ("by", str),
                ("body", without(e.FeedEvent, *kinds)),
                ("conversation", ConversationId | None, None),
            ],
        )
        decoder = msgspec.json.Decoder(recorded if kinds else e.Recorded)
        monkeypatch.setattr(answers, "_RECORDED", decoder)
        monkeypatch.setattr(cache, "shapes", lambda: f"without {kinds}")

    return make


def test_an_older_workstation_goes_on_and_catches_up_after_its_upgrade(
    serving: Serving, desk_of: Make, older: Callable[..., None]
) -> None:
    older(e.Tagged, e.NoteAdded)
    anna = desk_of().connect()
    visitor, key = chat(serving)
    _, quiet = chat(serving, "另一个")
    bo = serving.agent("bo")
    anna.until(lambda desk: len(desk.queue.rows()) == 2)
    bo.applied(key, c.Tag("退货"), c.AddNote("n1", "看一下"), c.RemoveNote("n1", 2))  # type: ignore[arg-type]
    visitor.say("在吗")
    anna.until(lambda desk: [text for text, _ in anna.shows(key)] == ["你好", "在吗"])
    assert anna.desk.conversations.not_understood == {key}
    state = anna.desk.conversation(key)
    assert state is not None and state.tags == ()
    # It works on: a reply in that very chat.
    anna.sends(key, "在的")
    anna.until(lambda desk: desk.pending.unsent == 0)
    assert visitor.texts() == ["你好", "在吗", "在的"]
    assert anna.desk.tray.items == []
    older()
    again = anna.again()
    assert again.desk.conversations.not_understood == {key}
    assert [text for text, _ in again.shows(key)] == ["你好", "在吗", "在的"]  # before any network
    again.connect()
    again.until(lambda desk: not desk.conversations.not_understood)
    for each in (key, quiet):
        assert again.desk.conversation(each) == serving.state(each)
    again.close()


def test_a_value_of_a_newer_server_is_passed_over_until_the_upgrade(
    serving: Serving, desk_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversation that cannot be read at all is told of, and does not stop the others."""
    _, odd = chat(serving)
    _, plain = chat(serving)
    serving.agent("bo").applied(odd, c.Claim())
    raw = answers._RECORDED

    class Picky:
        """Knows no conversation that has an owner."""

        def decode(self, line: bytes) -> e.Recorded:
            if b'"state":{' in bytes(line) and b'"assignee"' in bytes(line):
                raise msgspec.ValidationError("Invalid enum value")
            return raw.decode(line)

    with monkeypatch.context() as patch:
        patch.setattr(answers, "_RECORDED", Picky())
        patch.setattr(cache, "shapes", lambda: "picky")
        anna = desk_of().connect()
        anna.until(lambda desk: desk.queue.rows())
        assert [row.id for row in anna.desk.queue.rows()] == [plain]
        assert anna.desk.conversations.not_understood == {odd}
        serving.agent("bo").applied(odd, c.Tag("x"))
        anna.until(lambda desk: Link.ONLINE in anna.links)
    again = anna.again().connect()
    again.until(lambda desk: len(desk.queue.rows()) == 2)
    assert again.desk.conversations.not_understood == frozenset()
    again.close()


def test_without_a_change_of_shapes_nothing_is_fetched_again(
    serving: Serving, desk_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat(serving)
    anna = desk_of().connect()
    anna.until(lambda desk: desk.queue.rows())
    asked: list[str] = []
    from agent_tui.sync.http import HttpWire

    real = HttpWire.snapshot

    async def snapshot(self: HttpWire, client: object) -> object:
        asked.append(str(client))
        return await real(self, client)  # type: ignore[arg-type]

    monkeypatch.setattr(HttpWire, "snapshot", snapshot)
    again = anna.again().connect()
    again.until(lambda desk: again.links and again.links[-1] == Link.ONLINE)
    assert asked == []
    monkeypatch.setattr(cache, "shapes", lambda: "other")
    third = again.again().connect()
    third.until(lambda desk: asked)
    third.close()


def test_a_command_that_an_older_server_does_not_know_comes_back_with_its_text(
    serving: Serving, desk_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = msgspec.defstruct(
        "Order",
        [
            ("number", int),
            ("conversation", ConversationId),
            ("queued_at", int),
            ("command", without(c.AgentPart, c.AddNote)),
        ],
    )
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    with monkeypatch.context() as patch:
        patch.setattr(commands, "_ORDER", msgspec.json.Decoder(old))
        assert anna.desk.writing.note(key, "给同事的话") is None
        anna.sends(key, "给客户的话")
        (item,) = anna.until(lambda desk: desk.pending.unsent == 0 and desk.tray.items)
    assert (item.reason, item.text) == ("not_understood", "给同事的话")
    assert visitor.texts() == ["你好", "给客户的话"]
    # The server is upgraded: now it may be said.
    assert anna.desk.tray.resend(item) is None
    anna._link.ring()  # type: ignore[union-attr]
    until(lambda: [m.text for m in serving.messages(key)][-1] == "给同事的话")
    assert anna.desk.tray.items == []


def test_a_program_that_is_too_old_says_so_and_works_offline(
    serving: Serving, desk_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "OUTDATED_SECONDS", 0.1)
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    serving.stop()
    with monkeypatch.context() as patch:
        patch.setattr(endpoint, "PROTOCOL", PROTOCOL + 2)
        serving.start()
        anna.until(lambda desk: anna.links[-1] == Link.OUTDATED)
        anna.sends(key, "离线写的")
        assert anna.desk.pending.unsent == 1
        assert anna.shows(key)[-1] == ("离线写的", "waiting")
        assert visitor.texts() == ["你好"]
        patch.setattr(endpoint, "PROTOCOL", PROTOCOL + 1)  # one step is near enough
        anna.until(lambda desk: desk.pending.unsent == 0)
    assert visitor.texts() == ["你好", "离线写的"]
    anna.until(lambda desk: anna.links[-1] == Link.ONLINE)

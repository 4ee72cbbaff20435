"""What is read on is what one would read anew, whatever came in between."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent_tui.desk.overlay import Predicted
from agent_tui.desk.transcripts import KEPT, Transcripts
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Message, MessageKind
from agent_tui.store.cache import Cache, Changes
from tests.tui.driver import ME, World

CHAT = ConversationId("c1")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.chat("c1", "王女士", "你好", "在吗")
    world.feed([("c1", e.Claimed(agent=ME.id, epoch=1))])
    return world


def found(world: World) -> Predicted:
    state = world.cache.conversation(CHAT)
    assert state is not None
    return Predicted(state)


def happens(world: World, chance: random.Random, number: int) -> Changes:
    """Something that concerns the chat; once in a while it leaves and comes back."""
    key = MessageId(f"m{number}")
    state = found(world).state
    notes = [m for m in world.cache.messages(CHAT) if m.kind == "note" and not m.removed]
    what = chance.randrange(9)
    mine = [m for m in world.cache.messages(CHAT) if m.kind != "customer"]
    if what in (7, 8) and mine:
        line = chance.choice(mine)
        return world.feed([("c1", e.MessageEdited(line.id, line.no, f"改 {number}"))])
    if what == 0 and notes:
        note = chance.choice(notes)
        return world.feed([("c1", e.NoteRemoved(message=note.id, no=note.no))])
    if what == 1:
        return world.feed([("c1", e.NoteAdded(message=key, text=f"备注 {number}", author=ME.id))])
    if what == 2:
        seen = chance.randint(state.seen_no, state.messages)
        return world.feed([("c1", e.CustomerSaw(delivered=seen, seen=seen))])
    if what == 3:
        reply = e.ReplySent(
            message=key, text=f"回答 {number}", author=ME.id, epoch=1, sources=("article:a",)
        )
        return world.feed([("c1", reply)])
    if what == 4:
        before = tuple(world.cache.messages(CHAT))
        left = world.feed([("c1", e.ConversationLeft(CHAT))])
        came = Message(key, state.messages + 1, 9, MessageKind.CUSTOMER, "", f"不在时 {number}")
        state = replace(state, messages=came.no)
        entered = e.ConversationEntered(state=state, messages=(*before, came))
        return left | world.feed([("c1", entered)])
    return world.feed([("c1", e.CustomerWrote(message=key, text=f"话 {number}"))])


@pytest.mark.parametrize("seed", range(6))
def test_read_on_is_read_anew(world: World, seed: int) -> None:
    chance = random.Random(seed)
    reader = Transcripts(world.cache)
    for number in range(80):
        changes = happens(world, chance, number)
        reader.changed(changes)
        if chance.random() < 0.6:
            now = found(world)
            fresh = Transcripts(world.cache).lines(CHAT, now, frozenset())
            assert reader.lines(CHAT, now, frozenset()) == fresh


def test_what_is_as_it_was_is_the_same_object_and_not_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Transcripts(world.cache)
    before = reader.lines(CHAT, found(world), frozenset())
    read: list[int] = []
    messages = Cache.messages

    def counted(self: Cache, key: ConversationId, after: int = 0) -> list[Message]:
        got = messages(self, key, after)
        read.append(len(got))
        return got

    monkeypatch.setattr(Cache, "messages", counted)
    for number in range(3):
        wrote = e.CustomerWrote(message=MessageId(f"x{number}"), text="还在吗")
        reader.changed(world.feed([("c1", wrote)]))
        after = reader.lines(CHAT, found(world), frozenset())
        assert all(old is new for old, new in zip(before, after, strict=False))
        before = after
    assert read == [2, 2, 2]  # the last one known, and what came


def test_what_another_process_wrote_is_read_without_being_told(world: World) -> None:
    cache = Cache(world.cache.path)
    reader = Transcripts(cache)
    reader.lines(CHAT, found(world), frozenset())
    world.feed([("c1", e.CustomerWrote(message=MessageId("x"), text="在吗"))])
    assert reader.lines(CHAT, found(world), frozenset())[-1].message.text == "在吗"
    cache.close()


def test_only_the_last_conversations_are_kept(world: World) -> None:
    reader = Transcripts(world.cache)
    for number in range(KEPT + 3):
        key = ConversationId(f"k{number}")
        world.chat(key, "客户", "你好")
        state = world.cache.conversation(key)
        assert state is not None
        reader.lines(key, Predicted(state), frozenset())
    assert len(reader._known) == KEPT

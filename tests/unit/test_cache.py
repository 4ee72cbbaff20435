"""cache.db: a fold of the feed that may be deleted, damaged or crowded out at any moment."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, MessageId
from agent_tui.domain.model import MacroSource, MessageKind, Priority, Status
from agent_tui.domain.policy import Policy
from agent_tui.store import sqlite
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.store.sqlite import Damaged, DiskFull
from tests import factories as f

C1, C2 = ConversationId("c1"), ConversationId("c2")
FIRST = (f.recorded(f.opened(), 1), f.recorded(f.wrote(), 2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    found = Cache(path)
    yield found
    found.close()


def full(cache: Cache) -> Cache:
    """With one conversation, at cursor f:2:x."""
    cache.apply(FIRST, "f:2:x", 0)
    return cache


# --- folding -------------------------------------------------------------------------------------


def test_an_empty_cache_has_no_place_in_the_feed(cache: Cache) -> None:
    assert cache.cursor() is None
    assert cache.done() == 0
    assert cache.live() == []
    assert cache.conversation(C1) is None


def test_a_page_is_folded_with_its_cursor_in_one_step(cache: Cache) -> None:
    changes = cache.apply(FIRST, "f:2:x", 7)
    assert changes == Changes(frozenset({C1}))
    assert (cache.cursor(), cache.done()) == ("f:2:x", 7)
    assert cache.live() == [cache.conversation(C1)]
    assert [line.text for line in cache.messages(C1)] == ["你好，我的快递到哪了？"]


def test_pages_fold_as_the_domain_does(cache: Cache) -> None:
    events: list[e.ConversationEvent] = [
        f.opened(),
        f.wrote(),
        e.Claimed(AgentId("anna"), 1),
        f.replied(),
        e.NoteAdded(MessageId("n1"), "看一下", AgentId("anna")),
        e.PrioritySet(Priority.HIGH),
        e.NoteRemoved(MessageId("n1"), 3),
        e.CustomerSaw(delivered=2, seen=2),
        e.MessageEdited(MessageId("m2"), 2, "明天到，抱歉"),
    ]
    for number, event in enumerate(events, 1):
        at = f.NOW + (number - 1) * f.SECOND
        cache.apply([f.recorded(event, number, at)], f"f:{number}:x", 0)
    assert cache.conversation(C1) == f.folded(*events)
    lines = cache.messages(C1)
    assert (lines[1].text, lines[1].edited, lines[1].edited_seq) == (
        "明天到，抱歉",
        f.NOW + 8 * f.SECOND,
        9,
    )
    assert [(line.no, line.kind, line.removed, line.seq) for line in lines] == [
        (1, MessageKind.CUSTOMER, False, 2),
        (2, MessageKind.REPLY, False, 4),
        (3, MessageKind.NOTE, True, 5),
    ]


def test_resolved_ones_are_kept_but_not_live(cache: Cache) -> None:
    full(cache).apply([f.recorded(e.StatusSet(Status.RESOLVED), 3)], "f:3:x", 0)
    assert cache.live() == []
    assert cache.conversation(C1) is not None


def test_a_conversation_that_comes_into_scope_arrives_whole(cache: Cache) -> None:
    state = f.conversation("c2", tags=("VIP",))
    lines = (f.message("m1", 1, seq=1), f.message("m2", 2, text="在吗", seq=3))
    arrived = f.recorded(f.entered(state, lines), 9, conversation="c2")
    assert full(cache).apply([arrived], "f:9:x", 0) == Changes(frozenset({C2}))
    assert cache.conversation(C2) == replace(state, messages=2)
    assert cache.messages(C2) == list(lines)
    # It comes again, whole: nothing of before stays.
    cache.apply([f.recorded(f.entered(state, lines[:1]), 10, conversation="c2")], "f:10:x", 0)
    assert cache.messages(C2) == list(lines[:1])


def test_one_that_goes_out_of_scope_is_forgotten(cache: Cache) -> None:
    left = f.recorded(e.ConversationLeft(C1), 3)
    assert full(cache).apply([left], "f:3:x", 0) == Changes(frozenset({C1}))
    assert cache.conversation(C1) is None
    assert cache.messages(C1) == []


def test_it_may_come_and_go_within_one_page(cache: Cache) -> None:
    page = [
        *FIRST,
        f.recorded(e.ConversationLeft(C1), 3),
        f.recorded(f.wrote("m2"), 4),  # of a stretch that this reader does not see whole
        f.recorded(f.entered(f.conversation("c1"), [f.message()]), 5),
        f.recorded(f.wrote("m3", "再问一句"), 6),
    ]
    cache.apply(page, "f:6:x", 0)
    assert [line.id for line in cache.messages(C1)] == ["m1", "m3"]
    cache.apply([f.recorded(e.ConversationLeft(C1), 7), f.recorded(f.wrote("m9"), 8)], "f:8:x", 0)
    assert cache.conversation(C1) is None


def test_things_are_saved_and_removed(cache: Cache) -> None:
    page: list[e.FeedEvent] = [
        e.AgentSaved(f.agent()),
        e.TeamSaved(f.team()),
        e.InboxSaved(f.inbox()),
        e.ArticleSaved(f.article()),
        e.MacroSaved(MacroSource("greet", "---\ntitle: x\n---\nhi", "1")),
        e.PolicySaved(Policy(first_reply=60)),
    ]
    records = [f.recorded(body, n, conversation=None) for n, body in enumerate(page, 1)]
    changes = cache.apply(records, "f:6:x", 0)
    assert changes.things == {"agent", "team", "inbox", "article", "macro", "policy"}
    assert cache.things("agent") == [f.agent()]
    assert cache.things("policy") == [Policy(first_reply=60)]
    gone: list[e.FeedEvent] = [e.ArticleRemoved(f.article().id), e.MacroRemoved("greet")]
    cache.apply([f.recorded(body, 7, conversation=None) for body in gone], "f:8:x", 0)
    assert cache.things("article") == cache.things("macro") == []


def test_a_snapshot_replaces_everything(cache: Cache) -> None:
    full(cache).apply([f.recorded(f.refused(), 3, conversation=None)], "f:3:x", 1)
    state = f.conversation("c2")
    snapshot = [
        f.recorded(e.AgentSaved(f.agent()), 9, conversation=None),
        f.recorded(f.entered(state), 9, conversation="c2"),
    ]
    assert cache.apply(snapshot, "g:9:y", 4, replace=True).all
    assert [one.id for one in cache.live()] == ["c2"]
    assert cache.messages(C1) == []
    assert cache.refusals() == []
    assert (cache.cursor(), cache.done()) == ("g:9:y", 4)


def test_refusals_wait_for_the_outbox(cache: Cache) -> None:
    refusal = f.refused(number=3)
    assert cache.apply([f.recorded(refusal, 1, conversation=None)], "f:1:x", 3).outbox
    assert cache.refusals() == [refusal]
    cache.forget_refusals(2)
    assert cache.refusals() == [refusal]
    cache.forget_refusals(3)
    assert cache.refusals() == []
    settled = e.CommandSettled(ClientId("k1"), 4)
    assert cache.apply([f.recorded(settled, 2, conversation=None)], "f:2:x", 4).outbox


def test_nothing_hostile_gets_in_even_from_a_server_that_does_not_clean(cache: Cache) -> None:
    bad = "\x1b]52;c;x\x07坏\u202e"
    page = [
        f.recorded(f.opened(customer=f.customer(name=bad), subject=bad), 1),
        f.recorded(f.wrote(text=bad), 2),
        f.recorded(e.Tagged(bad), 3),
        f.recorded(e.TypeSet(bad), 4),
    ]
    cache.apply(page, "f:4:x", 0)
    state = cache.conversation(C1)
    assert state is not None
    shown = [state.customer.name, state.subject, state.preview, state.type, *state.tags]
    assert [*shown, cache.messages(C1)[0].text] == ["]52;c;x坏"] * 6


def test_ids_are_found_by_their_beginning(cache: Cache) -> None:
    for key in ("cab", "cac", "c_d"):
        cache.apply([f.recorded(f.entered(f.conversation(key)), 1, conversation=key)], "f:1:x", 0)
    assert cache.matching("ca") == ["cab", "cac"]
    assert cache.matching("cab") == ["cab"]
    assert cache.matching("c_") == ["c_d"]
    assert cache.matching("%") == []


# --- what a newer server says --------------------------------------------------------------------


def odd(seq: int, conversation: str | None = "c1") -> e.Recorded:
    return f.recorded(e.NotUnderstood("of_the_future"), seq, conversation=conversation)


def test_what_is_not_understood_is_remembered_with_its_page(cache: Cache) -> None:
    full(cache)
    changes = cache.apply([odd(3), f.recorded(f.wrote("m2"), 4)], "f:4:x", 0)
    assert changes.conversations == {C1}
    assert cache.not_understood() == {C1}
    assert [line.id for line in cache.messages(C1)] == ["m1", "m2"]
    cache.apply([odd(5, None)], "f:5:x", 0)
    assert cache.not_understood() == {C1, ""}


@pytest.mark.parametrize("replace_all", [True, False])
def test_a_whole_conversation_is_understood_again(cache: Cache, replace_all: bool) -> None:
    full(cache).apply([odd(3)], "f:3:x", 0)
    whole = f.recorded(f.entered(f.conversation("c1"), [f.message()]), 4)
    cache.apply([whole], "f:4:x", 0, replace=replace_all)
    assert cache.not_understood() == frozenset()
    cache.apply([odd(5)], "f:5:x", 0)
    cache.apply([f.recorded(e.ConversationLeft(C1), 6)], "f:6:x", 0)
    assert cache.not_understood() == frozenset()


def test_a_gap_in_the_numbers_hides_nobody_elses_message(cache: Cache) -> None:
    """Something that was not understood was message 2: the note is 3 here and 4 there."""
    page = [
        odd(3),
        f.recorded(f.wrote("m3", "还在吗"), 4),
        f.recorded(e.NoteAdded(MessageId("n1"), "看一下", AgentId("anna")), 5),
        f.recorded(f.wrote("m5", "急"), 6),
        f.recorded(e.NoteRemoved(MessageId("n1"), 4), 7),
        f.recorded(e.NoteRemoved(MessageId("m5"), 99), 8),
        f.recorded(e.MessageEdited(MessageId("n1"), 4, "看好了"), 9),
    ]
    full(cache).apply(page, "f:9:x", 0)
    assert [m.text for m in cache.messages(C1) if m.edited] == ["看好了"]
    assert [(m.id, m.removed) for m in cache.messages(C1)] == [
        ("m1", False),
        ("m3", False),
        ("n1", True),
        ("m5", False),
    ]


def test_events_of_what_is_not_known_pass_by(cache: Cache) -> None:
    """Its beginning was not understood, or the server forgot to say of what it speaks."""
    page = [odd(1), f.recorded(f.wrote(), 2), f.recorded(f.wrote(), 3, conversation=None)]
    cache.apply(page, "f:3:x", 0)
    assert (cache.conversation(C1), cache.not_understood()) == (None, frozenset({C1}))


def test_another_programs_fold_is_known_as_such(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not cache.outgrown()
    full(cache)
    assert not cache.outgrown()
    monkeypatch.setattr("agent_tui.store.cache.shapes", lambda: "newer")
    assert cache.outgrown()
    cache.apply([f.recorded(f.wrote("m2"), 3)], "f:3:x", 0)
    assert cache.outgrown()  # pages do not mend it
    cache.apply([], "f:4:x", 0, replace=True)
    assert not cache.outgrown()


def test_forgetting_the_place_keeps_what_can_be_read(cache: Cache) -> None:
    full(cache).forget_place()
    assert cache.cursor() is None
    assert cache.done() == 0
    assert len(cache.live()) == 1


# --- damage --------------------------------------------------------------------------------------


def test_a_damaged_file_is_rebuilt_and_the_outbox_untouched(tmp_path: Path, path: Path) -> None:
    full(Cache(path)).close()
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.enqueue(f.reply(), C1, f.NOW)
    path.write_bytes(b"this is not a database" * 1000)
    cache = Cache(path)
    assert cache.cursor() is None
    full(cache)
    assert len(outbox.pending()) == 1
    cache.close()
    outbox.close()


def test_damage_inside_is_noticed_when_reading(path: Path) -> None:
    cache = full(Cache(path))
    cache._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cache.close()
    with path.open("r+b") as file:  # the first pages stay sound: opening notices nothing
        size = os.path.getsize(path)
        file.seek(8192)
        file.write(os.urandom(size - 8192))
    cache = Cache(path)
    other = Cache(path)
    assert cache.live() == []
    assert cache.cursor() is None
    full(cache)
    # The other connection follows to the new file.
    assert len(other.live()) == 1
    cache.close()
    other.close()


def test_what_is_counted_in_a_damaged_file_is_nothing(path: Path) -> None:
    cache = full(Cache(path))
    cache._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (page,) = cache._db.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'message'"
    ).fetchone()
    cache.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))
    with contextlib.closing(Cache(path)) as cache:
        assert cache.counted(C1, 9) == (0, 0, 0)
        assert cache.cursor() is None


def test_a_row_that_cannot_be_read_is_damage_too(cache: Cache) -> None:
    full(cache)._db.execute("UPDATE conversation SET state = x'7b7d'")
    assert cache.conversation(C1) is None
    assert cache.cursor() is None


def test_damage_met_while_writing(cache: Cache) -> None:
    full(cache)._db.execute("UPDATE conversation SET state = x'7b7d'")
    with pytest.raises(Damaged):
        cache.apply([f.recorded(f.wrote("m2"), 3)], "f:3:x", 0)
    assert cache.cursor() is None
    full(cache)


def test_deleted_while_open(path: Path, cache: Cache) -> None:
    full(cache)
    sqlite.remove(path)
    assert cache.cursor() is None
    full(cache)
    assert path.exists()
    again = Cache(path)
    assert len(again.live()) == 1
    again.close()


def test_put_in_anew_while_it_was_being_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody goes on writing to a file that is nowhere any more."""
    real = sqlite.connect

    def connect(at: Path, **how: Any) -> sqlite3.Connection:
        monkeypatch.setattr(sqlite, "connect", real)
        connection = real(at, **how)
        sqlite.remove(at)
        Cache(at).close()
        return connection

    Cache(path).close()
    monkeypatch.setattr(sqlite, "connect", connect)
    with contextlib.closing(Cache(path)) as cache, contextlib.closing(Cache(path)) as other:
        assert other.conversation(C1) is None
        full(cache)
        assert other.conversation(C1) is not None


def test_a_newer_programs_cache_is_rebuilt(path: Path) -> None:
    full(Cache(path)).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    cache = Cache(path)
    assert cache.cursor() is None
    full(cache)
    cache.close()


def test_only_its_owner_can_read_it(cache: Cache, path: Path) -> None:
    full(cache)
    for file in path.parent.glob("cache.db*"):
        assert file.stat().st_mode & 0o077 == 0


def test_other_connections_notice(path: Path, cache: Cache) -> None:
    other = Cache(path)
    before = other.data_version()
    assert other.data_version() == before
    full(cache)
    after = other.data_version()
    assert after != before
    cache.rebuild()
    assert other.data_version() != after
    other.close()


# --- a full disk ---------------------------------------------------------------------------------


def crowd(cache: Cache) -> None:
    big = [f.recorded(f.wrote(f"m{n}", "满" * 1000), n) for n in range(3, 400)]
    with pytest.raises(DiskFull, match="磁盘已满"):
        cache.apply(big, "f:400:x", 5)


def test_a_full_database_keeps_the_old_state(cache: Cache) -> None:
    full(cache)
    (pages,) = cache._db.execute("PRAGMA page_count").fetchone()
    cache._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    before = cache.conversation(C1)
    crowd(cache)
    assert (cache.cursor(), cache.done()) == ("f:2:x", 0)
    assert cache.conversation(C1) == before
    cache._db.execute("PRAGMA max_page_count = 100000")
    cache.apply([f.recorded(f.wrote("m2"), 3)], "f:3:x", 0)
    assert cache.cursor() == "f:3:x"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; only root may mount one, and the test above serves everybody."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, timeout=10, check=False).returncode == 0
    except OSError:
        done = False
    if not done:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], capture_output=True, timeout=10, check=False)


def test_a_full_disk_keeps_the_old_state(small_disk: Path) -> None:
    cache = full(Cache(small_disk / "cache.db"))
    before = cache.conversation(C1)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    crowd(cache)
    assert cache.cursor() == "f:2:x"
    assert cache.conversation(C1) == before
    ballast.unlink()
    cache.apply([f.recorded(f.wrote("m2"), 3)], "f:3:x", 0)
    assert cache.cursor() == "f:3:x"
    cache.close()

"""Replies in their grace: durable, not numbered yet, and what was done to their chats since.

A reply that was sent stands here until its moment has come; then it is numbered in the very
transaction that takes it away from here. Whatever else is done to its conversation meanwhile lines
up behind it. Rows belong to the process that put them here: another one touches them only when
that process has ended, and then nothing is sent, the words become drafts.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.store import sqlite
from agent_tui.store.checksum import checksum
from agent_tui.store.drafts import DraftTable, note_key

if TYPE_CHECKING:
    from agent_tui.store.outbox import Outbox
    from agent_tui.store.tray import TrayItem

_ROWS = "SELECT id, owner, conversation, queued_at, not_before, body, sum FROM grace ORDER BY id"
_COMMAND = msgspec.json.Decoder(c.AgentCommand)
# What is no step in the work on a conversation: it goes its own way.
APART = (
    c.MarkRead,
    c.SuggestArticle,
    c.AcceptSuggestion,
    c.DeclineSuggestion,
    c.ReportSearches,
    c.NoteCall,
)


class Kept(msgspec.Struct, frozen=True):
    """A command that waits here until `not_before` (ms, wall clock). `queued_at` is when it was
    given, as `Order.queued_at` counts."""

    id: int
    owner: str
    conversation: ConversationId
    queued_at: int
    not_before: int
    command: c.AgentCommand


class Recovered(msgspec.Struct, frozen=True):
    """What became of a dead process's rows in one conversation: `texts` of replies are in its
    draft, which came from `sources`, `notes` in the draft of a note; `dropped` was not done."""

    conversation: ConversationId
    texts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    dropped: tuple[c.AgentCommand, ...] = ()
    sources: tuple[tuple[str, ...], ...] = ()


class Owner:
    """Says that this process lives, by a lock that goes with it, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = ""
        self._lock = -1

    def take(self) -> str:
        """The name under which rows are this process's. Raises StoreError."""
        while not self.name:
            name = secrets.token_hex(8)
            path = _path(self._folder, name)
            try:
                lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            except OSError as error:
                raise sqlite.explain(error, path) from error
            fcntl.flock(lock, fcntl.LOCK_EX)
            if sqlite.inode(path) == os.fstat(lock).st_ino:  # or somebody took it for a dead one's
                self.name, self._lock = name, lock
            else:
                os.close(lock)
        return self.name

    def close(self) -> None:
        """What still waits is nobody's from now on."""
        if self.name:
            _path(self._folder, self.name).unlink(missing_ok=True)
            os.close(self._lock)
            self.name, self._lock = "", -1


def _path(folder: Path, name: str) -> Path:
    return folder / f"grace-{name}.lock"


def lives(folder: Path, name: str) -> bool:
    """Whether the process runs that called itself so; of one that does not, the lock is removed."""
    path = _path(folder, name)
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


class GraceTable:
    """The table, as one process sees it."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._owner = Owner(outbox.path.parent)

    @property
    def owner(self) -> str:
        """This process's name; empty before its first row."""
        return self._owner.name

    def close(self) -> None:
        """This process ends."""
        self._owner.close()

    def rows(self) -> list[Kept]:
        """What waits here, every process's, in the order in which it was done."""
        return [
            Kept(key, owner, conversation, queued_at, not_before, _COMMAND.decode(body))
            for key, owner, conversation, queued_at, not_before, body, _ in (
                self._outbox.sound_rows(_ROWS)
            )
        ]

    def hold(
        self,
        command: c.AgentCommand,
        conversation: ConversationId,
        now: int,
        wait: int,
        *,
        clear_draft: bool = False,
        instead_of: TrayItem | None = None,
    ) -> int:
        """Keep `command` for `wait` ms, or as long as what it stands behind; the row's id.

        `clear_draft` and `instead_of` as in `Outbox.enqueue`. Raises OutboxFull.
        """
        owner = self._owner.take()
        with self._outbox.transaction() as db:
            self._outbox.check_room(db)
            queued_at = self._outbox.stamps.take(db, now)
            behind = db.execute(
                "SELECT max(not_before) FROM grace WHERE owner = ? AND conversation = ?",
                (owner, conversation),
            ).fetchone()[0]
            key = (
                1
                + db.execute(
                    "SELECT coalesce(max(CAST(seq AS INTEGER)), 0) FROM sqlite_sequence"
                    " WHERE name = 'grace'"
                ).fetchone()[0]
            )
            values = (
                key,
                owner,
                conversation,
                queued_at,
                max(now + wait, behind or 0),
                msgspec.json.encode(command),
            )
            db.execute(
                "INSERT INTO grace (id, owner, conversation, queued_at, not_before, body, sum)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*values, checksum(*values)),
            )
            if clear_draft:
                self._outbox.drafts.clear(db, conversation)
            if instead_of is not None:
                self._outbox.tray.remove(db, instead_of)
        return int(key)

    def release(self, due: Callable[[Kept], bool]) -> int:
        """Number what is this process's and `due`, up to the first of a conversation that is not;
        how many those were."""
        with self._outbox.transaction() as db:
            ready = self.ready(self.rows(), due)
            self._take_out(db, ready)
            if ready:
                self._outbox.number(
                    db, [(row.conversation, row.command, row.queued_at) for row in ready]
                )
        return len(ready)

    def ready(self, rows: Sequence[Kept], due: Callable[[Kept], bool]) -> list[Kept]:
        """Those of `rows` that `release` would number."""
        later: set[ConversationId] = set()
        found: list[Kept] = []
        for row in rows:
            if row.owner != self.owner or row.conversation in later:
                continue
            if due(row):
                found.append(row)
            else:
                later.add(row.conversation)
        return found

    def take_back(self, key: int, now: int) -> Kept | None:
        """Undo row `key`: its reply is a draft again, before what stands there. None if it is gone,
        which is to say numbered."""
        with self._outbox.transaction() as db:
            found = [row for row in self.rows() if row.id == key and row.owner == self.owner]
            self._take_out(db, found)
            for row in found:
                self._outbox.drafts.add(db, row.conversation, replies_of(row.command), now)
        return found[0] if found else None

    def recover(self, now: int) -> list[Recovered]:
        """Make drafts of what processes left here that have ended."""
        others = {row.owner for row in self.rows() if row.owner != self.owner}
        dead = {name for name in others if not lives(self._outbox.path.parent, name)}
        if not dead:
            return []
        found: dict[ConversationId, list[Kept]] = {}
        with self._outbox.transaction() as db:
            left = [row for row in self.rows() if row.owner in dead]
            self._take_out(db, left)
            for row in left:
                found.setdefault(row.conversation, []).append(row)
            for row in reversed(left):
                to_drafts(self._outbox.drafts, db, row.conversation, row.command, now)
        return [_recovered(key, rows) for key, rows in found.items()]

    def _take_out(self, db: sqlite3.Connection, rows: Sequence[Kept]) -> None:
        db.executemany("DELETE FROM grace WHERE id = ?", [(row.id,) for row in rows])


def _recovered(key: ConversationId, rows: Sequence[Kept]) -> Recovered:
    commands = [row.command for row in rows]
    return Recovered(
        key,
        tuple(filter(None, map(replies_of, commands))),
        tuple(filter(None, map(notes_of, commands))),
        tuple(each for each in commands if not replies_of(each) and not notes_of(each)),
        tuple(
            part.sources
            for each in commands
            for part in c.parts_of(each)
            if isinstance(part, c.SendReply) and part.sources
        ),
    )


def to_drafts(
    drafts: DraftTable,
    db: sqlite3.Connection,
    key: ConversationId,
    command: c.AgentCommand,
    now: int,
) -> bool:
    """Put what `command` says before the drafts that stand there; whether it says anything."""
    replies, notes = replies_of(command), notes_of(command)
    drafts.add(db, key, replies, now)
    drafts.add(db, note_key(key), notes, now)
    return bool(replies or notes)


def replies_of(command: c.AgentCommand) -> str:
    """What the customer would read of it."""
    return "\n".join(p.text for p in c.parts_of(command) if isinstance(p, c.SendReply))


def notes_of(command: c.AgentCommand) -> str:
    """What colleagues would read of it."""
    # Other words for a reply are among them: unlike a reply, they are in nobody's draft yet, and a
    # draft for the customer is no place for what may have been a note.
    return "\n".join(
        p.text for p in c.parts_of(command) if isinstance(p, c.AddNote | c.EditMessage)
    )


def sweep(folder: Path) -> None:
    """Remove the locks of processes that ended with nothing left here."""
    for path in folder.glob("grace-*.lock"):
        with contextlib.suppress(OSError):
            lives(folder, path.name.removeprefix("grace-").removesuffix(".lock"))

"""What becomes of an outbox.db that is damaged: it is kept, and what is sound in it goes on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.domain.commands import AgentCommand, Order
from agent_tui.domain.events import CommandRefused
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store import grace, sqlite
from agent_tui.store.checksum import checksum
from agent_tui.store.outbox import SLIGHT, Outbox
from agent_tui.store.outbox_file import OutboxDamaged

_ORDER = msgspec.json.Decoder(Order)
_COMMAND = msgspec.json.Decoder(AgentCommand)
_TRAY = ("tray", "client, number, conversation, at, reason, detail, held, text, body, sum")
_GRACE = ("grace", "id, owner, conversation, queued_at, not_before, body, sum")
_COMMANDS = ("command", "client, number, conversation, queued_at, body, settled_at, sum")


def put_aside(path: Path, inode: int) -> StoreError:
    """Keep the damaged file under another name and put one in its place that holds what could be
    read: drafts, tray, and as tray items all that waited, for nobody knows what of it the server
    has. The answer tells the agent so.

    `inode` is the damaged file's: if another stands there by now, it has been done.
    """
    try:
        with _alone(path):
            if path.stat().st_ino != inode:
                return OutboxDamaged(path)
            fresh = path.with_name(path.name + ".rescued")
            sqlite.remove(fresh)
            saved = _rescue(path, fresh)
            aside = _keep(path)
            fresh.replace(path)
    except (OSError, StoreError, msgspec.MsgspecError, *sqlite.ERRORS):
        return OutboxDamaged(path)
    return StoreError(
        Both(
            f"{path} 已损坏，其中可能有未发送的内容", f"{path} is damaged and may hold unsent work"
        ),
        Both(
            f"原文件留作 {aside.name}；读得出的 {saved} 条在待处理和草稿里，重新启动即可继续",
            f"it is kept as {aside.name}; {saved} items could be read and are in the tray"
            " and the drafts: start again to go on",
        ),
    )


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = os.open(path.with_name("rescue.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _keep(path: Path) -> Path:
    """Give the file a second name; the side files go there, too."""
    number = 1
    while (aside := path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")).exists():
        number += 1
    os.link(path, aside)
    for suffix in ("-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.replace(aside.with_name(aside.name + suffix))
    return aside


def _rescue(path: Path, fresh: Path) -> int:
    """Copy what is sound from `path` to a new outbox; how many items that were."""
    copy = path.with_name(path.name + ".copy")  # not even a checkpoint may touch the damaged file
    sqlite.remove(copy)
    for suffix in ("", "-wal"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            shutil.copyfile(side, copy.with_name(copy.name + suffix))
    now = time.time_ns() // 1_000_000
    saved = 0
    with contextlib.closing(Outbox(fresh)) as outbox, contextlib.closing(_open(copy)) as damaged:
        for conversation, text, at, _ in _rows(damaged, "draft", "conversation, text, at, sum"):
            outbox.drafts.save(conversation, text, at)
            saved += 1
        for _, _, conversation, _, _, body, _ in reversed([*_rows(damaged, *_GRACE)]):
            command = _COMMAND.decode(body)
            with outbox.transaction() as db:
                saved += grace.to_drafts(outbox.drafts, db, conversation, command, now)
        for client, number, _, at, reason, detail, held, _, body, _ in _rows(damaged, *_TRAY):
            refusal = CommandRefused(client, number, reason, bool(held), detail=detail or "")
            outbox.tray.keep(_ORDER.decode(body), refusal, at)
            saved += 1
        for client, number, _, _, body, settled_at, _ in _rows(damaged, *_COMMANDS):
            order = _ORDER.decode(body)
            if settled_at is None and not isinstance(order.command, SLIGHT):
                outbox.tray.keep(order, CommandRefused(client, number, "damaged", held=True), now)
                saved += 1
        with contextlib.suppress(StoreError, *sqlite.ERRORS):  # no sum tells of these
            for at, body in damaged.execute("SELECT at, body FROM practice ORDER BY id"):
                outbox.record_practice(body, at)
    sqlite.remove(copy)
    return saved


def _open(path: Path) -> sqlite3.Connection:
    path.chmod(0o600)
    return sqlite3.connect(path)


def _rows(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The sound rows of a table, up to where it cannot be read on."""
    with contextlib.suppress(*sqlite.ERRORS):
        for row in connection.execute(f"SELECT {columns} FROM {table} NOT INDEXED"):  # noqa: S608
            if checksum(*row[:-1]) == row[-1]:
                yield row

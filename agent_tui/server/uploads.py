"""Pictures and files: what they are by their own bytes, where they lie, how long they stay.

A message names a file by its address, and who knows the address may read it: its id has 128 bits
that nobody guesses. No event holds a file, so none is copied to the agents' machines.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import quote

import anyio.to_thread
import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.server import schema
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.text import clean_line

log = logging.getLogger(__name__)
PICTURES = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
}
# What readers take for a picture by its name (`tui/targets.py`): nothing else is called so.
_SEEM_PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".heic", ".svg"}
LETTERS = "bcdfghklmnprstyz"  # four bits each
OTHER = "application/octet-stream"
NAME_BYTES = 120  # of a name as it stands in an address: 13 Chinese characters, or 120 letters
SLICE = 256 * 1024
STEP = 20
REST_SECONDS = 0.2  # between steps, for those who wait to write
EVERY_SECONDS = 3600.0
DAY_MS = 24 * 3600 * 1000


class Full(DeskError):
    """All the room that files may take is taken."""


class Upload(msgspec.Struct, frozen=True):
    """A file without its bytes."""

    id: str
    name: str
    media: str
    size: int
    sha256: str

    @property
    def path(self) -> str:
        """Where it lies, from the server's root."""
        return f"/files/{self.id}/{quote(self.name, safe='')}"


def media_type(head: bytes) -> str:
    """What a file is by its first 12 bytes; `OTHER` if it is no picture that pages show."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return OTHER


def file_name(said: str, media: str) -> str:
    """A name for a file that somebody called `said`: one line, no folders, an ending that does not
    lie about whether it is a picture."""
    line = clean_line(said.replace("\\", "/").rpartition("/")[2], 200).replace("…", "")
    name = PurePosixPath(line.strip(". ") or "file")
    stem, suffix = name.stem, name.suffix
    if len(suffix) > 12 or not suffix[1:].isalnum():
        stem, suffix = name.name, ""
    endings = PICTURES.get(media)
    if endings and suffix.lower() not in endings:
        suffix = endings[0]
    elif not endings and suffix.lower() in _SEEM_PICTURES:
        suffix += ".bin"
    while len(quote(stem + suffix, safe="")) > NAME_BYTES:
        stem = stem[:-1]
    return stem + suffix


def new_id() -> str:
    """128 bits as letters that spell nothing: digits would be looked at as telephone numbers."""
    return "".join(secrets.choice(LETTERS) for _ in range(32))


def find(database: Database, owner: str, key: str) -> Upload | None:
    """The file that `owner` handed in under `key`."""
    table = schema.upload.c
    with database.read() as connection:
        return _one(connection, (table.owner == owner) & (table.key == key))


def get(database: Database, file: str) -> Upload | None:
    """The file called `file`."""
    with database.read() as connection:
        return _one(connection, schema.upload.c.id == file)


def _one(connection: Connection, which: ColumnElement[bool]) -> Upload | None:
    t = schema.upload.c
    row = connection.execute(select(t.id, t.name, t.media, t.size, t.sha256).where(which)).first()
    return Upload(*row) if row else None


def save(
    database: Database, owner: str, key: str, said: str, body: bytes, *, at: int, most: int
) -> Upload:
    """Store a file, once per (owner, key): a repeat gets the first. `most`: bytes that all files
    may take, 0 without limit. Raises Full."""
    media = media_type(body[:12])
    digest = hashlib.sha256(body).hexdigest()
    made = Upload(new_id(), file_name(said, media), media, len(body), digest)
    t = schema.upload.c
    try:
        with database.write() as connection:
            taken = connection.execute(select(func.coalesce(func.sum(t.size), 0))).scalar_one()
            if most and taken + len(body) > most:
                log.warning("files take %d of files.total_bytes: one more was refused", taken)
                raise Full(
                    Both("服务端存不下更多文件", "the server has no room for more files"),
                    Both("请用文字说明，或稍后再试", "say it in words, or try again later"),
                )
            row = msgspec.structs.asdict(made) | {"owner": owner, "key": key, "at": at}
            connection.execute(insert(schema.upload), row | {"body": body})
    except IntegrityError:  # it came before
        known = find(database, owner, key)
        if known is None:
            raise
        return known
    return made


def part(database: Database, file: str, start: int) -> bytes:
    """At most `SLICE` bytes of a file from `start` on; nothing at its end, or if it is gone."""
    t = schema.upload.c
    with database.read() as connection:
        query = select(func.substr(t.body, start + 1, SLICE)).where(t.id == file)
        return bytes(connection.execute(query).scalar() or b"")


def damaged(connection: Connection) -> Iterator[str]:
    """The ids of files whose bytes are not those that came. Reads all of them, one at a time."""
    t = schema.upload.c
    for file in connection.execute(select(t.id).order_by(t.id)).scalars().all():
        row = connection.execute(select(t.body, t.sha256).where(t.id == file)).one()
        if hashlib.sha256(row.body).hexdigest() != row.sha256:
            yield file


def purge(database: Database, before: int) -> int:
    """Delete some files that came before the moment `before` (ms). Returns how many; 0 when there
    are no more. Safe beside running servers."""
    t = schema.upload.c
    with database.write() as connection:
        old = select(t.id).where(t.at < before).order_by(t.at).limit(STEP)
        ids = connection.execute(old).scalars().all()
        if ids:
            connection.execute(delete(schema.upload).where(t.id.in_(ids)))
    return len(ids)


async def run(database: Database, keep_days: int) -> None:
    """Forever: delete what is older than `keep_days`; 0 keeps everything. Harmless on replicas."""
    while True:
        before = now_ms() - keep_days * DAY_MS
        if keep_days and await anyio.to_thread.run_sync(purge, database, before):
            await asyncio.sleep(REST_SECONDS)
        else:
            await asyncio.sleep(EVERY_SECONDS)

"""How far each mailbox was read, by whom, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import insert, or_, select, update

from agent_tui.channels.mail.settings import MailSettings
from agent_tui.domain.ids import InboxId
from agent_tui.lang import Both
from agent_tui.server import schema
from agent_tui.server.database import Database

_row = schema.mailbox.c


class Position(msgspec.Struct, frozen=True):
    """Everything up to message `uid` was taken, as the mailbox numbers them under `validity`."""

    validity: int
    uid: int


class Standing(msgspec.Struct, frozen=True):
    """What an administrator wants to know. `at` (ms): when it was last looked at; 0 for never."""

    at: int
    trouble: Both | None


def connect(
    inbox: InboxId, settings: MailSettings, known: bytes | None, begin: Position | None = None
) -> list[tuple[Any, dict[str, Any]]]:
    """The statements that store how the mailbox is reached, in place of `known`. Another mailbox
    than before is read from `begin`, or, without one, from what came since `settings.since`."""
    stored = msgspec.json.encode(settings)
    channel = schema.channel
    start = msgspec.structs.asdict(begin or Position(0, 0))
    if known is None:
        return [
            (insert(channel), {"inbox": inbox, "settings": stored}),
            (insert(schema.mailbox), {"inbox": inbox, "at": 0, "trouble": ""} | start),
        ]
    change = update(channel).where(channel.c.inbox == inbox).values(settings=stored)
    was = msgspec.json.decode(known, type=MailSettings)
    values: dict[str, Any] = {"trouble": "", "at": 0}
    if (was.mailbox, was.since) != (settings.mailbox, settings.since):
        values |= start
    anew = update(schema.mailbox).where(_row.inbox == inbox).values(**values)
    return [(change, {}), (anew, {})]


def hold(database: Database, inbox: InboxId, lease: str, now: int, until: int) -> bool:
    """Have the mailbox for oneself until `until` (ms), unless somebody else has it. This saves
    work; that a mail is taken once does not rest on it."""
    free = or_(
        _row.lease.is_(None),
        _row.lease == lease,
        _row.lease_until < now,
        _row.lease_until > now + 2 * (until - now),  # the clock was set back
    )
    with database.write() as connection:
        taken = connection.execute(
            update(schema.mailbox)
            .where(_row.inbox == inbox, free)
            .values(lease=lease, lease_until=until)
        ).rowcount
    return bool(taken)


def let_go(database: Database, inbox: InboxId, lease: str) -> None:
    """Whoever wants it may have it."""
    with database.write() as connection:
        connection.execute(
            update(schema.mailbox)
            .where(_row.inbox == inbox, _row.lease == lease)
            .values(lease=None, lease_until=None)
        )


def reached(database: Database, inbox: InboxId) -> tuple[bytes, Position] | None:
    """How the mailbox is reached and how far it was read, as of one moment: a position in one
    mailbox means nothing in another. None if it is not connected."""
    channel = schema.channel.c
    query = (
        select(channel.settings, _row.validity, _row.uid)
        .join(schema.mailbox, _row.inbox == channel.inbox)
        .where(channel.inbox == inbox)
    )
    with database.read() as connection:
        found = connection.execute(query).first()
    return (found[0], Position(*found[1:])) if found else None


def advance(database: Database, inbox: InboxId, was: Position, now_at: Position) -> bool:
    """Set the position, if it still is as it `was`: what somebody else did meanwhile stands."""
    with database.write() as connection:
        done = connection.execute(
            update(schema.mailbox)
            .where(_row.inbox == inbox, _row.validity == was.validity, _row.uid == was.uid)
            .values(validity=now_at.validity, uid=now_at.uid)
        ).rowcount
    return bool(done)


def tell(database: Database, inbox: InboxId, now: int, trouble: Both | None = None) -> None:
    """How looking into it went; in both languages, as nobody knows who asks."""
    said = "\n".join((trouble.zh, trouble.en)) if trouble else ""
    with database.write() as connection:
        connection.execute(
            update(schema.mailbox).where(_row.inbox == inbox).values(at=now, trouble=said)
        )


def standings(database: Database) -> dict[InboxId, Standing]:
    """All that are connected."""
    with database.read() as connection:
        rows = connection.execute(select(_row.inbox, _row.at, _row.trouble))
        return {InboxId(inbox): Standing(at, _both(said)) for inbox, at, said in rows}


def _both(said: str) -> Both | None:
    zh, _, en = said.partition("\n")
    return Both(zh, en) if said else None

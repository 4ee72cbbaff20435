"""How an inbox's channel is reached: stored here, secrets included, and told to nobody."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from agent_tui.channels import signature
from agent_tui.channels.webhook import WebhookSettings
from agent_tui.domain.ids import InboxId
from agent_tui.server import schema
from agent_tui.server.database import Database


def settings(database: Database, inbox: InboxId) -> bytes | None:
    """How an inbox's channel is reached."""
    table = schema.channel.c
    with database.read() as connection:
        found: bytes | None = connection.execute(
            select(table.settings).where(table.inbox == inbox)
        ).scalar()
    return found


def connect(inbox: InboxId, url: str, idempotent: bool) -> tuple[str, list[tuple[Any, Any]]]:
    """The signing secret of a new webhook inbox, and the statement that stores how to reach it."""
    made = WebhookSettings(url, signature.new_secret(), idempotent)
    row = {"inbox": inbox, "settings": msgspec.json.encode(made)}
    return made.secret, [(insert(schema.channel), row)]


def rekey(inbox: InboxId, known: bytes) -> tuple[str, list[tuple[Any, Any]]]:
    """A new signing secret in place of the one in the settings `known`, and the statement."""
    was = msgspec.json.decode(known, type=WebhookSettings)
    made = msgspec.structs.replace(was, secret=signature.new_secret())
    stored = msgspec.json.encode(made)
    change = update(schema.channel).where(schema.channel.c.inbox == inbox).values(settings=stored)
    return made.secret, [(change, {})]

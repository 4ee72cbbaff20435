"""How an inbox's channel is reached: stored here, secrets included, and told to nobody."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from agent_tui.channels import signature
from agent_tui.channels.webhook import WebhookSettings
from agent_tui.channels.wechat.settings import API, WeChatSettings, new_key, new_token
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
    return made.secret, _changed(inbox, made)


def connect_wechat(
    inbox: InboxId,
    known: bytes | None,
    *,
    app: str,
    secret: str,
    plain: bool,
    api: str,
    language: str,
) -> tuple[WeChatSettings, list[tuple[Any, Any]]]:
    """A WeChat inbox's settings, and the statement that stores them. One that is connected already
    (`known`) keeps its Token and EncodingAESKey: WeChat has them."""
    was = msgspec.json.decode(known, type=WeChatSettings) if known is not None else None
    made = WeChatSettings(
        app=app,
        secret=secret,
        token=was.token if was else new_token(),
        key=was.key if was else new_key(),
        plain=plain,
        api=api or API,
        language=language,
    )
    if was is not None:
        return made, _changed(inbox, made)
    row = {"inbox": inbox, "settings": msgspec.json.encode(made)}
    return made, [(insert(schema.channel), row)]


def rekey_wechat(inbox: InboxId, known: bytes) -> tuple[WeChatSettings, list[tuple[Any, Any]]]:
    """The settings `known` with a new Token and EncodingAESKey, and the statement."""
    was = msgspec.json.decode(known, type=WeChatSettings)
    made = msgspec.structs.replace(was, token=new_token(), key=new_key())
    return made, _changed(inbox, made)


def _changed(inbox: InboxId, made: msgspec.Struct) -> list[tuple[Any, Any]]:
    stored = msgspec.json.encode(made)
    change = update(schema.channel).where(schema.channel.c.inbox == inbox).values(settings=stored)
    return [(change, {})]

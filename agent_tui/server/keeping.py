"""Files that come with a channel's message: fetched, kept as uploads, named in its text."""

from __future__ import annotations

import hashlib

import anyio.to_thread
from starlette.requests import Request

from agent_tui.channels.base import Called, Inbound
from agent_tui.channels.post import client
from agent_tui.domain.ids import InboxId
from agent_tui.server import uploads
from agent_tui.server.clock import now_ms
from agent_tui.server.service import Service
from agent_tui.server.uploads import Full
from agent_tui.server.uploads_api import root

OWNER = "channel"
_ENDINGS = {b"#!AMR": ".amr", b"ID3": ".mp3"}


async def text_of(
    service: Service, request: Request, inbox: InboxId, port: Called, found: Inbound
) -> str:
    """What the message says; with a file that can be had soon, its address here. Once per message,
    however often that is handed in."""
    most = service.config.files.file_bytes
    if not (found.media and most):
        return found.text
    database, owner = service.database, f"{OWNER}:{inbox}"
    key = hashlib.sha256(found.external.encode()).hexdigest()  # as long as a key may be
    kept = await anyio.to_thread.run_sync(uploads.find, database, owner, key)
    if kept is None:
        async with client() as http:
            body = await port.fetch(http, found.media, most)
        if not body:
            return found.text
        try:
            kept = await anyio.to_thread.run_sync(
                lambda: uploads.save(
                    database,
                    owner,
                    key,
                    _name(body),
                    body,
                    at=now_ms(),
                    most=service.config.files.total_bytes,
                )
            )
        except Full:
            return found.text
    return "\n".join(filter(None, (found.lead, root(service, request) + kept.path)))


def _name(body: bytes) -> str:
    """A name by the first bytes; a picture gets its ending when it is stored."""
    endings = (ending for head, ending in _ENDINGS.items() if body.startswith(head))
    return f"wechat{next(endings, '')}"

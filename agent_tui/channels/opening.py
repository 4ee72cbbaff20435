"""From an inbox's kind and its stored settings to the channel itself."""

from __future__ import annotations

import httpx
import msgspec

from agent_tui.channels.base import Port
from agent_tui.channels.webhook import Webhook, WebhookSettings
from agent_tui.domain.model import Channel
from agent_tui.settings.server import Outgoing


def open_channel(
    kind: Channel, settings: bytes, limits: Outgoing, http: httpx.AsyncClient | None = None
) -> Port | None:
    """The channel of an inbox, or None for a kind that pushes nothing. Without `http` it can only
    parse."""
    match kind:
        case Channel.WEBHOOK:
            found = msgspec.json.decode(settings, type=WebhookSettings)
            return Webhook(found, limits, http)
        case _:
            return None

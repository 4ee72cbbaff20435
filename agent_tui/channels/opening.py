"""From an inbox's kind and its stored settings to the channel itself."""

from __future__ import annotations

import httpx
import msgspec

from agent_tui.channels.base import Port
from agent_tui.channels.mail.port import Mail
from agent_tui.channels.mail.settings import MailSettings
from agent_tui.channels.webhook import Webhook, WebhookSettings
from agent_tui.channels.wechat.port import WeChat
from agent_tui.channels.wechat.settings import WeChatSettings
from agent_tui.domain.ids import InboxId
from agent_tui.domain.model import Channel, Inbox
from agent_tui.settings.server import Outgoing


def open_channel(
    kind: Channel, settings: bytes, limits: Outgoing, http: httpx.AsyncClient | None = None
) -> Port | None:
    """The channel of an inbox, or None for a kind that pushes nothing. Without `http` it can only
    parse."""
    match kind:
        case Channel.MAIL:
            return Mail(msgspec.json.decode(settings, type=MailSettings), limits)
        case Channel.WEBHOOK:
            shop = msgspec.json.decode(settings, type=WebhookSettings)
            return Webhook(shop, limits, http)
        case Channel.WECHAT:
            account = msgspec.json.decode(settings, type=WeChatSettings)
            return WeChat(account, limits, http)
        case _:
            return None


class Opened:
    """The channels of one process, each kept as long as its settings stay the same: what one has
    learned (an access token, say) serves the next attempt."""

    def __init__(self, limits: Outgoing, http: httpx.AsyncClient | None = None) -> None:
        self._limits = limits
        self._http = http
        self._known: dict[InboxId, tuple[bytes, Port]] = {}

    def port(self, inbox: Inbox, settings: bytes) -> Port | None:
        """The channel of `inbox`, or None for a kind that pushes nothing."""
        known = self._known.get(inbox.id)
        if known is not None and known[0] == settings:
            return known[1]
        made = open_channel(inbox.channel, settings, self._limits, self._http)
        if made is not None:
            self._known[inbox.id] = settings, made
        return made

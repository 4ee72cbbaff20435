"""The tables, by area. `event` is the truth; conversation, message and others are its folds."""

from __future__ import annotations

from agent_tui.server.schema.channels import (
    channel,
    identity,
    inbound,
    mail,
    mailbox,
    outgoing,
)
from agent_tui.server.schema.clients import client, lease, origin, token
from agent_tui.server.schema.folds import (
    EDITED,
    agent,
    conversation,
    customer,
    inbox,
    message,
    team,
)
from agent_tui.server.schema.kept import content, tally, upload
from agent_tui.server.schema.keys import Key, metadata
from agent_tui.server.schema.log import AGENT_SAVED, base, event, result, workspace
from agent_tui.server.schema.shifts import pace, seat, timer

__all__ = [
    "AGENT_SAVED",
    "EDITED",
    "Key",
    "agent",
    "base",
    "channel",
    "client",
    "content",
    "conversation",
    "customer",
    "event",
    "identity",
    "inbound",
    "inbox",
    "lease",
    "mail",
    "mailbox",
    "message",
    "metadata",
    "origin",
    "outgoing",
    "pace",
    "result",
    "seat",
    "tally",
    "team",
    "timer",
    "token",
    "upload",
    "workspace",
]

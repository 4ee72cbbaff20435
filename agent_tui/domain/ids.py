"""Identifiers, told apart by type."""

from __future__ import annotations

import re
from typing import NewType

ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
CustomerId = NewType("CustomerId", str)
AgentId = NewType("AgentId", str)
TeamId = NewType("TeamId", str)
InboxId = NewType("InboxId", str)
ClientId = NewType("ClientId", str)
SuggestionId = NewType("SuggestionId", str)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_id(text: str) -> bool:
    """Whether `text`, made by somebody else's machine, will do as an identifier."""
    return _ID.fullmatch(text) is not None

"""Identifiers, told apart by type."""

from __future__ import annotations

from typing import NewType

ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
CustomerId = NewType("CustomerId", str)
AgentId = NewType("AgentId", str)
TeamId = NewType("TeamId", str)
InboxId = NewType("InboxId", str)
ClientId = NewType("ClientId", str)

"""What speaks against resolving a chat: it is asked about first, since the key is a light one."""

from __future__ import annotations

import re

from agent_tui.domain.model import Conversation, MessageKind
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import REPLIES, dues, never_answered
from agent_tui.lang import Both

_ASKS = re.compile(r"[?？]|[吗呢么][\s。.!！~～…]*$")  # 在吗, what about the shards?


def unfinished(
    state: Conversation, who: str, draft: str, policy: Policy, plan: Plan, now: int
) -> Both | None:
    """Why `who`'s chat may not be done at `now` (ms), as a question; None: nothing says so.

    A customer's last word alone is none: most chats end with their thanks. `draft` is what is
    written and not sent.
    """
    if draft.strip():
        return Both(
            f"给 {who} 写的内容还没发出（会留作草稿）。仍要标为已解决？",
            f"What you wrote to {who} is not sent; it stays a draft. Resolve all the same?",
        )
    if never_answered(state):
        return Both(
            f"还没有人回复过 {who}。仍要标为已解决？",
            f"Nobody has answered {who} yet. Resolve the chat all the same?",
        )
    if _is_owed(state, policy, plan, now):
        return Both(
            f"{who} 还在等回复。仍要标为已解决？",
            f"{who} still waits for a reply. Resolve the chat all the same?",
        )
    return None


def _is_owed(state: Conversation, policy: Policy, plan: Plan, now: int) -> bool:
    """Whether the customer asked something, or has waited for too long."""
    if state.waiting_since is None:
        return False
    if state.preview_kind is MessageKind.CUSTOMER and _ASKS.search(state.preview):
        return True
    late = (each for each in dues(state, policy, plan) if each.deadline in REPLIES)
    return any(each.at <= now for each in late)

"""How a customer was served, in their own figure: for a chat that was answered and solved."""

from __future__ import annotations

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.outcome import Outcome, Reason, Rejected

BEST = 5
COMMENT_CHARS = 500


def may_be_rated(s: Conversation) -> bool:
    """Whether there is something to rate, and nothing left to wait for."""
    return s.status is Status.RESOLVED and s.first_reply_at is not None


def rate(s: Conversation, command: c.RateService) -> Outcome:
    """A customer may change their mind: the last rating holds."""
    if not 1 <= command.rating <= BEST:
        return Rejected(Reason.MALFORMED, "rating")
    if len(command.comment) > COMMENT_CHARS:
        return Rejected(Reason.TOO_LONG, str(COMMENT_CHARS))
    if not may_be_rated(s):
        return Rejected(Reason.NOT_ALLOWED)
    if (command.rating, command.comment) == (s.rating, s.rating_comment):
        return ()
    return (e.Rated(rating=command.rating, comment=command.comment),)

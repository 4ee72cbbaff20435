"""A snapshot is larger than what the server holds of it at any moment."""

from __future__ import annotations

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.server import feed, feed_api
from tests.driver import Serving, conversation_of


def test_a_snapshot_made_in_small_pieces_is_the_same(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(7):
        visitor = serving.visitor()
        for text in ("一", "二"):
            visitor.say(f"{text} {n}")
        serving.agent().applied(conversation_of(serving, visitor), c.Tag(f"t{n}"))
    anna = serving.agent()
    whole, events = anna.snapshot()
    monkeypatch.setattr(feed, "AT_ONCE", 3)
    monkeypatch.setattr(feed_api, "SPOOL_BYTES", 100)
    monkeypatch.setattr(feed_api, "CHUNK_BYTES", 11)
    again, same = anna.snapshot()
    assert (again, same) == (whole, events)
    entered = [x.body for x in same if isinstance(x.body, e.ConversationEntered)]
    assert len(entered) == 7
    for body in entered:
        assert body.state == serving.state(body.state.id)
        assert body.messages == serving.messages(body.state.id)

"""Marks that rang are remembered for as long as their deadline could ring them again."""

from __future__ import annotations

from agent_tui.domain import events as e
from agent_tui.domain.clocks import ring
from agent_tui.domain.evolve import RUNG_KEPT, evolve
from agent_tui.domain.model import Clock, Conversation
from agent_tui.domain.plan import PLAIN
from agent_tui.domain.policy import Policy
from tests import factories as f

POLICY = Policy()


def test_a_clock_that_is_over_rings_once_however_many_replies_are_late() -> None:
    heard: list[e.ConversationEvent] = []

    def later(state: Conversation, at: int) -> Conversation:
        for event in ring(state, policy=POLICY, plan=PLAIN, now=at):
            heard.append(event)
            state = evolve(state, event, conversation=state.id, at=at)
        return state

    over = f.NOW + f.HOUR
    state = f.folded(f.opened(), e.ClockStarted(Clock.RETURN_REVIEW, over, f.NOW))
    for number in range(RUNG_KEPT):
        at = over + number * f.HOUR
        state = evolve(state, f.wrote(), conversation=state.id, at=at)
        state = later(state, at + f.HOUR // 2)
        state = evolve(state, f.replied(), conversation=state.id, at=at + f.HOUR // 2)
    assert len(heard) > 2 * RUNG_KEPT
    assert len(heard) == len(set(heard))
    assert len(state.rung) < 2 * RUNG_KEPT

"""The same with the server's real stores on PostgreSQL, whose sessions are cut as well."""

from __future__ import annotations

from typing import Any

import pytest

from agent_tui.server.commands import SubmitOrders
from agent_tui.server.unit import Unit
from tests.sim.history import Violation
from tests.sim.mutations import Mutation, inbound_twice
from tests.sim.world import made, play

# A killed process closes nothing; here its files are left to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
ENGINE = "postgresql"


@pytest.mark.parametrize("seed", range(6))
def test_no_invariant_breaks(seed: int) -> None:
    with made(seed, engine=ENGINE) as world:
        world.run()
    assert world.history.counts["connections cut"]


def plain(seed: int, engine: str) -> str:
    """A run with nothing in it that only PostgreSQL has; its digest."""
    powers = ("accounts", "content", "client crashes", "replica crashes", "compaction", "restores")
    with made(seed, powers, engine) as world:
        world.run()
    return world.history.hash()


@pytest.mark.parametrize("seed", (0, 1))
def test_a_seed_is_the_same_on_both_engines(seed: int) -> None:
    assert plain(seed, ENGINE) == plain(seed, "sqlite")


def decided_once(patch: pytest.MonkeyPatch) -> None:
    """A batch that is tried again after its connection broke keeps its answers of the first time
    and has no effect."""
    real = SubmitOrders.run

    def run(self: SubmitOrders, unit: Unit) -> Any:
        return None if self._results else real(self, unit)

    patch.setattr(SubmitOrders, "run", run)


@pytest.mark.parametrize("mutation", (decided_once, inbound_twice))
def test_a_fault_is_found(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation(monkeypatch)
    with pytest.raises(Violation):
        for seed in range(8):
            play(seed, engine=ENGINE)

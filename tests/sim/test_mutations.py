"""The simulation is alive: it finds each fault that is put into the program."""

from __future__ import annotations

import pytest

from tests.sim import mutations, reaction_mutations
from tests.sim.agents import CALLS, EDITS
from tests.sim.history import Violation
from tests.sim.mutations import Case
from tests.sim.world import play

# A killed process closes nothing; here its files are left to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
MOST = 50


def found_at(case: Case, patch: pytest.MonkeyPatch) -> tuple[int, int] | None:
    """The seed and the number of the invariant that told, the known seed being tried first."""
    case.mutation(patch)
    others = (seed for seed in range(MOST) if seed != case.seed)
    for seed in (case.seed, *others):
        try:
            # What seeds without edits found, they find still.
            play(seed, case.powers, without=() if case.powers else (CALLS, EDITS))
        except Violation as violation:
            return seed, violation.invariant
    return None


@pytest.mark.parametrize(
    "case", (*mutations.ALL, *reaction_mutations.ALL), ids=lambda case: case.mutation.__name__
)
def test_it_is_found(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_at(case, monkeypatch)
    assert found is not None
    print(f"seed {found[0]}, invariant {found[1]}")  # noqa: T201 -- for the audit's report

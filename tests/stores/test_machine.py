"""300 runs of 50 steps; `python -m tests.stores` does more."""

from __future__ import annotations

from hypothesis import settings

from tests.stores.machine import Stores

Stores.TestCase.settings = settings(
    max_examples=300, stateful_step_count=50, deadline=None, derandomize=True
)
TestStores = Stores.TestCase

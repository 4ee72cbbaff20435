"""What a test opened and has no block around: closed when it is over."""

from __future__ import annotations

from collections.abc import Callable

_open: list[Callable[[], None]] = []


def later(close: Callable[[], None]) -> None:
    """Call `close` when the test that runs now is over."""
    _open.append(close)


def now() -> None:
    """The test is over."""
    while _open:
        _open.pop()()

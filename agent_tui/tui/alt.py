"""Alt with a digit or letter, as terminals send it: ESC and the character."""

from __future__ import annotations

from enum import Enum
from typing import Any, cast

from textual import _ansi_sequences


class AltKey(Enum):
    """Keys that Textual would take for what Option types on a Mac (ESC 1 as an inverted mark), or
    for an Escape that waits for more."""

    ONE = "alt+1"
    TWO = "alt+2"
    THREE = "alt+3"
    K = "alt+k"
    O = "alt+o"  # noqa: E741 -- the letter
    Q = "alt+q"
    S = "alt+s"
    T = "alt+t"
    W = "alt+w"


def teach_alt() -> None:
    """Make Textual read these sequences as the keys that were pressed."""
    sequences = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for key in AltKey:
        sequences[f"\x1b{key.value[-1]}"] = (key,)

"""Alt with a digit or letter, as terminals send it: ESC and the character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, NamedTuple, cast

from textual import _ansi_sequences


class AltKey(Enum):
    """Keys that Textual would take for what Option types on a Mac (ESC 1 as an inverted mark), or
    for an Escape that waits for more."""

    ONE = "alt+1"
    TWO = "alt+2"
    THREE = "alt+3"
    FOUR = "alt+4"
    FIVE = "alt+5"
    SIX = "alt+6"
    SEVEN = "alt+7"
    EIGHT = "alt+8"
    NINE = "alt+9"
    ZERO = "alt+0"
    A = "alt+a"
    C = "alt+c"
    D = "alt+d"
    E = "alt+e"
    I = "alt+i"  # noqa: E741 -- the letter
    F = "alt+f"
    G = "alt+g"
    K = "alt+k"
    M = "alt+m"
    N = "alt+n"
    O = "alt+o"  # noqa: E741 -- the letter
    P = "alt+p"
    Q = "alt+q"
    S = "alt+s"
    T = "alt+t"
    U = "alt+u"
    W = "alt+w"
    X = "alt+x"
    Z = "alt+z"


class AltArrow(Enum):
    """Arrows with Alt, and Insert."""

    UP = "alt+up"
    RIGHT = "alt+right"
    LEFT = "alt+left"
    INSERT = "alt+insert"


class Configured(NamedTuple):
    """A key that somebody chose, in the form of Textual's own."""

    value: str


def teach_alt() -> None:
    """Make Textual read these sequences as the keys that were pressed."""
    sequences = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for key in AltKey:
        sequences[f"\x1b{key.value[-1]}"] = (key,)
    # Textual takes them for Escape and the arrow, or Insert.
    sequences["\x1b[1;3A"] = (AltArrow.UP,)
    sequences["\x1b[1;3C"] = (AltArrow.RIGHT,)
    sequences["\x1b[1;3D"] = (AltArrow.LEFT,)
    sequences["\x1b[2;3~"] = (AltArrow.INSERT,)


def teach_keys(keys: Iterable[str]) -> None:
    """The same for keys of this form that somebody configured."""
    sequences = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for key in keys:
        if re.fullmatch("alt\\+[a-z0-9]", key):
            sequences[f"\x1b{key[-1]}"] = (Configured(key),)

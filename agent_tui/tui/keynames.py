"""Names of keys: as Textual says them, as people write them, and what a terminal can send."""

from __future__ import annotations

import string
import unicodedata
from functools import cache

from textual.keys import KEY_NAME_REPLACEMENTS, Keys

MODIFIERS = ("ctrl", "alt", "shift", "super", "meta")
# What a terminal sends for another key: nobody can tell the two apart.
TWINS = {
    "ctrl+m": "enter",
    "ctrl+i": "tab",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}
_SHOWN = {
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "space": "Space",
}


def key_of(character: str) -> str:
    """Textual's name of the key that types `character`."""
    if character.isalnum():
        return character
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


@cache
def signs() -> dict[str, str]:
    """Textual's name -> the sign, of all that ASCII has."""
    return {key_of(sign): sign for sign in (*string.punctuation, " ")}


@cache
def names() -> frozenset[str]:
    """Every key without modifiers that a binding may name, single letters and digits aside."""
    plain = {key.value for key in Keys if "+" not in key.value and "<" not in key.value}
    return frozenset(plain | signs().keys())


def is_known(key: str) -> bool:
    """Whether `key` is something that can be pressed."""
    *modifiers, last = key.split("+")
    if any(each not in MODIFIERS for each in modifiers) or not last:
        return False
    return (len(last) == 1 and last.isalnum()) or last in names()


def is_sequence(key: str) -> bool:
    """Whether these are two letters, pressed one after the other: `gg`."""
    return len(key) == 2 and key.isascii() and key.isalpha() and key not in names()


def is_typed(key: str) -> bool:
    """Whether it writes something in a text field: a letter, a digit, a sign."""
    return (len(key) == 1 and key.isprintable()) or key in signs() or is_sequence(key)


def normal(key: str) -> str:
    """A key as people write it, by the name that Textual has for it: `/` is `slash`."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    return "+".join((*modifiers, key_of(last) if len(last) == 1 else last))


def key_name(key: str) -> str:
    """A Textual key name as people write it: ctrl+n -> Ctrl+N, f3 -> F3, slash -> /."""
    if len(key) == 1 or is_sequence(key):
        return key
    parts = [_SHOWN.get(part) or signs().get(part, part) for part in key.split("+")]
    return "+".join(part[:1].upper() + part[1:] for part in parts)

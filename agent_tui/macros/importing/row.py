"""What a source says about one macro, before it becomes a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent_tui.knowledge.articles import one_line
from agent_tui.knowledge.importing.row import Skipped, Unfit
from agent_tui.lang import Both
from agent_tui.macros.model import SHORT, Action, Slot

__all__ = ["Row", "Skipped", "Unfit", "said", "short_of", "truth"]


class Row(msgspec.Struct, frozen=True):
    """One macro as a source has it. `body` is a template already, and `ask` its slots; `notes` tell
    what of it could not be taken over as it was."""

    place: str  # file and line, row or id: where a person finds it
    title: str
    body: str
    ask: Mapping[str, Slot] = {}
    short: str = ""
    lang: str = ""  # in the source's own words
    folder: str = ""
    tags: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    note: str = ""
    id: str = ""  # its path below macros/, if the source has one
    source: str = ""  # what tells it from others in a foreign system: `zendesk:123`
    more: Mapping[str, Any] = {}  # further front matter, as an export of ours has it
    notes: tuple[Both, ...] = ()


def said(data: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that says something, as text."""
    for name in names:
        value = data.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is not None and not isinstance(value, dict | list) and str(value).strip():
            return str(value)
    return ""


def truth(value: object, default: bool) -> bool:
    """A flag as exports write it: true, 1, yes, on; `default` where nothing is said."""
    word = str(value if value is not None else "").strip().casefold()
    if word in ("true", "1", "1.0", "yes", "on", "是"):
        return True
    return default if not word else False


def short_of(text: str) -> str:
    """`text` as a short name, as far as it can be one: small letters and digits, at most 16."""
    plain = "".join(char for char in one_line(text).lower() if char.isascii() and char.isalnum())
    return plain[:16] if SHORT.fullmatch(plain[:16]) else ""

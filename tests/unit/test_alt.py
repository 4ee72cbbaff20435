"""Every default key with Alt arrives as the key it is, from the bytes that terminals send."""

from __future__ import annotations

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from agent_tui.tui.alt import teach_alt
from agent_tui.tui.commands import INTENTS

ARROWS = {"up": "A", "down": "B", "right": "C", "left": "D"}
KEYS = sorted(
    {key for intent in INTENTS for key in intent.default_keys.split(",") if key.startswith("alt+")}
)


@pytest.mark.parametrize("key", KEYS)
def test_alt_keys_arrive(key: str) -> None:
    teach_alt()
    name = key.removeprefix("alt+")
    sent = f"\x1b[1;3{ARROWS[name]}" if name in ARROWS else f"\x1b{name}"
    pressed = [each for each in XTermParser().feed(sent) if isinstance(each, events.Key)]
    assert [each.key for each in pressed] == [key]

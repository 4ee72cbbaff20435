"""`keys`: every intent with its key."""

from __future__ import annotations

from agent_tui.cli import output, settings
from agent_tui.cli.options import Json
from agent_tui.lang import Both


def keys(json: Json = False) -> None:
    """List every intent: id, keys, where it works, what it does."""
    from agent_tui.cli.shapes import KeyEntry
    from agent_tui.tui.keymap import KeyMap, table
    from agent_tui.tui.keynames import key_name

    keymap = KeyMap.of(settings.load(), str(settings.location()))
    found = [
        KeyEntry(
            id=each.id,
            keys=list(each.keys),
            context=each.context,
            doc=str(Both(each.doc_zh, each.doc_en)),
            doc_zh=each.doc_zh,
            doc_en=each.doc_en,
        )
        for each in table(keymap)
    ]
    if json:
        output.document(found)
        return
    for entry in found:
        shown = " ".join(key_name(key) for key in entry.keys)
        output.say(f"{shown:18} {entry.id:24} {entry.context:12} {entry.doc}")

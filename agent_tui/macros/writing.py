"""Macros as files: `parse` reads the same again."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import yaml

from agent_tui.macros.model import Head


class _Dumper(yaml.SafeDumper):
    """Writes every value where it stands: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text_of(head: Head, body: str) -> str:
    """The file of a macro: front matter without what is as it would be anyway, then the text."""
    data = msgspec.to_builtins(head, builtin_types=(datetime.date,))
    lines = [_entry(key, value) for key, value in data.items()]
    return "\n".join(["---", *lines, "---", body.strip("\n"), ""])


def _entry(key: str, value: Any) -> str:
    """One key of the front matter; `ask`, `actions` and `tests` with a line for each of theirs."""
    if key == "ask":
        inner = "".join(f"\n  {name}: {_flow(slot)}" for name, slot in value.items())
        return f"{key}:{inner}"
    if key == "tests":
        return f"{key}:" + "".join(
            f"\n  - given: {_flow(each.get('given', {}))}"
            f"\n    expect: {_flow(each.get('expect', []))}"
            for each in value
        )
    return f"{key}: {_flow(value)}"


def _flow(value: Any) -> str:
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=True,
        width=10**9,
    )
    return text.removesuffix("\n").removesuffix("\n...").strip()

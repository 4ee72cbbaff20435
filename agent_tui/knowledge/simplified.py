"""The folding of full-text search, with the shipped table of simplified characters."""

from __future__ import annotations

from functools import cache
from importlib import resources

from agent_tui.domain.words import Folding


@cache
def folding() -> Folding:
    """Read once; takes some milliseconds."""
    text = resources.files("agent_tui.knowledge").joinpath("data/han.txt").read_text("utf-8")
    for line in text.splitlines():
        sign, *rest = line.split(" ")
        if sign == "=":
            traditional, simplified = rest
            return Folding(dict(zip(traditional, simplified, strict=True)))
    raise LookupError("data/han.txt has no line of simplified characters")

"""What may have been meant by a name that nobody has."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from agent_tui.lang import Both

SHOWN = 5


def guess(name: str, known: Collection[str]) -> Both | None:
    """The names that begin so, else the nearest one; None if none is near."""
    names = sorted(map(str, known))
    begin = [each for each in names if name and each.casefold().startswith(name.casefold())]
    if len(begin) > 1:
        more = " …" if len(begin) > SHOWN else ""
        zh, en = "、".join(begin[:SHOWN]) + more, ", ".join(begin[:SHOWN]) + more
        return Both(f"可能是 {zh}", f"it may be one of {en}")
    near = begin or difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?") if near else None

"""What may have been meant by a name that nobody has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk
    from agent_tui.domain.filters import FilterError

AGENT = Both("坐席", "agent")
TEAM = Both("团队", "team")
TYPE = Both("类型", "type")
_WORDS = {"team": TEAM, "agent": AGENT, "type": TYPE}

SHOWN = 5


def types(desk: Desk) -> Mapping[str, Both]:
    """Every question type that a chat may have here: those that ship, those that the shop's rules
    give, and those that its chats have."""
    from agent_tui.desk.reasons import TYPES

    own = {rule.type for rule in desk.directory.plan.routing.rules}
    own |= {state.type for state in desk.conversations.live()}
    return {key: Both(key, key) for key in sorted(own) if key} | TYPES


def shown_types(known: Mapping[str, Both]) -> set[str]:
    """What they are called in both languages."""
    return {name for each in known.values() for name in (each.zh, each.en)}


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


def stranger(
    text: str, kind: str, name: str, known: Collection[str], shown: Collection[str] = ()
) -> FilterError:
    """What is wrong with `name`, which stands behind `kind` in the filter `text` and is none of
    `known`, nor of their `shown` names, or how several of `known` begin; with its place."""
    from agent_tui.domain.filters import FilterError

    whole = rf'(?<=[:：,，、"“]){re.escape(name)}(?![^\s,，、)）"”])'
    found = re.search(rf"(?i){whole}", text)
    at = found.start() if found else 0
    if kind == "id":
        what = Both(f"{name} 对应不止一个会话", f"{name} is the beginning of more than one id")
        return FilterError(text, at, len(name), what, Both("多写几位", "give more of it"))
    word = _WORDS[kind]
    listed = " ".join(sorted(known))
    return FilterError(
        text,
        at,
        len(name),
        Both(f"没有{word.zh} {name}", f"there is no {word.en} {name}"),
        guess(name, {*known, *shown}) or Both(f"可选：{listed}", f"known: {listed}"),
    )

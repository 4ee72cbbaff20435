"""The macros at hand: files or arrivals over the feed, found by key, short name or id."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from agent_tui import frontmatter
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.macros import template
from agent_tui.macros.model import PERSONAL, Macro, Situation, group_of, parse


def load(root: Path) -> tuple[list[Macro], list[Problem]]:
    """Every macro under `root`, and what is wrong with the files that do not parse."""
    return frontmatter.read_folder(root, checked)


def checked(key: str, text: str) -> Macro:
    """The macro in `text`, its variables and slots looked at. Raises Malformed."""
    macro = parse(key, text)
    slots = frozenset(macro.head.ask)
    template.check(macro.body, slots, macro.body_line)
    for name, slot in macro.head.ask.items():
        template.check(slot.default, slots, frontmatter.line_of(text, name))
    return macro


def fill(macro: Macro, values: Mapping[str, str], slots: Mapping[str, str]) -> str:
    """The macro's text, its picture on a line of its own. `values` are dotted variables; `slots` is
    what the agent gave, by name."""
    given = dict(values)
    for name, slot in macro.head.ask.items():
        given[name] = slots.get(name) or _default(slot.default, values)
    text = template.render(macro.body, given).strip()
    return f"{text}\n{macro.head.picture}" if macro.head.picture else text


def _default(text: str, values: Mapping[str, str]) -> str:
    rendered = template.render(text, values)
    return "" if template.open_slots(rendered) else rendered


def slot_defaults(macro: Macro, values: Mapping[str, str]) -> dict[str, str]:
    """What each slot is pre-filled with."""
    return {name: _default(slot.default, values) for name, slot in macro.head.ask.items()}


@lru_cache(maxsize=1_000)  # one changed macro must not have all the others read again
def _parsed(key: str, text: str) -> Macro | None:
    try:
        return parse(key, text)
    except Malformed:
        return None


class Library:
    """Macros that one agent may use."""

    def __init__(self, macros: Iterable[Macro] = ()) -> None:
        self.all: dict[str, Macro] = {macro.id: macro for macro in macros}
        self.surge = False  # whether the macros for a rush are offered

    @classmethod
    def of_sources(
        cls,
        sources: Iterable[tuple[str, str]],
        teams: Iterable[str],
        own: Iterable[Macro] = (),
    ) -> Library:
        """From (id, text) as they came over the feed, and the agent's own. One that does not parse
        here is left out: the server that sent it is newer, and says so in its own lint."""
        mine = {"all", PERSONAL, *(f"team:{team}" for team in teams)}
        found = list(own)
        parsed = (_parsed(key, text) for key, text in sources)
        found += [each for each in parsed if each is not None and each.head.scope in mine]
        return cls(found)

    def offered(
        self, language: str, now: datetime.datetime, situation: Situation | None = None
    ) -> list[Macro]:
        """One macro a group, in `language` if there is one, of those valid at local time `now` and,
        where one is given, for a conversation in this `situation`."""
        groups: dict[str, Macro] = {}
        for macro in self.all.values():
            minute = now.hour * 60 + now.minute
            if not macro.offered(now.date(), minute, surge=self.surge):
                continue
            if situation is not None and macro.unfit(situation):
                continue
            known = groups.get(macro.group)
            if known is None or macro.head.lang == language != known.head.lang:
                groups[macro.group] = macro
        return list(groups.values())

    def by_key(
        self,
        key: str,
        language: str,
        now: datetime.datetime,
        situation: Situation | None = None,
    ) -> Macro | None:
        """The macro on function key `key`: one that the customer can read, then the agent's own, a
        team's, everyone's; of those, one that is meant for this situation before a general one."""
        found = [m for m in self.offered(language, now, situation) if m.head.key == key]
        return min(found, key=lambda m: (m.head.lang != language, m.rank, -m.special), default=None)

    def by_short(
        self,
        short: str,
        language: str,
        now: datetime.datetime,
        situation: Situation | None = None,
    ) -> Macro | None:
        """The macro called `/short` in either language, in the customer's language."""
        groups = {m.group for m in self.all.values() if m.head.short == short}
        found = [m for m in self.offered(language, now, situation) if m.group in groups]
        return min(found, key=lambda m: m.rank, default=None)

    def version(
        self,
        key: str,
        language: str,
        now: datetime.datetime,
        situation: Situation | None = None,
    ) -> Macro | None:
        """The macro that `key` names, in the language in which it is offered now."""
        group = group_of(key)
        offered = self.offered(language, now, situation)
        return next((macro for macro in offered if macro.group == group), None)

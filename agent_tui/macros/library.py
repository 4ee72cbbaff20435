"""The macros at hand: files or arrivals over the feed, found by key, short name or id; lint."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent_tui import frontmatter
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.lang import Both
from agent_tui.macros import template
from agent_tui.macros.model import Macro, parse

SAMPLES = {
    "agent.name": "小青",
    "shop.name": "青禾生活",
    "now.date": "2026-11-02",
    "now.time": "10:30",
}


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


def lint(root: Path) -> tuple[list[Macro], list[Problem]]:
    """`load`, two macros on one key or short name, and the tests in the files."""
    macros, problems = load(root)
    taken: dict[tuple[str, str, str], str] = {}
    for macro in macros:
        name = f"{macro.id}.md"
        for kind, value in (("key", macro.head.key), ("short", macro.head.short)):
            if not value:
                continue
            place = (macro.head.lang, macro.head.scope, f"{kind} {value}")
            other = taken.setdefault(place, name)
            if other != name:
                text = Both(f"{kind} {value} 已被 {other} 占用", f"{kind} {value} is {other}'s")
                problems.append(Problem(name, 1, text))
        problems.extend(_run_tests(macro))
    return macros, problems


def _run_tests(macro: Macro) -> Iterable[Problem]:
    for number, example in enumerate(macro.head.tests, 1):
        text = fill(macro, SAMPLES | example.given, example.given)
        for piece in example.expect:
            if piece not in text:
                yield Problem(
                    f"{macro.id}.md",
                    1,
                    Both(
                        f"测试 {number}：结果里没有“{piece}”",
                        f"test {number}: {piece!r} is not in the result",
                    ),
                )


def fill(macro: Macro, values: Mapping[str, str], slots: Mapping[str, str]) -> str:
    """The macro's text. `values` are dotted variables; `slots` is what the agent gave, by name."""
    given = dict(values)
    for name, slot in macro.head.ask.items():
        given[name] = slots.get(name) or _default(slot.default, values)
    return template.render(macro.body, given).strip()


def _default(text: str, values: Mapping[str, str]) -> str:
    rendered = template.render(text, values)
    return "" if template.open_slots(rendered) else rendered


def slot_defaults(macro: Macro, values: Mapping[str, str]) -> dict[str, str]:
    """What each slot is pre-filled with."""
    return {name: _default(slot.default, values) for name, slot in macro.head.ask.items()}


class Library:
    """Macros that one agent may use."""

    def __init__(self, macros: Iterable[Macro] = ()) -> None:
        self.all: dict[str, Macro] = {macro.id: macro for macro in macros}
        self.surge = False  # whether the macros for a rush are offered

    @classmethod
    def of_sources(cls, sources: Iterable[tuple[str, str]], teams: Iterable[str]) -> Library:
        """From (id, text) as they came over the feed; one that does not parse here is left out: the
        server that sent it is newer, and says so in its own lint."""
        mine = {"all", "personal", *(f"team:{team}" for team in teams)}
        found = []
        for key, text in sources:
            try:
                macro = parse(key, text)
            except Malformed:
                continue
            if macro.head.scope in mine:
                found.append(macro)
        return cls(found)

    def offered(self, language: str, now: datetime.datetime) -> list[Macro]:
        """One macro a group, in `language` if there is one, of those valid at local time `now`."""
        groups: dict[str, Macro] = {}
        for macro in self.all.values():
            minute = now.hour * 60 + now.minute
            if not macro.offered(now.date(), minute, surge=self.surge):
                continue
            known = groups.get(macro.group)
            if known is None or (macro.head.lang == language != known.head.lang):
                groups[macro.group] = macro
        return list(groups.values())

    def by_key(self, key: str, language: str, now: datetime.datetime) -> Macro | None:
        """The macro on function key `key`; a team's own goes before one for all."""
        found = [m for m in self.offered(language, now) if m.head.key == key]
        return min(found, key=lambda macro: macro.head.scope == "all", default=None)

    def by_short(self, short: str, language: str, now: datetime.datetime) -> Macro | None:
        """The macro called `/short` in either language, in the customer's language."""
        typed = next((m for m in self.all.values() if m.head.short == short), None)
        if typed is None:
            return None
        offered = self.offered(language, now)
        return next((macro for macro in offered if macro.group == typed.group), None)

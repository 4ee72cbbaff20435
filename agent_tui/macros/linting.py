"""What is wrong with macro files: errors, and warnings about files that are used all the same."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from agent_tui import frontmatter
from agent_tui.frontmatter import Problem
from agent_tui.lang import Both
from agent_tui.macros import library, template
from agent_tui.macros.model import PERSONAL, Example, Macro, conditions, group_of

SAMPLES = {
    "agent.name": "小青",
    "shop.name": "青禾生活",
    "now.date": "2026-11-02",
    "now.time": "10:30",
}


class Source(msgspec.Struct, frozen=True):
    """A macro and the text of its file."""

    macro: Macro
    text: str

    @property
    def name(self) -> str:
        """The path below macros/."""
        return f"{self.macro.id}.md"

    def line(self, key: str) -> int:
        """The line of a key of the front matter; 1 if it has none."""
        return frontmatter.line_of(self.text, key)

    def error(self, field: str, zh: str, en: str) -> Problem:
        """Something that has to be put right."""
        return Problem(self.name, self.line(field), Both(zh, en))

    def warning(self, field: str, zh: str, en: str) -> Problem:
        """Something that somebody should look at."""
        return Problem(self.name, self.line(field), Both(zh, en), warning=True)


class Outcome(msgspec.Struct, frozen=True):
    """What came of one test in a file. `missing` are the expected pieces that are not there."""

    number: int
    line: int
    text: str
    missing: tuple[str, ...] = ()


def lint(
    root: Path, today: datetime.date | None = None, instead: Mapping[str, str] | None = None
) -> tuple[list[Macro], list[Problem]]:
    """The macros below `root` that can be used, and what is wrong, by path and line; the tests in
    the files are run. `today` (default: of this machine) decides what has expired; `instead` are
    texts by id that files would have."""
    texts = instead or {}
    sources, problems = frontmatter.read_folder(
        root, lambda key, text: source(key, texts.get(key, text))
    )
    day = today or datetime.datetime.now().astimezone().date()
    for each in sources:
        problems += _alone(each, day)
        problems += _failed(each)
    for check in (_twice, _languages, _chains, _flows):
        problems += check(sources)
    problems.sort(key=lambda problem: (problem.path, problem.line))
    return [each.macro for each in sources], problems


def source(key: str, text: str) -> Source:
    """A file as lint sees it. Raises Malformed."""
    return Source(library.checked(key, text), text)


# --- one file ------------------------------------------------------------------------------------


def _alone(source: Source, today: datetime.date) -> Iterator[Problem]:
    head = source.macro.head
    if head.valid.to and head.valid.to < today:
        day = head.valid.to.isoformat()
        yield source.warning("valid", f"{day} 后已过期", f"expired since {day}")
    used = template.names(source.macro.body)
    for name in head.ask:
        if name not in used:
            yield source.warning(
                name, f"填空 {name} 在正文里没有用到", f"slot {name} is not in the text"
            )
    for name, wanted in conditions(head.when):
        if name == "language" and not all(each.isascii() and len(each) == 2 for each in wanted):
            yield source.error("when", "language 写成 zh、en 等", "language is written zh, en ...")
        if len(set(wanted)) < len(wanted):
            yield source.warning("when", f"{name} 里有重复", f"{name} says something twice")


def tests(source: Source) -> Iterator[Outcome]:
    """Run the tests in a file."""
    macro = source.macro
    places = [n for n, line in enumerate(source.text.split("\n"), 1) if "given:" in line]
    for number, example in enumerate(macro.head.tests):
        line = places[number] if number < len(places) else source.line("tests")
        text = rendered(macro, example)
        missing = tuple(piece for piece in example.expect if piece not in text)
        yield Outcome(number + 1, line, text, missing)


def rendered(macro: Macro, example: Example) -> str:
    """What a test makes of the macro."""
    return library.fill(macro, SAMPLES | example.given, example.given)


def _failed(source: Source) -> Iterator[Problem]:
    for outcome in tests(source):
        for piece in outcome.missing:
            what = Both(
                f"测试 {outcome.number}：结果里没有“{piece}”",
                f"test {outcome.number}: {piece!r} is not in the result",
            )
            yield Problem(source.name, outcome.line, what)


# --- several files -------------------------------------------------------------------------------


def _twice(sources: list[Source]) -> Iterator[Problem]:
    """Two macros on one key, or of one short name."""
    taken: dict[tuple[str, str, str], Source] = {}
    for each in sources:
        head = each.macro.head
        for kind, value in (("key", head.key), ("short", head.short)):
            if not value:
                continue
            # In different conditions one key may mean different things.
            when = str(msgspec.to_builtins(head.when)) if kind == "key" else ""
            channels = " ".join(sorted(head.channels)) if kind == "key" else ""
            place = (head.lang, head.scope, f"{kind} {value} {when} {channels}")
            other = taken.setdefault(place, each)
            if other is not each:
                there = f"{other.name}:{other.line(kind)}"
                yield each.error(
                    kind, f"{kind} {value} 已被 {there} 占用", f"{kind} {value} is {there}'s"
                )


def _languages(sources: list[Source]) -> Iterator[Problem]:
    """A suffix that says otherwise than `lang`, and versions that do different things."""
    groups: dict[str, list[Source]] = defaultdict(list)
    for each in sources:
        macro = each.macro
        suffix = macro.id.removeprefix(macro.group).removeprefix(".")
        if suffix and suffix != macro.head.lang:
            said = macro.head.lang
            yield each.error(
                "lang",
                f"文件名说是 {suffix}，lang 说是 {said}",
                f"its name says {suffix}, lang says {said}",
            )
        groups[macro.group].append(each)
    same: tuple[tuple[str, Callable[[Macro], object]], ...] = (
        ("key", lambda macro: macro.head.key),
        ("flow", lambda macro: (macro.head.flow, macro.head.step)),
        ("actions", lambda macro: macro.head.actions),
        ("after", lambda macro: macro.head.after),
    )
    for versions in groups.values():
        first, *others = versions
        for other in others:
            for field, value in same:
                if value(first.macro) != value(other.macro):
                    yield other.warning(
                        field,
                        f"{field} 与 {first.name}:{first.line(field)} 不同",
                        f"{field} differs from {first.name}:{first.line(field)}",
                    )


def _chains(sources: list[Source]) -> Iterator[Problem]:
    known = {each.macro.group for each in sources}
    for each in sources:
        for key in each.macro.head.then:
            if group_of(key) not in known and not key.startswith(f"{PERSONAL}/"):
                yield each.error(
                    "then", f"then：没有快捷回复 {key}", f"then: there is no macro {key}"
                )


def _flows(sources: Iterable[Source]) -> Iterator[Problem]:
    """Each flow has every step once in each of its languages."""
    flows: dict[tuple[str, str], dict[int, Source]] = defaultdict(dict)
    for each in sources:
        head = each.macro.head
        if not head.flow:
            continue
        steps = flows[head.flow, head.lang]
        other = steps.setdefault(head.step, each)
        if other is not each:
            there = f"{other.name}:{other.line('step')}"
            yield each.error(
                "step",
                f"{head.flow} 的第 {head.step} 步已是 {there}",
                f"step {head.step} of {head.flow} is {there} already",
            )
    for (flow, lang), steps in flows.items():
        missing = sorted(set(range(1, max(steps) + 1)) - set(steps))
        if missing:
            last = steps[max(steps)]
            yield last.error(
                "step",
                f"{flow}（{lang}）缺第 {missing[0]} 步",
                f"{flow} ({lang}) has no step {missing[0]}",
            )

"""What is wrong with a list of rules before a conversation meets it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache

from agent_tui.domain.lexicon import Lexicon, Spell
from agent_tui.domain.rules import Rule
from agent_tui.domain.staffing import Routing
from agent_tui.lang import Both

CIRCUMSTANCES = ("inbox", "channel", "customer_tags", "tier", "language", "order")
FoundIn = Callable[[str], frozenset[str]]  # which words of the list stand in a text
_GIVES = ("type", "team", "priority", "tags")


class RulesError(ValueError):
    """Something wrong at `place` ("rules[3].any"), and the way out.

    A `warning` is odd, but no reason to refuse the list.
    """

    def __init__(self, place: str, what: Both, hint: Both, *, warning: bool = False) -> None:
        super().__init__(f"{place}: {what}")
        self.place = place
        self.what = what
        self.hint = hint
        self.warning = warning


def check(
    rules: Sequence[Rule], teams: Collection[str] | None = None, spell: Spell | None = None
) -> list[RulesError]:
    """What is wrong, in the order of the list; unknown teams only where `teams` are given."""
    found_in = cache(Lexicon((word for rule in rules for word in rule.words), spell).found)
    found: list[RulesError] = []
    names: dict[str, int] = {}
    for n, rule in enumerate(rules):
        place = f"rules[{n}]"
        if rule.name in names:
            found.append(_twice(f"{place}.name", rule.name, names[rule.name]))
        names.setdefault(rule.name, n)
        found += _alone(place, rule, found_in)
        if teams is not None:
            found += _unknown_teams(place, rule, teams)
        found += _shadowed(place, rule, rules[:n], found_in)
    return found


def _twice(place: str, name: str, first: int) -> RulesError:
    return RulesError(
        place,
        Both(f"名字 {name} 已用于 rules[{first}]", f"the name {name} is taken by rules[{first}]"),
        Both("换一个名字", "give it another name"),
    )


def _alone(place: str, rule: Rule, found_in: FoundIn) -> Iterator[RulesError]:
    """What is wrong with one rule, whatever the others are."""
    if not any(getattr(rule, field) for field in ("any", "all", *CIRCUMSTANCES)):
        yield RulesError(
            place,
            Both(f"规则 {rule.name} 没有条件", f"rule {rule.name} has no condition"),
            Both(
                "写上 any 或 all；什么规则都不合的会话归收件箱的团队",
                "add any or all; what no rule matches goes to the inbox's team",
            ),
        )
    if not any(getattr(rule, field) for field in _GIVES):
        yield RulesError(
            place,
            Both(f"规则 {rule.name} 什么也没给", f"rule {rule.name} gives nothing"),
            Both("写上 type、team、priority 或 tags", "add type, team, priority or tags"),
        )
    for field in ("any", "all", "none"):
        words: tuple[str, ...] = getattr(rule, field)
        for m, word in enumerate(words):
            if word not in found_in(word):
                yield RulesError(
                    f"{place}.{field}[{m}]",
                    Both(f"“{word}”里没有字", f"'{word}' has no word in it"),
                    Both("写一个词，标点不算", "write a word; punctuation is none"),
                )
            elif word in words[:m]:
                yield RulesError(
                    f"{place}.{field}[{m}]",
                    Both(f"“{word}”写了两次", f"'{word}' is there twice"),
                    Both("删掉一个", "remove one"),
                )
    for m, word in enumerate(rule.any + rule.all):
        stops = [each for each in rule.none if each in found_in(word)]
        if stops:
            field, at = ("any", m) if m < len(rule.any) else ("all", m - len(rule.any))
            yield RulesError(
                f"{place}.{field}[{at}]",
                Both(
                    f"“{word}”永远不算：none 里有“{stops[0]}”",
                    f"'{word}' never counts: none has '{stops[0]}'",
                ),
                Both("从其中一处删掉", "remove it from one of them"),
            )


def unknown_teams(routing: Routing, teams: Collection[str]) -> list[RulesError]:
    """Every place of the rules and of `[routing.teams]` that names a team which is not there."""
    found = [
        each
        for n, rule in enumerate(routing.rules)
        for each in _unknown_teams(f"rules[{n}]", rule, teams)
    ]
    found += [
        _no_team(f"routing.teams.{team}", team, teams)
        for team in routing.teams
        if team not in teams
    ]
    return found


def _unknown_teams(place: str, rule: Rule, teams: Collection[str]) -> Iterator[RulesError]:
    named = [(f"{place}.team", rule.team)]
    named += [(f"{place}.examples[{m}].team", each.team) for m, each in enumerate(rule.examples)]
    for where, team in named:
        if team and team not in teams:
            yield _no_team(where, team, teams)


def _no_team(where: str, team: str, teams: Collection[str]) -> RulesError:
    near = difflib.get_close_matches(team, teams, n=1, cutoff=0.5)
    known = "、".join(sorted(teams)), ", ".join(sorted(teams))
    return RulesError(
        where,
        Both(f"没有团队 {team}", f"there is no team {team}"),
        Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?")
        if near
        else Both(f"现有：{known[0]}", f"there are: {known[1]}"),
    )


# --- what an earlier rule takes -------------------------------------------------------------------


def _shadowed(
    place: str, rule: Rule, earlier: Sequence[Rule], found_in: FoundIn
) -> Iterator[RulesError]:
    """Whatever an earlier rule decides before this one is asked: all of it, or some words."""
    rivals = [each for each in earlier if _wider(each, rule)]
    always = frozenset[str]().union(*(found_in(word) for word in rule.all))
    takers = [_taker(rivals, always | found_in(word)) for word in rule.any]
    if not rule.any:
        takers = [_taker(rivals, always)]
    if takers and all(takers):
        names = ", ".join(dict.fromkeys(each.name for each in takers if each))
        yield RulesError(
            place,
            Both(
                f"规则 {rule.name} 永远轮不到：前面的 {names} 全拿走了",
                f"rule {rule.name} is never reached: {names} before it takes everything",
            ),
            Both(f"移到 {names} 前面，或删掉", f"move it before {names}, or remove it"),
        )
        return
    for m, taker in enumerate(takers):
        if taker is not None:
            word = rule.any[m]
            yield RulesError(
                f"{place}.any[{m}]",
                Both(
                    f"“{word}”轮不到：前面的 {taker.name} 先拿走",
                    f"'{word}' is never reached: {taker.name} before it takes it",
                ),
                Both("删掉，或把规则前移", "remove it, or move the rule up"),
                warning=True,
            )


def _wider(one: Rule, other: Rule) -> bool:
    """Whether `one` asks for no circumstance, and leaves out no line, that `other` does not."""
    return set(one.none) <= set(other.none) and all(
        not getattr(one, field)
        or (getattr(other, field) and set(getattr(other, field)) <= set(getattr(one, field)))
        for field in CIRCUMSTANCES
    )


def _taker(rules: Sequence[Rule], there: frozenset[str]) -> Rule | None:
    """The first of `rules` that is sure to match where the words `there` stand."""
    return next(
        (
            rule
            for rule in rules
            if there.issuperset(rule.all) and (not rule.any or not there.isdisjoint(rule.any))
        ),
        None,
    )

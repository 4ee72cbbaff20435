"""Agents that are named in one line, as `陈晨、nora @zhang`, and which name is nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from agent_tui.desk.meant import guess
from agent_tui.domain.model import Agent
from agent_tui.lang import Both
from agent_tui.tui.spoken import spoken

SEPARATES = re.compile(r"[,，、;；]")
_BETWEEN_COMMAS = re.compile(r"[^,，、;；]+")
_BETWEEN_SPACES = re.compile(r"\S+")


class Named(msgspec.Struct, frozen=True):
    """A name as it is written at character `at`: whose it is, or what is wrong with it."""

    text: str
    at: int
    agent: Agent | None = None
    wrong: Both | None = None


def named(text: str, agents: Sequence[Agent]) -> list[Named]:
    """Every name of `text`: an account, a name, or how only one account or name in pinyin begins.

    They stand between commas; where there is none, between spaces, which are in some names.
    """
    return [_whose(name, at, agents) for name, at in _parts(text)]


def _parts(text: str) -> Iterator[tuple[str, int]]:
    pattern = _BETWEEN_COMMAS if SEPARATES.search(text) else _BETWEEN_SPACES
    for found in pattern.finditer(text):
        name = found[0].strip()
        if name:
            yield name, found.start() + found[0].index(name)


def _whose(text: str, at: int, agents: Sequence[Agent]) -> Named:
    wanted = text.removeprefix("@").casefold()
    fits = (
        [each for each in agents if each.id == wanted]
        or [each for each in agents if each.name.casefold() == wanted]
        or [each for each in agents if wanted and each.id.startswith(wanted)]
        or [each for each in agents if wanted and _sounds(each.name, wanted)]
    )
    if len(fits) == 1:
        return Named(text, at, fits[0])
    if fits:
        every = [f"@{each.id}" for each in fits]
        return Named(
            text, at, None, Both(f"可能是 {'、'.join(every)}", f"may be {', '.join(every)}")
        )
    near = guess(wanted, {word for each in agents for word in (each.id, each.name)})
    what = Both("没有这个坐席", "there is no such agent")
    if near is not None:
        what = Both(f"{what.zh}，{near.zh}", f"{what.en}, {near.en}")
    return Named(text, at, None, what)


def _sounds(name: str, wanted: str) -> bool:
    whole, *_ = *spoken(name).syllables, ""
    return whole.startswith(wanted.replace(" ", ""))

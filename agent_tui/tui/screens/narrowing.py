"""What can be picked, and what of it a typed text may mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent_tui.tui.spoken import spoken


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to pick. `words` are further words that the filter finds it by."""

    value: str
    title: str
    hint: str = ""
    words: str = ""


def matching(choices: Sequence[Choice], text: str) -> list[Choice]:
    """The choices that `text` may mean: those that begin with it first, then what holds it, as it
    is written before as it is spoken, last what has its letters in this order."""
    wanted = text.strip().lower()
    if not wanted:
        return list(choices)
    places = [(_place(wanted, choice), choice) for choice in choices]
    found = [(place, choice) for place, choice in places if place is not None]
    return [choice for _, choice in sorted(found, key=lambda each: (each[0], each[1].title))]


def _place(wanted: str, choice: Choice) -> int | None:
    texts = [choice.title.lower(), choice.value.lower(), choice.words.lower()]
    if any(each.startswith(wanted) for each in texts):
        return 0
    close = wanted.replace(" ", "")
    names = [spoken(each) for each in (choice.title, choice.words)]
    whole = (part for name in names for part in (*name.syllables[:1], name.initials))
    if any(part.startswith(close) for part in whole):
        return 1
    if any(wanted in each for each in texts):
        return 2
    if any(close in name.initials for name in names) or any(
        part.startswith(close) for name in names for part in name.syllables
    ):
        return 3
    return 4 if any(_subsequence(wanted, each) for each in texts) else None


def _subsequence(wanted: str, text: str) -> bool:
    letters = iter(text)
    return all(letter in letters for letter in wanted)

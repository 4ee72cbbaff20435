"""Finds intents by what somebody might call them: Chinese, pinyin, its initials, English, the id.

A name that begins with what was typed stands first, then one that holds it; what only resembles
one (a slip, a word of the description) comes from the same search that finds articles.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.tui.alsocalled import ALSO_CALLED
from agent_tui.tui.commands import BY_ID, INTENTS
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.spoken import spoken

if TYPE_CHECKING:
    from agent_tui.knowledge.index import SearchIndex

WRITING = Both("写和发", "writing")
THE_CHAT = Both("会话", "the chat")
GROUPS = {
    "navigate": Both("查看", "looking around"),
    "compose": WRITING,
    "writing": WRITING,
    "customer": WRITING,
    "aside": THE_CHAT,
    "conversation": THE_CHAT,
    "labels": THE_CHAT,
    "reading": Both("看消息", "reading a chat"),
    "knowledge": Both("知识", "answers"),
    "lead": Both("列表与组长", "the list, and leads"),
    "appearance": Both("版面", "what it looks like"),
    "program": Both("程序", "the program"),
}
MOST = 20
LEAST = 0.6
CLOSE = 25.0  # points: below them it shares a syllable with something, and means nothing like it
EXACT, BEGINS, HOLDS, ALSO, RESEMBLES = range(5)
ENOUGH = 2  # characters of another program's word by which it is known


def group_of(intent: type[Intent]) -> Both:
    """The heading that an intent stands under: what its module is about."""
    return GROUPS[intent.__module__.rpartition(".")[2]]


def found(text: str, intents: Sequence[type[Intent]] = INTENTS) -> list[type[Intent]]:
    """The intents that `text` may mean, the likeliest first; all of them for nothing."""
    from agent_tui.knowledge.spelled import Spelled

    wanted = Spelled(text).text
    if not wanted:
        return list(intents)
    among = set(intents)
    places = [(_place(wanted, intent), number) for number, intent in enumerate(intents)]
    sure = [intents[number] for at, number in sorted(places) if at < RESEMBLES]
    hits = _index().search(wanted, MOST)
    # Beside what is surely meant, only what resembles it about as well.
    least = LEAST * hits[0].score if sure and hits else CLOSE
    maybe = [BY_ID[hit.entry.id] for hit in hits if hit.score >= least]
    return list(dict.fromkeys([*sure, *(each for each in maybe if each in among)]))


def _place(wanted: str, intent: type[Intent]) -> int:
    close = wanted.replace(" ", "")
    names = _names(intent.id)
    if wanted in names or close in names:
        return EXACT
    if any(name.startswith((wanted, close)) for name in names):
        return BEGINS
    if any(wanted in name for name in names):
        return HOLDS
    also = _also(intent.id) if len(close) >= ENOUGH else ()
    return ALSO if any(name.startswith((wanted, close)) for name in also) else RESEMBLES


@cache
def _names(key: str) -> tuple[str, ...]:
    """An intent's, folded: both titles, the Chinese one's pinyin and initials, the id."""
    from agent_tui.knowledge.spelled import Spelled

    intent = BY_ID[key]
    chinese, english = Spelled(intent.title.zh).text, Spelled(intent.title.en).text
    said = spoken(intent.title.zh)
    name = intent.id.replace("_", " ")
    return (chinese, said.syllables[0], said.initials, english, name, name.replace(" ", ""))


@cache
def _also(key: str) -> tuple[str, ...]:
    """What others call it, folded, with the pinyin of what is Chinese."""
    from agent_tui.knowledge.spelled import Spelled

    spelled = [Spelled(name) for name in ALSO_CALLED.get(key, ())]
    spoken = [bytes(each.letters).decode("ascii", "ignore") for each in spelled]
    return (*(each.text for each in spelled), *filter(None, spoken))


@cache
def _index() -> SearchIndex:
    """Of every intent; some milliseconds, when somebody first looks for one."""
    from agent_tui.knowledge.entry import Entry
    from agent_tui.knowledge.index import SearchIndex

    return SearchIndex.build(
        Entry(
            kind="article",
            id=intent.id,
            title=intent.title.zh,
            questions=(
                intent.title.en,
                intent.id.replace("_", " "),
                *_clauses(intent.doc.zh, "；，：。"),
                *_clauses(intent.doc.en, ";,:."),
            ),
        )
        for intent in INTENTS
    )


def _clauses(text: str, marks: str) -> list[str]:
    for mark in marks:
        text = text.replace(mark, "\n")
    return [part.strip() for part in text.split("\n") if part.strip()]


def grouped() -> list[type[Intent]]:
    """All of them, those that are about the same thing together."""
    order = list(GROUPS.values())
    return sorted(INTENTS, key=lambda intent: order.index(group_of(intent)))

"""Queries as people mistype and shorten them, and which names explain such a query.

Each query takes one title (up to ten Chinese characters or five English words; of a longer title a
run of its words) and damages it once. A name explains the query as well as the wanted title does,
and is a tie, if read the way the query was made it is no further from it:

- typing errors: the name (or, if the query was made from a part of a title, some part of the
  name) is no more edits away from the query than the title is; for a homophone also a name that
  is said exactly like the query;
- pinyin, initials, mixed: the name is written exactly so, all of it, or a part if a part was asked;
- a part of a title, a code, an order number, words in another order: the name contains them;
- traditional and full-width: the name is, or contains, the undamaged text;
- abbreviations: word for word, each is the name's word, its beginning, or it without vowels.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from searching.reading import distance, is_han, plain
from searching.texts import Title

Fits = Callable[[str], bool]
Damaged = tuple[str, Fits]
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LEAST = {"zh": 4, "en": 8}


@dataclass(frozen=True, slots=True)
class Query:
    """What is typed, the title it was made from, and which names are as good."""

    kind: str
    text: str
    wanted: str
    fits: Fits


@dataclass(frozen=True, slots=True)
class Source:
    """The part of a title that is typed; `whole` if that is all of it."""

    text: str
    words: tuple[str, ...]
    whole: bool


def source(title: Title, chance: random.Random) -> Source:
    """All of a short title, some neighbouring words of a long one."""
    words = tuple(segment.strip() for segment in title.segments)
    longest = 10
    if title.language == "en":
        words, longest = tuple(title.text.split()), 5

    def size(some: Sequence[str]) -> int:
        return len(some) if title.language == "en" else sum(map(len, some))

    if size(words) <= longest:
        return Source(title.text, words, True)
    joint = " " if title.language == "en" else ""
    choices = [
        words[start:end]
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
        if size(words[start:end]) <= longest
        and len(joint.join(words[start:end])) > LEAST[title.language]
    ]
    if not choices:
        return Source(title.text, words, True)
    chosen = chance.choice(choices)
    return Source(joint.join(chosen), chosen, False)


def near(query: str, given: Source) -> Fits:
    wanted, asked = plain(given.text), plain(query)
    far = distance(asked, wanted, True)
    return lambda name: distance(asked, plain(name), given.whole) <= far


def same(given: Source) -> Fits:
    wanted = plain(given.text)
    return lambda name: plain(name) == wanted if given.whole else wanted in plain(name)


def swap(given: Source, chance: random.Random) -> Damaged | None:
    """Two neighbours changed places."""
    places = [
        at
        for at in letters(given)
        if at + 1 < len(given.text)
        and not given.text[at + 1].isspace()
        and given.text[at].lower() != given.text[at + 1].lower()
    ]
    if not places:
        return None
    at = chance.choice(places)
    text = given.text
    query = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return query, near(query, given)


def omission(given: Source, chance: random.Random) -> Damaged | None:
    """One character left out."""
    places = letters(given)
    if not places or len(given.text) <= (LEAST["zh"] if is_han(given.text) else LEAST["en"]):
        return None
    at = chance.choice(places)
    query = given.text[:at] + given.text[at + 1 :]
    return query, near(query, given)


def doubled(given: Source, chance: random.Random) -> Damaged | None:
    """One character typed twice."""
    places = letters(given)
    if not places:
        return None
    at = chance.choice(places)
    query = given.text[: at + 1] + given.text[at:]
    return query, near(query, given)


def letters(given: Source) -> list[int]:
    """Where a person mistypes: Chinese characters, and letters of words of four or more."""
    if is_han(given.text):
        return list(range(len(given.text))) if len(given.text) >= 4 else []
    if len(given.text) < LEAST["en"] or not given.text.isascii():
        return []
    places: list[int] = []
    at = 0
    for word in given.text.split(" "):
        if len(word) >= 4 and word.isalpha():
            places += range(at, at + len(word))
        at += len(word) + 1
    return places


def mistyped(text: str, at: int, chance: random.Random) -> str:
    match chance.randrange(4):
        case 0:
            return text[:at] + neighbour(text[at], chance) + text[at + 1 :]
        case 1:
            return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]
        case 2:
            return text[:at] + text[at + 1 :]
        case _:
            return text[: at + 1] + text[at:]


def neighbour(letter: str, chance: random.Random) -> str:
    for number, row in enumerate(_KEYS):
        if (at := row.find(letter.lower())) >= 0:
            beside = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
            if number:
                beside += _KEYS[number - 1][at : at + 1]
            return chance.choice(beside)
    return chance.choice("abcdefghijklmnopqrstuvwxyz".replace(letter.lower(), ""))


def part_of(title: Title, chance: random.Random) -> tuple[str, Fits] | None:
    """Some neighbouring words of the title, or its first or last ones cut short."""
    text, least = title.text, LEAST[title.language]
    if len(text) <= least:
        return None
    words = list(title.segments) if title.language == "zh" else text.split()
    joint = "" if title.language == "zh" else " "
    parts = [
        joint.join(words[start:end]).strip()
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    ]
    parts = [each for each in parts if least <= len(each) < len(text)]
    if not parts:
        return None
    query = chance.choice(parts)
    return query, lambda name: plain(query) in plain(name)


def order(title: Title, chance: random.Random) -> tuple[str, Fits] | None:
    """Two or three words of the title in another order, with spaces between."""
    least = LEAST[title.language]
    words = [word.strip() for word in title.segments]
    if title.language == "en":
        words = title.text.split()
    words = [word for word in words if len(word) >= (2 if title.language == "zh" else 3)]
    if len(words) < 2:
        return None
    chosen = sorted(chance.sample(range(len(words)), min(len(words), chance.choice((2, 2, 3)))))
    turned = list(chosen)
    while turned == chosen:
        chance.shuffle(turned)
    asked = [words[at] for at in turned]
    if sum(map(len, asked)) < least:
        return None
    return " ".join(asked), lambda name: all(plain(word) in plain(name) for word in asked)


def exact(title: Title, chance: random.Random) -> tuple[str, Fits] | None:
    """The product code or order number of the title, in small letters now and then."""
    words = [segment.strip() for segment in title.segments if segment.isascii()]
    exact = [word for word in words if " " not in word and sum(map(str.isdigit, word)) >= 4]
    if not exact:
        return None
    query = chance.choice((exact[0], exact[0].lower()))
    return query, lambda name: plain(query) in plain(name)

"""Knowledge entries from a seed: titles, questions and bodies as a shop would have them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from agent_tui.knowledge.articles import load
from agent_tui.knowledge.entry import KINDS, Entry
from searching import words_en, words_zh

CHINESE = 0.6
BODY = 400
_SLOT = re.compile(r"{(\w+)}")
_SHIPPED = Path(__file__).parents[2] / "kb"
_WORDS: dict[str, ModuleType] = {"zh": words_zh, "en": words_en}


@dataclass(frozen=True, slots=True)
class Title:
    """A title by its segments: what somebody would type as one word each."""

    language: str
    segments: tuple[str, ...]

    @property
    def text(self) -> str:
        """The title."""
        return "".join(self.segments)


def titles(count: int, seed: int) -> Iterator[Title]:
    """`count` titles, six of ten Chinese. Few come twice."""
    chance = random.Random(seed)
    seen: set[str] = set()
    for _ in range(count):
        language = "zh" if chance.random() < CHINESE else "en"
        for _ in range(4):
            title = _title(chance, language)
            if title.text not in seen:
                break
        seen.add(title.text)
        yield title


def entries(count: int, seed: int, *, bodies: bool = False) -> list[Entry]:
    """The shipped articles and generated entries, `count` in all."""
    made = shipped(bodies=bodies)[:count]
    chance = random.Random(seed + 1)
    for number, title in enumerate(titles(count - len(made), seed)):
        made.append(entry(f"g{number}", title, chance, bodies=bodies))
    return made


def entry(key: str, title: Title, chance: random.Random, *, bodies: bool = False) -> Entry:
    """An entry of this title with 0 to 3 questions, and a body of BODY characters if wanted."""
    words = _WORDS[title.language]
    questions = chance.choices((0, 1, 2, 3), (5, 3, 2, 1))[0]
    return Entry(
        kind=chance.choices(KINDS, (5, 3, 2))[0],
        id=key,
        title=title.text,
        questions=tuple(
            _fill(chance, words, chance.choice(words.QUESTIONS)) for _ in range(questions)
        ),
        body=body(chance, title.language) if bodies else "",
        language=title.language,
        label=chance.choice(words.CATEGORIES),
    )


def shipped(*, bodies: bool = False) -> list[Entry]:
    """The articles that come with the program."""
    return [
        Entry(
            kind="article",
            id=article.id,
            title=article.title,
            questions=article.questions,
            tags=article.tags,
            body=article.body if bodies else "",
            language=article.lang,
            audience="internal" if article.audience == "internal" else "public",
            label=article.category,
        )
        for article in load(_SHIPPED)[0]
    ]


def body(chance: random.Random, language: str, length: int = BODY) -> str:
    """Sentences, cut at `length` characters."""
    words, text = _WORDS[language], ""
    while len(text) < length:
        text += _fill(chance, words, chance.choice(words.SENTENCES))
    return text[:length]


def code(chance: random.Random) -> str:
    """A product code such as QH-2043B."""
    letters = "".join(chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=2))
    return f"{letters}-{chance.randrange(1000, 10_000)}{chance.choice(('', 'A', 'B', 'C', 'X'))}"


def order_number(chance: random.Random) -> str:
    """A day and a running number: 16 digits."""
    return (
        f"2026{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}{chance.randrange(10**8):08}"
    )


def _title(chance: random.Random, language: str) -> Title:
    words = _WORDS[language]
    weights = [weight for weight, _ in words.PATTERNS]
    pattern = chance.choices(words.PATTERNS, weights)[0][1]
    parts = [_fill(chance, words, part) for part in pattern.split("|")]
    if language == "en":
        parts[0] = parts[0][:1].upper() + parts[0][1:]
    return Title(language, tuple(parts))


def _fill(chance: random.Random, words: ModuleType, pattern: str) -> str:
    def draw(match: re.Match[str]) -> str:
        if match[1] == "code":
            return code(chance)
        if match[1] == "order":
            return order_number(chance)
        return str(chance.choice(words.SLOTS[match[1]]))

    return _SLOT.sub(draw, pattern)

"""Which words of a list stand in a line: Chinese anywhere, others as whole words, pinyin too.

Lines and words are folded first (NFKC, case, traditional to simplified). Addresses of web pages are
left out: what stands in a link is nothing that the customer said.

- A word with Chinese characters is found anywhere.
- Other words are found whole, with the usual endings (`refund` in "refunds", "refunded",
  "refunding"), never inside another word (`turn` not in "return"). Several words must follow each
  other, each with its endings.
- A word of two or more Chinese characters is also found as full pinyin, with or without spaces
  between syllables, at the beginning of a word or behind other syllables: 退款 in "tui kuan" and
  "woyaotuikuan". It takes five letters at least, and a line with no more English than pinyin in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

from agent_tui.domain.words import IS_ALONE

LONGEST = 4_000  # characters of a line that count: a question stands at the beginning
LEAST_LETTERS = 5  # of pinyin: below that too much of it is English (立刻 is "like")
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_RUN = re.compile(r"(?<![^\W_\u2e80-\uffff])[a-z]+(?:[ '-]+[a-z]+)*")
_LETTERS = re.compile(r"[a-z]+")
# English that could be pinyin ("like" is li ke): it says nothing about what a line is written in.
_ENGLISH = """
a age along an are aware bake balance banana base buying cake came can canceling care case
chance change chase china cuisine damage dance data date decide delete demanding die dining due
editing ensure entire fake fan fare future game gate guidance guide hang he here house huge
human lake lane language late lie like line locate long lose machine made make male man manage
mate me medicine men mi mine minute mo mobile mode more name nice nine no one open orange page
paying pen pending pie piece pin police ran range rate reduce refuse remaining remote rename
rice ride route run running sale same sang saying sense she shine side sing site size so song
suite sun sure take taken taxi ten tie time tire tuna tune wage waiting wake wanting we wide
wine women you
"""
_EITHER = frozenset(_ENGLISH.split())
_VOWELS = "aeiou"
_BEGINS_WITH_VOWEL = ("a", "e", "o")


class Spell(Protocol):
    """How text is folded, and how Chinese is spelled in pinyin."""

    @property
    def syllables(self) -> Collection[str]:
        """All that there are."""

    def fold(self, text: str) -> str:
        """`text` in the form in which it is compared."""

    def pinyin(self, word: str) -> tuple[str, ...]:
        """The syllables of a folded word; empty if not every character of it has a reading."""


class Plain:
    """Folds what needs no table, and knows no pinyin."""

    syllables: Collection[str] = frozenset()

    def fold(self, text: str) -> str:
        """NFKC and case."""
        return unicodedata.normalize("NFKC", text).casefold()

    def pinyin(self, word: str) -> tuple[str, ...]:
        """Nothing."""
        return ()


class Lexicon:
    """A list of words that can be looked for all at once. Takes some milliseconds to make."""

    def __init__(self, words: Iterable[str], spell: Spell | None = None) -> None:
        self._spell = spell or Plain()
        self._syllables = frozenset(self._spell.syllables)
        self._chinese: list[tuple[str, str]] = []  # as written, folded
        self._mixed: list[tuple[str, re.Pattern[str]]] = []
        self._phrases: dict[str, list[tuple[str, list[frozenset[str]]]]] = {}
        self._pinyin: list[tuple[str, str, frozenset[int]]] = []  # word, letters, syllables' ends
        for word in dict.fromkeys(words):
            self._add(word)

    def _add(self, word: str) -> None:
        folded = " ".join(self._fold(word).split())
        if not IS_ALONE.search(folded):
            phrase = [endings(token) for token in _tokens(folded)]
            for first in phrase[0] if phrase else ():
                self._phrases.setdefault(first, []).append((word, phrase))
            return
        if re.search(r"[a-z0-9]", folded):
            before = r"(?<![a-z0-9])" if folded[0].isascii() else ""
            after = r"(?![a-z0-9])" if folded[-1].isascii() else ""
            self._mixed.append((word, re.compile(before + re.escape(folded) + after)))
            return
        self._chinese.append((word, folded))
        spelled = self._spell.pinyin(folded) if len(folded) > 1 else ()
        letters = "".join(spelled)
        if len(letters) >= LEAST_LETTERS:
            ends = frozenset(len("".join(spelled[:n])) for n in range(1, len(spelled)))
            self._pinyin.append((word, letters, ends))

    def found(self, line: str) -> frozenset[str]:
        """The words, as they were written, that stand in `line`."""
        text = self._fold(line)
        found = {word for word, folded in self._chinese if folded in text}
        found.update(word for word, pattern in self._mixed if pattern.search(text))
        tokens = _tokens(text)
        for at, token in enumerate(tokens):
            for word, phrase in self._phrases.get(token, ()):
                rest = tokens[at : at + len(phrase)]
                if len(rest) == len(phrase) and all(
                    one in forms for one, forms in zip(rest, phrase, strict=True)
                ):
                    found.add(word)
        if self._pinyin and self._is_pinyin(text):
            for run in _RUN.finditer(text):
                found.update(self._spelled_in(_LETTERS.findall(run.group())))
        return frozenset(found)

    def _fold(self, text: str) -> str:
        return self._spell.fold(_ADDRESS.sub(" ", text[:LONGEST])).replace("\u2019", "'")

    # --- pinyin ----------------------------------------------------------------------------------

    def _is_pinyin(self, text: str) -> bool:
        """Whether some of its Latin words are pinyin, and no more of them are not."""
        telling = [each for each in _LETTERS.findall(text) if each not in _EITHER]
        return sum(divides(each, self._syllables) for each in telling) * 2 >= len(telling) > 0

    def _spelled_in(self, tokens: Sequence[str]) -> Iterator[str]:
        """The words that stand in Latin words which follow each other."""
        letters = "".join(tokens)
        starts = [0]  # where each token begins; the last is the end
        for token in tokens:
            starts.append(starts[-1] + len(token))
        for word, spelled, ends in self._pinyin:
            at = letters.find(spelled)
            while at >= 0:
                if self._stands(letters, starts, at, len(spelled), ends):
                    yield word
                    break
                at = letters.find(spelled, at + 1)

    def _stands(
        self, letters: str, starts: list[int], at: int, length: int, ends: frozenset[int]
    ) -> bool:
        """Whether the rest of its tokens is pinyin, and gaps lie between syllables."""
        end = at + length
        before = letters[max(each for each in starts if each <= at) : at]
        behind = letters[end : min(each for each in starts if each >= end)]
        return (
            all(each - at in ends for each in starts if at < each < end)
            and (not before or divides(before, self._syllables))
            and (not behind or divides(behind, self._syllables))
        )


@lru_cache(maxsize=4_000)
def divides(token: str, syllables: frozenset[str]) -> bool:
    """Whether `token` is syllables and nothing else.

    Within a word pinyin sets off a syllable that begins with a vowel (xi'an): only the first may.
    """
    if len(token) > 60:
        return False
    reached = {0}
    for end in range(1, len(token) + 1):
        for start in range(max(0, end - 6), end):
            piece = token[start:end]
            if (
                start in reached
                and piece in syllables
                and (start == 0 or not piece.startswith(_BEGINS_WITH_VOWEL))
            ):
                reached.add(end)
                break
    return len(token) in reached


def _tokens(text: str) -> list[str]:
    """The words of a folded text that are not Chinese."""
    return [each.removesuffix("'s") for each in _TOKEN.findall(IS_ALONE.sub(" ", text))]


def endings(word: str) -> frozenset[str]:
    """`word` and its regular forms: plural, past, present participle."""
    forms = {word}
    if len(word) < 3 or not word.isascii() or not word.isalpha():
        return frozenset(forms)
    last, before = word[-1], word[-2]
    hisses = word.endswith(("s", "x", "z", "ch", "sh"))
    if last == "y" and before not in _VOWELS:
        return frozenset({word, word[:-1] + "ies", word[:-1] + "ied", word + "ing"})
    forms.add(word + ("es" if hisses else "s"))
    if last == "o":
        forms.add(word + "es")
    if last == "e":
        forms.add(word + "d" if before != "e" or len(word) > 3 else word)
        forms.add((word if before in "eoy" else word[:-1]) + "ing")
        return frozenset(forms)
    closed = last not in "aeiouwxy" and before in _VOWELS and word[-3] not in _VOWELS
    if closed:
        forms.update((word + last + "ed", word + last + "ing"))
    if not closed or len(re.findall(r"[aeiouy]+", word)) > 1:
        forms.update((word + "ed", word + "ing"))
    return frozenset(forms)

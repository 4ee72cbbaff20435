"""What may be asked of past messages, and how it is understood."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import msgspec

from agent_tui.domain.model import MessageKind
from agent_tui.domain.words import BACKWARDS, IS_ALONE, LEAST_DIGITS, Folding, Word
from agent_tui.errors import UsageError
from agent_tui.lang import Both

LONGEST = 400  # characters of a query that count
_ITEM = re.compile(
    r"(?:(?P<filter>from|with|before|after)[:：])?"
    r'(?:["“”](?P<quoted>[^"“”]*)(?:["“”]|\Z)|(?P<plain>[^\s"“”]+))?',
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?(Z|[+-]\d\d:\d\d)?\Z")
_KINDS = {
    "customer": MessageKind.CUSTOMER,
    "客户": MessageKind.CUSTOMER,
    "agent": MessageKind.REPLY,
    "坐席": MessageKind.REPLY,
    "note": MessageKind.NOTE,
    "备注": MessageKind.NOTE,
}


class Term(msgspec.Struct, frozen=True):
    """Words that must follow each other. With `open`, the last may go on.

    With `ending`, digits backwards, a number that ends so fits as well.
    """

    words: tuple[str, ...]
    open: bool = False
    ending: str = ""

    @property
    def fts5(self) -> str:
        """As SQLite's FTS5 reads it. Words hold no quotes."""
        found = f'"{" ".join(self.words)}"' + (" *" if self.open else "")
        return f'({found} OR "{BACKWARDS}{self.ending}" *)' if self.ending else found

    @property
    def tsquery(self) -> str:
        """As PostgreSQL reads it."""
        found = " <-> ".join(f"'{word}'" for word in self.words) + (":*" if self.open else "")
        return f"({found} | '{BACKWARDS}{self.ending}':*)" if self.ending else f"({found})"

    def count(self, words: str) -> int:
        """How often it stands in `spaced` words."""
        phrase = " " + "  ".join(self.words)
        found = words.count(phrase if self.open else phrase + " ")
        return found + (words.count(f" {BACKWARDS}{self.ending}") if self.ending else 0)

    def spans(self, places: Sequence[Word]) -> list[tuple[int, int]]:
        """Where it stands in the text whose words are `places`."""
        found: list[tuple[int, int]] = []
        *first, last = self.words
        for at in range(len(places) - len(first)):
            end = places[at + len(first)]
            if any(places[at + n].text != word for n, word in enumerate(first)):
                continue
            if end.text == last:
                found.append((places[at].start, end.end))
            elif self.open and end.text.startswith(last):
                found.append((places[at].start, min(end.end, end.start + len(last))))
        digits = self.ending[::-1]
        if digits:
            ends = (each for each in places if each.text.endswith(digits))
            found += [(max(each.start, each.end - len(digits)), each.end) for each in ends]
        return found


class Filters(msgspec.Struct, frozen=True):
    """Which messages are looked at. Times are ms: `after` is the first that counts, `before` the
    first that does not. `names` must each stand in the customer's name."""

    kinds: frozenset[MessageKind] = frozenset()
    after: int | None = None
    before: int | None = None
    names: tuple[str, ...] = ()

    def __and__(self, other: Filters) -> Filters:
        """What passes both."""
        both = self.kinds & other.kinds if self.kinds and other.kinds else self.kinds | other.kinds
        nothing = self.kinds and other.kinds and not both
        starts = [each for each in (self.after, other.after) if each is not None]
        ends = [each for each in (self.before, other.before) if each is not None]
        before = 0 if nothing else min(ends, default=None)
        return Filters(both, max(starts, default=None), before, self.names + other.names)


EVERYTHING = Filters()


class Query(msgspec.Struct, frozen=True):
    """A question as it was understood. `plain` is its text without filters.

    `wordless`: there was text, but no word in it.
    """

    terms: tuple[Term, ...]
    where: Filters = EVERYTHING
    plain: str = ""
    wordless: bool = False

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing at all."""
        return self.wordless or (not self.terms and self.where == EVERYTHING)

    @property
    def undated(self) -> str:
        """The question as text again, but for its times."""
        kinds = [f"from:{name}" for name, kind in _KINDS.items() if kind in self.where.kinds]
        names = [f'with:"{name}"' for name in self.where.names]
        return " ".join([self.plain, *kinds, *names]).strip()

    def __and__(self, where: Filters) -> Query:
        """The same among fewer messages."""
        return msgspec.structs.replace(self, where=self.where & where)


class QueryError(UsageError):
    """A filter that cannot be understood. `start` and `end` are its place in the query."""

    def __init__(self, start: int, end: int, what: Both, hint: Both) -> None:
        super().__init__(
            Both(f"第 {start + 1} 个字符：{what.zh}", f"character {start + 1}: {what.en}"), hint
        )
        self.start = start
        self.end = end


def spaced(words: str) -> str:
    """Each word with a space before it and one behind it, none of which it shares."""
    return f" {words.replace(' ', '  ')} "


def parse(text: str, folding: Folding, zone: datetime.tzinfo | None = None) -> Query:
    """What `text` asks for. Days are those of `zone`; None is this machine's.

    Words stand for themselves whatever they are; only a filter can be wrong: raises QueryError.
    """
    text = text[:LONGEST]
    terms: list[Term] = []
    names: list[str] = []
    kinds: set[MessageKind] = set()
    limits: dict[str, list[int]] = {"after": [], "before": []}
    plain: list[str] = []
    at = 0
    while at < len(text):
        item = _ITEM.match(text, at)
        assert item is not None  # it may be empty
        if item.end() == at:
            at += 1
            continue
        at = item.end()
        quoted, value = item["quoted"], item["quoted"] or item["plain"] or ""
        match (item["filter"] or "").lower():
            case "from":
                kinds.add(_kind(item, value))
            case "with":
                names.append(_name(item, value, folding))
            case "before" | "after" as side:
                limits[side].append(_moment(item, value, zone))
            case _ if quoted is not None:
                plain.append(item.group())
                words = tuple(folding.words(quoted).split())
                words = tuple(each for each in words if not each.startswith(BACKWARDS))
                terms += [Term(words)] if words else []
            case _:
                plain.append(item.group())
                terms += _terms(value, folding)
    where = Filters(
        frozenset(kinds),
        max(limits["after"], default=None),
        min(limits["before"], default=None),
        tuple(names),
    )
    unique = tuple(dict.fromkeys(terms))
    return Query(unique, where, " ".join(plain), wordless=bool(plain) and not unique)


def _terms(text: str, folding: Folding) -> list[Term]:
    """A run of characters that are written without spaces is a phrase, everything else a word."""
    found: list[Term] = []
    run: list[str] = []
    end = 0
    for word in folding.places(text):
        alone = bool(IS_ALONE.match(word.text))
        if run and not (alone and word.start == end):
            found.append(Term(tuple(run)))
            run = []
        if alone:
            run.append(word.text)
            end = word.end
            continue
        digits = word.text.isascii() and word.text.isdecimal() and len(word.text) >= LEAST_DIGITS
        ending = word.text[::-1] if digits else ""
        found.append(Term((word.text,), open=len(word.text) > 1, ending=ending))
    return [*found, Term(tuple(run))] if run else found


def _kind(item: re.Match[str], value: str) -> MessageKind:
    found = _KINDS.get(value.lower())
    if found is None:
        raise QueryError(
            *item.span(),
            Both(f"不知道 {item.group()}", f"{item.group()}: nobody of that kind writes"),
            Both(
                "写成 from:customer、from:agent 或 from:note",
                "write from:customer, from:agent or from:note",
            ),
        )
    return found


def _name(item: re.Match[str], value: str, folding: Folding) -> str:
    found = " ".join(folding.fold(value).split())
    if not found:
        raise QueryError(
            *item.span(),
            Both("with: 后面没有名字", "with: names nobody"),
            Both('写成 with:王女士 或 with:"Li Wei"', 'write with:Wang or with:"Li Wei"'),
        )
    return found


def _moment(item: re.Match[str], value: str, zone: datetime.tzinfo | None) -> int:
    try:
        if not _DATE.match(value):
            raise ValueError
        moment = datetime.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        side = str(item["filter"]).lower()
        raise QueryError(
            *item.span(),
            Both(f"{item.group()} 不是日期", f"{item.group()} is no date"),
            Both(f"写成 {side}:2026-11-01", f"write {side}:2026-11-01"),
        ) from None

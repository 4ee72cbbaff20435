"""What the find pane shows: what was asked, and every find as a line or two that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from agent_tui.desk.likely import LIKELY
from agent_tui.desk.reasons import CATEGORIES, word
from agent_tui.domain.finding import Found
from agent_tui.domain.model import MessageKind
from agent_tui.knowledge.entry import Entry, Hit, Kind
from agent_tui.lang import Both
from agent_tui.text import ELLIPSIS, clip
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.lines import Piece

NUMBERED = 3  # finds that a key of their own inserts
BEFORE = 10  # characters of a message that stand before what was found in it
Row = Hit | Found
RowKey = tuple[str, ...]


class Only(StrEnum):
    """To what a prefix narrows a search."""

    ALL = ""
    MACROS = "/"
    ARTICLES = "?"
    PAST = "@"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of entries that are left; none for past conversations."""
        found: dict[Only, tuple[Kind, ...]] = {
            Only.ALL: ("article", "macro"),
            Only.MACROS: ("macro",),
            Only.ARTICLES: ("article",),
        }
        return found.get(self, ())

    @property
    def words(self) -> str:
        """What it narrows to."""
        return str(_NARROWED[self])


_NARROWED = {
    Only.ALL: Both("查找", "Find"),
    Only.MACROS: Both("只查宏", "Macros only"),
    Only.ARTICLES: Both("只查知识", "Articles only"),
    Only.PAST: Both("只查往来", "Past chats only"),
}
# As typed, as an input method in full width types it, and where its slash key types a comma.
_PREFIXES = {
    "/": Only.MACROS,
    "／": Only.MACROS,
    "、": Only.MACROS,
    "?": Only.ARTICLES,
    "？": Only.ARTICLES,
    "@": Only.PAST,
    "＠": Only.PAST,
}


class Asked(NamedTuple):
    """A query without its prefix, and what the prefix means."""

    only: Only
    text: str


def asked(text: str) -> Asked:
    """What the text of the box asks for."""
    only = _PREFIXES.get(text.lstrip()[:1], Only.ALL)
    return Asked(only, text.lstrip()[1:].strip() if only else text.strip())


def doubt(hits: Sequence[Hit]) -> Both | None:
    """What there is to say against `hits`, best first; None if they look like answers."""
    if not hits:
        return Both("没有这样的知识或宏", "no such article or macro")
    if hits[0].score < LIKELY:
        return Both("没有很像的", "nothing close")
    if not any(hit.verbatim for hit in hits[:NUMBERED]):
        return Both("没有一样的，只有相近的", "only similar ones")
    return None


def key_of(row: Row) -> RowKey:
    """What tells rows apart."""
    if isinstance(row, Hit):
        return row.entry.key
    return ("past", row.conversation, str(row.no))


def height_of(row: Row) -> int:
    """How many lines a row takes: another for what matched, if that is not the title."""
    return 1 if isinstance(row, Hit) and row.name in ("", row.entry.title) else 2


def lines_of(row: Row, number: int, width: int, today: str = "") -> list[list[Piece]]:
    """A row as lines of at most `width` cells; `number` is the one that inserts it, or 0. What does
    not hold `today`, an ISO date, is marked."""
    return _of_hit(row, number, width, today) if isinstance(row, Hit) else _of_message(row, width)


def _of_hit(hit: Hit, number: int, width: int, today: str) -> list[list[Piece]]:
    entry = hit.entry
    title = entry.title
    head: list[Piece] = [(f"{number} " if number else "  ", "find--number")]
    if entry.kind == "macro":
        head.append(("/ ", "find--macro"))
    elif entry.internal:
        head.append(("! ", "find--internal"))
    else:
        head.append(("? ", "find--dim"))
    room = width - 4
    label, color = _label(entry, today)
    # A category may go where the title needs the room; a key or a warning may not.
    if label and (color != "find--dim" or cell_len(title) + cell_len(label) < room):
        room -= cell_len(label) + 1
    else:
        label = ""
    spans = hit.spans if hit.name == title else ()
    weak = bool(hit.query) and hit.score < LIKELY
    middle = clipped(marked(title, spans, "find--dim" if weak else "find--title"), room)
    gap = " " * (room - _width(middle) + 1) if label else ""
    lines = [[*head, *middle, (gap, ""), (label, color)]]
    if height_of(hit) > 1:
        other = marked(hit.name, hit.spans, "find--dim")
        lines.append(clipped([("    ", ""), *other], width))
    return lines


def _label(entry: Entry, today: str) -> Piece:
    if not entry.holds(today):
        return str(Both("不在有效期", "not valid")), "find--internal"
    if entry.kind == "macro":
        return clip(entry.label, 12), "find--macro"
    if entry.internal:
        return str(Both("内部", "internal")), "find--internal"
    return clip(word(CATEGORIES, entry.label), 10), "find--dim"


def _of_message(found: Found, width: int) -> list[list[Piece]]:
    when = fmt.local(found.at).strftime("%m-%d %H:%M")
    head: list[Piece] = [("  ", ""), ("@ ", "find--past"), (found.name, "find--title")]
    right = f" {speaker(found)} {when}"
    start = max(0, found.spans[0][0] - BEFORE) if found.spans else 0
    text = found.text[start:].replace("\n", " ")
    spans = [(max(0, a - start), b - start) for a, b in found.spans if b > start]
    lead = ELLIPSIS if start else ""
    first = clipped(head, width - cell_len(right))
    gap = " " * max(0, width - _width(first) - cell_len(right))
    second = [("    " + lead, "find--dim"), *marked(text[: width * 2], spans, "find--dim")]
    return [[*first, (gap + right, "find--dim")], clipped(second, width)]


def speaker(found: Found) -> str:
    """Who said it, in a word."""
    if found.kind is MessageKind.CUSTOMER:
        return str(Both("客户", "customer"))
    return str(Both("备注", "note") if found.kind is MessageKind.NOTE else Both("坐席", "agent"))


def marked(text: str, spans: Iterable[tuple[int, int]], name: str) -> list[Piece]:
    """`text` on one line in class `name`, what lies in `spans` in that of a match."""
    text = text.replace("\n", " ")
    pieces: list[Piece] = []
    at = 0
    for start, end in spans:
        if start >= len(text):
            break
        pieces += [(text[at:start], name), (text[start:end], "find--match")]
        at = end
    return [piece for piece in [*pieces, (text[at:], name)] if piece[0]]


def clipped(pieces: Sequence[Piece], cells: int) -> list[Piece]:
    """`pieces` cut with an ellipsis so that they take at most `cells` cells."""
    if _width(pieces) <= cells:
        return list(pieces)
    found: list[Piece] = []
    room = cells - 1
    for text, name in pieces:
        size = cell_len(text)
        if size > room:
            found.append((set_cell_size(text, max(0, room)).rstrip(), name))
            break
        found.append((text, name))
        room -= size
    return [*found, (ELLIPSIS, "find--dim")] if cells > 0 else []


def _width(pieces: Iterable[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)

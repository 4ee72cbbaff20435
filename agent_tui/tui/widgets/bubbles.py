"""One message as lines: the customer left, us right, notes boxed, state signs at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len

from agent_tui.lang import Both
from agent_tui.text import clip, steady, wrap
from agent_tui.tui import format as fmt
from agent_tui.tui.targets import Kind, Target, targets
from agent_tui.tui.widgets.lines import Piece

SHARE = 0.8  # of the width that one message may take
MARKS = {
    "waiting": "transcript--waiting",
    "grace": "transcript--waiting",
    "held": "transcript--waiting",
    "uncertain": "transcript--waiting",
    "failed": "transcript--new",
}
LINK = "transcript--link"
SUSPECT = "transcript--suspect"


class Drawn(NamedTuple):
    """A line ready to draw. `size` characters of the text as it is shown (`text.steady`), from `at`
    on, begin with piece `lead`; where `at` is -1 there are none."""

    pieces: tuple[Piece, ...]
    at: int = -1
    size: int = 0
    lead: int = 1


Lines = tuple[Drawn, ...]


def customer(time: str, name: str, text: str, width: int) -> Lines:
    """What a customer wrote."""
    text = steady(text)
    limit = max(8, int(width * SHARE))
    head = Drawn(((f"{time} {clip(name, width - 6)}", "transcript--dim"),))
    return (
        head,
        *_body(text, limit - 2, "transcript--customer", lead="  "),
        *_beneath(text, "  ", limit - 2),
    )


def reply(head: str, state: str, words: str, text: str, width: int, why: str = "") -> Lines:
    """What one of us answered, and how far it came; `why` it did not, below it."""
    text = steady(text)
    limit = max(8, int(width * SHARE))
    parts = wrap(text, limit - 2)
    beneath = list(_beneath(text, "", limit - 2))
    block = max(cell_len(part) for part in (*parts, *(each.pieces[-1][0] for each in beneath)))
    indent = " " * max(0, width - block - 1)
    body = _body(text, limit - 2, "transcript--reply", lead=indent, parts=parts)
    below = (Drawn(((indent, ""), *each.pieces)) for each in beneath)
    return (state_line(head, state, words, width), *body, *below, *_why(why, state, width))


def state_line(head: str, state: str, words: str, width: int) -> Drawn:
    """Who answered when, and the sign and words of its state, at the right; of words that do not
    fit, the last part is left out."""
    room = width - 1 - cell_len(head)
    while cell_len(sign := f" {fmt.STATES.get(state, '')} {words}") > room and " · " in words:
        words = words.rpartition(" · ")[0]
    right = cell_len(head) + cell_len(sign)
    mark = MARKS.get(state, "transcript--dim")
    return Drawn(
        ((" " * max(0, width - right - 1), ""), (head, "transcript--dim"), (sign, mark)),
    )


def note(head: str, text: str, width: int) -> Lines:
    """What colleagues wrote among themselves."""
    text = steady(text)
    inner = max(8, width - 6)
    top = clip(f"┌ {head} " + "─" * width, width - 2).rstrip("…") + "─"
    bottom = clip("└" + "─" * width, width - 2).rstrip("…") + "─"
    color = "transcript--note"
    body = [
        line._replace(pieces=(*line.pieces, (_fill(line, inner), color)))
        for line in _body(text, inner, color, lead="  │ ")
    ]
    return (Drawn((("  " + top, color),)), *body, Drawn((("  " + bottom, color),)))


def centred(text: str, width: int, name: str) -> Drawn:
    """A line of the transcript itself, between messages."""
    return Drawn(((" " * max(0, (width - cell_len(text)) // 2) + text, name),))


def _fill(line: Drawn, inner: int) -> str:
    return " " * max(0, inner - sum(cell_len(text) for text, _ in line.pieces[line.lead :]))


def _why(why: str, state: str, width: int) -> Iterator[Drawn]:
    """Why it did not arrive, and which key deals with it, below the message on its right."""
    mark = MARKS.get(state, "transcript--dim")
    for part in wrap(why, max(8, width - 4)) if why else ():
        yield Drawn(((" " * max(0, width - cell_len(part) - 1) + part, mark),))


def _body(
    text: str, cells: int, name: str, *, lead: str, parts: list[str] | None = None
) -> Iterator[Drawn]:
    """The text wrapped, each line with its place in it, and what can be opened underlined."""
    found = targets(text)
    at = 0
    for part in wrap(text, cells) if parts is None else parts:
        at = max(at, text.find(part, at))
        yield Drawn(((lead, name), *_pieces(part, at, name, found)), at, len(part))
        at += len(part)


def _pieces(part: str, at: int, name: str, found: tuple[Target, ...]) -> Iterator[Piece]:
    done = 0
    for target in found:
        start, end = max(target.start - at, done), min(target.end - at, len(part))
        if start < end:
            if start > done:
                yield part[done:start], name
            yield part[start:end], _class(target, name)
            done = end
    if done < len(part) or not part:
        yield part[done:], name


def _class(target: Target, name: str) -> str:
    """How a target looks; only an address that says where it leads becomes a hyperlink."""
    if target.doubt is not None:
        return f"{name} {SUSPECT}"
    if target.kind is Kind.NUMBER or target.end - target.start != len(target.value):
        return f"{name} {LINK}"
    return f"{name} {LINK} {target.value}"


def _beneath(text: str, lead: str, cells: int) -> Iterator[Drawn]:
    """Pictures, files, and addresses that are not what they look like."""
    count = Counter[Kind]()
    for target in targets(text):
        if target.kind in (Kind.PICTURE, Kind.FILE):
            count[target.kind] += 1
            number = count[target.kind]
            words = (
                Both(
                    f"[图片 {number}：{target.name} · o 打开]",
                    f"[picture {number}: {target.name} · o opens]",
                )
                if target.kind is Kind.PICTURE
                else Both(
                    f"[文件 {number}：{target.name} · o 打开]",
                    f"[file {number}: {target.name} · o opens]",
                )
            )
            yield Drawn(((lead + clip(str(words), cells), "transcript--dim"),))
        if target.doubt is not None:
            words = Both(
                f"! {target.doubt.zh}，实际去往 {target.host}",
                f"! {target.doubt.en}; it leads to {target.host}",
            )
            for part in wrap(str(words), cells):
                yield Drawn(((lead + part, "transcript--new"),))

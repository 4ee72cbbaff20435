"""One conversation's lines: the customer left, us right, notes boxed, state signs at the end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import ClassVar, NamedTuple

from rich.cells import cell_len

from agent_tui.desk.desk import Line
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import TROUBLE, MessageKind
from agent_tui.lang import Both
from agent_tui.text import clip, fit, wrap
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.lines import LineView, Piece

SHARE = 0.8  # of the width that one message may take
MARKS = {
    "waiting": "transcript--waiting",
    "uncertain": "transcript--waiting",
    "failed": "transcript--new",
}


class Drawn(NamedTuple):
    """A line ready to draw."""

    pieces: tuple[Piece, ...]
    background: str = ""


class Transcript(LineView, can_focus=False):
    """Keeps its place: at the bottom it follows new messages, scrolled up it stays."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "transcript--customer",
        "transcript--reply",
        "transcript--note",
        "transcript--dim",
        "transcript--waiting",
        "transcript--new",
        "transcript--found",
    }
    DEFAULT_CSS = """
    Transcript { height: 1fr; padding: 0 1; }
    Transcript > .transcript--customer { color: $foreground; }
    Transcript > .transcript--reply { color: $primary; }
    Transcript > .transcript--note { color: $warning; }
    Transcript > .transcript--dim { color: $secondary; }
    Transcript > .transcript--waiting { color: $warning; text-style: bold; }
    Transcript > .transcript--new { color: $error; }
    Transcript > .transcript--found { background: $boost; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._key: ConversationId | None = None
        self._lines: list[Line] = []
        self._names: dict[str, str] = {}
        self._me = ""
        self._customer = ""
        self._now = 0
        self._hint = ""
        self._read_no = 0
        self._drawn: list[Drawn] = []
        self._follow = True
        self._starts: list[tuple[int, int]] = []  # number and first line of each message
        self._found = 0  # the message that a search led to

    def show(
        self,
        key: ConversationId | None,
        lines: list[Line],
        *,
        customer: str,
        names: dict[str, str],
        me: str,
        now: int,
        read_no: int,
        hint: str = "",
    ) -> None:
        """Show `lines` of conversation `key`. `read_no`: below it a line says that all is new.
        `hint`: what to do about a reply that did not arrive."""
        self._hint = hint
        if key != self._key:
            self._follow = True
            self._read_no = read_no
            self._found = 0
        self._key, self._lines, self._names = key, lines, names
        self._customer, self._me, self._now = customer, me, now
        self._draw()
        self._keep_place()

    def page(self, step: int) -> None:
        """Scroll a page up (-1) or down (1)."""
        self.scroll_relative(y=step * max(1, self.size.height - 2), animate=False, immediate=True)
        self._follow = self.scroll_offset.y >= self.max_scroll_y

    def end(self) -> None:
        """Go to the last line and stay with it."""
        self._follow = True
        self._keep_place()

    def _keep_place(self) -> None:
        if self._follow:
            self.scroll_end(animate=False, immediate=True)

    def go_to(self, no: int) -> None:
        """Show message `no`, marked, and stay there."""
        self._found = no
        self._draw()
        top = next((start for number, start in self._starts if number >= no), None)
        if top is not None:
            self._follow = False
            above = max(0, top - self.size.height // 3)
            self.scroll_to(y=above, animate=False, immediate=True, force=True)

    def on_mouse_scroll_up(self) -> None:
        """Reading back: new messages must not pull the text away."""
        self._follow = False

    def on_resize(self) -> None:
        """Wrap again for the new width."""
        self._draw()
        self._keep_place()

    def line_count(self) -> int:
        return len(self._drawn)

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        drawn = self._drawn[number]
        return list(drawn.pieces), drawn.background

    # --- drawing ---------------------------------------------------------------------------------

    def _draw(self) -> None:
        width = self.text_width
        drawn: list[Drawn] = []
        self._starts = []
        today = ""
        marked = self._read_no == 0
        for line in self._lines:
            message = line.message
            day = fmt.day(message.at, self._now)
            if day != today:
                today = day
                drawn.append(_centred(f"— {day} —", width, "transcript--dim"))
            if not marked and message.no > self._read_no and message.kind is MessageKind.CUSTOMER:
                marked = True
                words = str(Both("新消息", "new"))
                drawn.append(_centred(f"── {words} ──", width, "transcript--new"))
            self._starts.append((message.no, len(drawn)))
            lines = self._message(line, width)
            if message.no == self._found:
                lines = tuple(each._replace(background="transcript--found") for each in lines)
            drawn.extend(lines)
        self._drawn = drawn
        self.resized()
        self.refresh()

    def _message(self, line: Line, width: int) -> tuple[Drawn, ...]:
        message = line.message
        if message.kind is MessageKind.CUSTOMER:
            return _customer(fmt.clock(message.at), self._customer, message.text, width)
        author = self._names.get(message.author, message.author)
        head = f"{fmt.clock(message.at)} {author}"
        if message.kind is MessageKind.NOTE:
            words = Both("备注", "note")
            tail = f" {words}" + (" ~" if line.state == "waiting" else "")
            return _note(head + tail, message.text, width)
        hint = self._hint if line.state in TROUBLE else ""
        why = " · ".join(filter(None, (line.why, hint)))
        said = str(fmt.STATE_WORDS[line.state])
        return _reply(head, line.state, said, message.text, width, why)


@lru_cache(maxsize=20_000)
def _customer(time: str, name: str, text: str, width: int) -> tuple[Drawn, ...]:
    limit = max(8, int(width * SHARE))
    head = Drawn(((f"{time} ", "transcript--dim"), (clip(name, width - 6), "transcript--dim")))
    body = (Drawn((("  " + part, "transcript--customer"),)) for part in wrap(text, limit - 2))
    return (head, *body)


@lru_cache(maxsize=20_000)
def _reply(
    head: str, state: str, words: str, text: str, width: int, why: str = ""
) -> tuple[Drawn, ...]:
    limit = max(8, int(width * SHARE))
    parts = wrap(text, limit - 2)
    block = max(cell_len(part) for part in parts)
    indent = " " * max(0, width - block - 1)
    mark = MARKS.get(state, "transcript--dim")
    sign = f" {fmt.STATES[state]} {words}"
    right = cell_len(head) + cell_len(sign)
    top = [(" " * max(0, width - right - 1), ""), (head, "transcript--dim"), (sign, mark)]
    body = (Drawn(((indent + part, "transcript--reply"),)) for part in parts)
    return (Drawn(tuple(top)), *body, *_why(why, mark, width))


def _why(why: str, mark: str, width: int) -> Iterator[Drawn]:
    """Why it did not arrive, and which key deals with it, below the message on its right."""
    for part in wrap(why, max(8, width - 4)) if why else ():
        yield Drawn(((" " * max(0, width - cell_len(part) - 1) + part, mark),))


@lru_cache(maxsize=5_000)
def _note(head: str, text: str, width: int) -> tuple[Drawn, ...]:
    inner = max(8, width - 6)
    top = clip(f"┌ {head} " + "─" * width, width - 2)
    body = [f"│ {fit(part, inner)}" for part in wrap(text, inner)]
    bottom = clip("└" + "─" * width, width - 2)
    lines = [top.rstrip("…") + "─", *body, bottom.rstrip("…") + "─"]
    return tuple(Drawn((("  " + line, "transcript--note"),)) for line in lines)


def _centred(text: str, width: int, name: str) -> Drawn:
    return Drawn(((" " * max(0, (width - cell_len(text)) // 2) + text, name),))

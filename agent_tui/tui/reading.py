"""Reading a chat: a cursor over its messages, and what is done with the one that it is on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from agent_tui.desk.transcripts import Line
from agent_tui.domain.edits import unchangeable
from agent_tui.domain.model import Channel, MessageKind
from agent_tui.lang import Both
from agent_tui.text import steady
from agent_tui.tui import format as fmt
from agent_tui.tui.opening import Opening
from agent_tui.tui.searchchat import ChatSearch
from agent_tui.tui.targets import Kind, Target, targets

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

LONGEST_COPY = 200_000  # characters; terminals take no more through OSC 52
QUOTED = 400  # characters of a quotation
LOOKED_AT = 400  # messages in which the last link is looked for


class Reading:
    """The transcript has the keys, until Escape gives them back to where they were."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._back: Widget | None = None
        self._start: int | None = None  # where a range was begun
        self.opening = Opening(screen)
        self.search = ChatSearch(screen)

    @property
    def lines(self) -> Sequence[Line]:
        """The messages on the screen."""
        return self._screen.transcript.lines

    @property
    def active(self) -> bool:
        """Whether the transcript has the keys."""
        return self._screen.transcript.has_focus

    # --- coming and going ------------------------------------------------------------------------

    def enter(self, at: int | None = None) -> bool:
        """Put the cursor on message `at`, or on the last one in sight; false if there is none."""
        screen, transcript = self._screen, self._screen.transcript
        self.ensure_open()
        if not self.lines:
            screen.doing.say(Both("没有可看的消息", "there are no messages"))
            return False
        self.remember()
        transcript.can_focus = True
        screen.set_focus(transcript)
        if at is None and transcript.cursor is None:
            at = transcript.bottom()
        if at is not None:
            self.put(at)
        return True

    def ensure_open(self) -> None:
        """A chat is on the screen; without one, that under the cursor of the list."""
        screen = self._screen
        if screen.current is None and screen.queue.cursor is not None:
            screen.open(screen.queue.cursor)

    def remember(self) -> None:
        """Where the keys go back to."""
        focused = self._screen.focused
        if focused is not self._screen.transcript and not self.search.is_box(focused):
            self._back = focused

    def back(self) -> bool:
        """Escape: no range any more, or the keys go back to where they were; whether it did."""
        if not self.active:
            return False
        if self._start is not None:
            self._start = None
            self._mark()
        else:
            self.leave()
        return True

    def leave(self) -> None:
        """The keys go back to where they were."""
        screen = self._screen
        back = self._back if self._back is not None and self._back.is_attached else screen.composer
        screen.set_focus(back)
        self.focused()

    def focused(self) -> None:
        """Something has the focus: without it there is no cursor here."""
        screen = self._screen
        transcript = screen.transcript
        if self.active or self.search.is_box(screen.focused):
            return
        self.search.end()
        if transcript.can_focus:
            transcript.can_focus = False
            transcript.cursor = self._start = None
            self._mark()

    # --- moving ----------------------------------------------------------------------------------

    def put(self, at: int) -> None:
        """The cursor on message `at`."""
        transcript = self._screen.transcript
        transcript.cursor = max(0, min(at, len(self.lines) - 1))
        transcript.reveal(transcript.cursor)
        self._mark()

    def move(self, step: int) -> None:
        """Up (-1) or down (1); a message that is taller than the screen is read first."""
        transcript = self._screen.transcript
        if transcript.cursor is None:
            self.enter()
            return
        first, last = transcript.in_sight(transcript.cursor)
        if (step < 0 and not first) or (step > 0 and not last):
            transcript.scroll_lines(step * max(1, transcript.size.height // 2))
        elif 0 <= transcript.cursor + step < len(self.lines):
            self.put(transcript.cursor + step)

    def page(self, step: int) -> bool:
        """A page up or down with the cursor; false if it is not here."""
        transcript = self._screen.transcript
        if not self.active or transcript.cursor is None:
            return False
        transcript.page(step)
        at = transcript.top() if step < 0 else transcript.bottom()
        transcript.cursor = at
        self._mark()
        return True

    def first_unread(self) -> None:
        """To the first message that was new when the chat was opened; in one that nobody has read,
        to the first that waits for an answer."""
        self.ensure_open()
        transcript = self._screen.transcript
        at = transcript.first_new()
        if at is None:
            state = self._screen.doing.state()
            after = state.last_reply_no if state is not None else 0
            at = transcript.first_after(after)
        if at is None:
            self._screen.doing.say(Both("没有未读的消息", "nothing is unread"))
        elif self.enter(at):
            transcript.go_to(self.lines[at].message.no)

    def next_match(self, step: int) -> None:
        """To another match of what was searched, with the cursor."""
        at = self.search.step(step)
        if at is not None:
            self._screen.transcript.cursor = at
            self._mark()

    # --- taking ----------------------------------------------------------------------------------

    def mark(self) -> None:
        """Begin a range here; once more, no range."""
        self._start = self._screen.transcript.cursor if self._start is None else None
        self._mark()

    def _mark(self) -> None:
        transcript = self._screen.transcript
        if self._start is None or transcript.cursor is None:
            transcript.marked = range(0)
        else:
            low, high = sorted((self._start, transcript.cursor))
            transcript.marked = range(low, high + 1)
        transcript.refresh()
        self._screen.draw_status()

    def copy(self) -> None:
        """The message, or the marked range, to the clipboard."""
        if self._start is not None:
            self.copy_all()
            return
        line = self.line()
        if line is not None:
            self._screen.app.copy_to_clipboard(line.message.text)
            self._screen.doing.say(Both("已复制", "copied"), seconds=2)

    def copy_all(self) -> None:
        """The marked range, or the whole conversation, with times and names; no notes."""
        screen = self._screen
        marked = screen.transcript.marked
        chosen = [self.lines[at] for at in marked] if marked else list(self.lines)
        open_to_all = [line for line in chosen if line.message.kind is not MessageKind.NOTE]
        text = "\n".join(self._written(open_to_all))
        if len(text) > LONGEST_COPY:
            words = Both(
                f"太长（{len(text)} 字），用空格键标一段再复制",
                f"too long ({len(text)} characters): mark a part with the space bar",
            )
            screen.doing.say(words)
            return
        screen.app.copy_to_clipboard(text)
        count, notes = len(open_to_all), len(chosen) - len(open_to_all)
        left = Both(f"，{notes} 条备注没有复制", f", {notes} notes left out") if notes else ""
        words = Both(f"已复制 {count} 条{left}", f"copied {count} messages{left}")
        self._start = None
        self._mark()
        screen.doing.say(words, seconds=3)

    def _written(self, lines: Sequence[Line]) -> Iterator[str]:
        names = {str(key): agent.name for key, agent in self._screen.names.agents.items()}
        state = self._screen.doing.state()
        customer = state.customer.name if state else ""
        for line in lines:
            message = line.message
            ours = message.kind is not MessageKind.CUSTOMER
            name = names.get(message.author, message.author) if ours else customer
            when = fmt.local(message.at).strftime("%Y-%m-%d %H:%M")
            yield f"[{when}] {name}: {message.text}"

    def quote(self) -> None:
        """Put the message, or the marked range, into the composer as a quotation."""
        screen = self._screen
        transcript = screen.transcript
        here = self.line()
        lines = [self.lines[at] for at in transcript.marked] or ([here] if here else [])
        notes = any(line.message.kind is MessageKind.NOTE for line in lines)
        if notes and not screen.composer.note:
            words = Both("备注只给同事看，不能引用给客户", "a note is for colleagues: not quoted")
            screen.doing.say(words)
            return
        text = "\n".join(line.message.text for line in lines)
        if not text:
            return
        state = screen.doing.state()
        chat = state is not None and state.channel is not Channel.MAIL
        chinese = state is not None and state.customer.language == "zh"
        row, column = screen.composer.cursor_location
        lead = "\n" if screen.composer.document.get_line(row)[:column].strip() else ""
        self._start = None
        self._back = screen.composer
        self.leave()
        screen.composer.put(f"{lead}{quoted(text, corners=chat and chinese)}\n")

    # --- opening ---------------------------------------------------------------------------------

    async def open_here(self) -> None:
        """What the message at the cursor holds."""
        if found := self.targets():
            await self.opening.one_of(found)
        else:
            words = Both("这条里没有链接、图片或单号", "no link, picture or number in this message")
            self._screen.doing.say(words)

    async def open_last(self) -> None:
        """The last link or picture of the chat; without one, the last number."""
        self.ensure_open()
        recent = self.lines[-LOOKED_AT:]
        every = [target for line in recent for target in _targets_of(line)]
        links = [target for target in every if target.kind is not Kind.NUMBER]
        found = (links or every)[-1:]
        if found:
            await self.opening.one_of(tuple(found))
        else:
            words = Both(
                "这个会话里没有链接、图片或单号", "no link, picture or number in this chat"
            )
            self._screen.doing.say(words)

    def line(self) -> Line | None:
        """The message that the cursor is on."""
        at = self._screen.transcript.cursor
        return self.lines[at] if at is not None and at < len(self.lines) else None

    def targets(self) -> tuple[Target, ...]:
        """What the message at the cursor holds to open."""
        line = self.line()
        return _targets_of(line) if line is not None else ()

    def may_edit(self) -> bool:
        """Whether the message at the cursor was sent by the person here, and can still get other
        words."""
        screen, line = self._screen, self.line()
        state = screen.desk.conversation(screen.current) if screen.current else None
        if line is None or state is None or line.state in ("grace", "held"):
            return False
        message = line.message
        return unchangeable(state, message.kind, message.author, screen.desk.me) is None


def _targets_of(line: Line) -> tuple[Target, ...]:
    return targets(steady(line.message.text))


def quoted(text: str, *, corners: bool) -> str:
    """`text` as a quotation: in `corners` as Chinese chats have it, or as lines with `> `."""
    short = text if len(text) <= QUOTED else text[:QUOTED] + "…"
    if corners:
        return f"「{short}」"
    return "\n".join(f"> {line}".rstrip() for line in short.split("\n"))

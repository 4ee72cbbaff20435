"""The guided tour: says the next thing to press, and goes on when it was really done.

It runs over the real workstation with practice customers and watches what became of the keys, so it
cannot be wrong about the screen. Two Escapes, or the same command again, end it at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual.widgets import Static

from agent_tui.domain.model import MessageKind
from agent_tui.lang import Both
from agent_tui.tui.fitting import query

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

# "": real customers, no tour here; may: practice ones; offer: and this is the first start;
# run: begin at once.
Mode = Literal["", "may", "offer", "run"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `words` holds the keys in braces by intent id; `least` keys do it."""

    words: Both
    least: int
    is_done: Callable[[Tour], bool]
    looks_up: bool = False  # `words` hold what to look for in the open chat


class Tour:
    """Where the agent is in it; drawn in the strip above the panes."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._at = -1  # which step; -1: not running
        self._heard: set[str] = set()
        self._before = (0, 0)  # answers and notes when the step began
        self._pressed = 0  # of the meter, when the step began
        self._took: list[int] = []  # keys for each step that was done
        self._skipped = 0
        self._began = 0  # ms
        self._offering = False
        self._escaped = False
        self._query = ""  # what to look for, at the step that says so

    # --- beginning and ending --------------------------------------------------------------------

    def start(self) -> None:
        """With the workstation: begin at once, or offer it, or neither."""
        mode = self._screen.ui.tour
        if mode == "run":
            self.begin()
        elif mode == "offer":
            self._offering = True
            self._draw()

    def toggle(self) -> None:
        """The command: begin, or end what runs."""
        if self._at >= 0:
            self.leave()
        elif not self._screen.ui.tour:
            words = Both(
                "这里是真实的客户。导览用练习顾客：退出后运行 agent-tui tour",
                "these customers are real; the tour has its own: leave, then run agent-tui tour",
            )
            self._screen.doing.say(words, seconds=8)
        else:
            self.begin()

    def begin(self) -> None:
        """From the first step."""
        self._offering = False
        self._took, self._skipped = [], 0
        self._began = self._screen.desk.clock()
        self._go_to(0)

    def leave(self) -> None:
        """Take the strip away."""
        self._at, self._offering = -1, False
        self._draw()

    def skip(self) -> None:
        """Go on without this step."""
        if 0 <= self._at < len(STEPS):
            self._skipped += 1
            self._go_to(self._at + 1)

    def _go_to(self, step: int) -> None:
        self._at = step
        self._heard.clear()
        self._before = (self.answers, self.notes)
        self._pressed = self._screen.meter.pressed
        self._query = query(self._screen) if step < len(STEPS) and STEPS[step].looks_up else ""
        self._draw()

    # --- watching --------------------------------------------------------------------------------

    def key(self, key: str) -> None:
        """A key was pressed. Two Escapes in a row are meant for the tour."""
        if self._at < 0 and not self._offering:
            return
        twice, self._escaped = key == "escape" and self._escaped, key == "escape"
        if twice:
            self.leave()
        else:
            self._screen.call_after_refresh(self.look)

    def heard(self, intent: str) -> None:
        """An intent ran."""
        if self._at >= 0:
            self._heard.add(intent)
            self.look()

    def look(self) -> None:
        """Whether what was asked for has been done."""
        if not 0 <= self._at < len(STEPS):
            return
        if STEPS[self._at].is_done(self):
            self._took.append(self._screen.meter.pressed - self._pressed)
            self._go_to(self._at + 1)
        elif not self._at:
            self._draw()  # the first customer may have come

    def ran(self, *intents: str) -> bool:
        """Whether one of these ran since the step began."""
        return not self._heard.isdisjoint(intents)

    @property
    def screen(self) -> Workstation:
        """What is watched."""
        return self._screen

    @property
    def answers(self) -> int:
        """Replies sent so far."""
        return self._screen.meter.answers

    @property
    def notes(self) -> int:
        """Notes of mine in the open chat."""
        screen = self._screen
        if screen.current is None:
            return 0
        lines = screen.desk.transcript(screen.current)
        return sum(line.message.kind is MessageKind.NOTE for line in lines)

    @property
    def answered(self) -> bool:
        """Whether a reply was sent since the step began."""
        return self.answers > self._before[0]

    @property
    def noted(self) -> bool:
        """Whether a note was left since the step began."""
        return self.notes > self._before[1]

    @property
    def inserted(self) -> bool:
        """Whether something that was ready stands in the reply."""
        composer = self._screen.composer
        return bool(composer.text) and bool(self._screen.inserting.left(composer.text))

    # --- drawing ---------------------------------------------------------------------------------

    def relabel(self) -> None:
        """The language changed."""
        self._draw()

    def _draw(self) -> None:
        strip = self._screen.query_one("#tour", Static)
        strip.display = self._at >= 0 or self._offering
        if strip.display:
            strip.update(str(self._words()))

    def _words(self) -> Both:
        if self._offering:
            key, every = self._screen.keymap.shown("palette"), len(STEPS)
            return Both(
                f"第一次来？按 {key}，打 daolan，回车：三分钟学会 {every} 件事 · Esc Esc 不看",
                f"New here? {key}, type tour, Enter: {every} things in three minutes · Esc Esc: no",
            )
        if self._at >= len(STEPS):
            return self._summary()
        if not self._at and not self._screen.queue.order():
            return Both("导览：第一位顾客马上就到……", "Tour: the first customer is coming ...")
        count = f"{self._at + 1}/{len(STEPS)}"
        done = "✓ " if self._took and len(self._took) + self._skipped == self._at else ""
        step = STEPS[self._at].words.format(query=self._query, **self._keys())
        return Both(
            f"{done}{count} {step.zh} · Esc Esc 结束",
            f"{done}{count} {step.en} · Esc Esc ends",
        )

    def _keys(self) -> dict[str, str]:
        names = ("next_urgent", "macro_f2", "find", "note", "resolve_next", "undo", "help")
        return {name: self._screen.keymap.shown(name) for name in names}

    def _summary(self) -> Both:
        took, least = sum(self._took), sum(step.least for step in STEPS)
        seconds = (self._screen.desk.clock() - self._began) // 1000
        time = f"{seconds // 60}:{seconds % 60:02}"
        each = " ".join(map(str, self._took))
        skipped = self._skipped
        left = Both(f"，跳过 {skipped} 步", f", {skipped} skipped") if skipped else Both("", "")
        keys = self._keys()
        more, every = keys["next_urgent"], keys["help"]
        return Both(
            f"✓ 会了！{time}，按了 {took} 个键（{each}；最少 {least}）{left.zh} · "
            f"接下来 {more} 接着接待，{every} 看全部按键 · Esc Esc 收起",
            f"✓ Done! {time}, {took} keys ({each}; {least} at least){left.en} · "
            f"Next: {more} the next chat, {every} every key · Esc Esc closes",
        )


STEPS = (
    Step(
        Both("按 {next_urgent}：打开最急的会话", "{next_urgent}: open the chat that waits most"),
        1,
        lambda tour: tour.screen.current is not None,
    ),
    Step(
        Both(
            "按 {macro_f2}：插入欢迎语；它还没有发出",
            "{macro_f2}: insert a greeting; it is not sent yet",
        ),
        1,
        lambda tour: tour.inserted or tour.answered,
    ),
    Step(
        Both("看一眼，按 Enter 发出", "Look it over, then Enter sends it"),
        1,
        lambda tour: tour.answered,
    ),
    Step(
        Both(
            "按 {find}，打 ?{query}，Enter：插入找到的答案",
            "{find}, type ?{query}, Enter: the answer that is found is inserted",
        ),
        4,
        lambda tour: tour.ran("find") and (tour.inserted or tour.answered),
        looks_up=True,
    ),
    Step(
        Both("Enter 发出；有没填的空就先填上", "Enter sends it; an open slot is filled in first"),
        1,
        lambda tour: tour.answered,
    ),
    Step(
        Both(
            "按 {note}，写一句给同事看的备注，Enter：客户看不到",
            "{note}, write a note for colleagues, Enter: the customer never sees it",
        ),
        3,
        lambda tour: tour.noted,
    ),
    Step(
        Both(
            "按 {resolve_next}：标为已解决，下一个最急的就打开了",
            "{resolve_next}: resolved, and the next chat that waits most is open",
        ),
        1,
        lambda tour: tour.ran("resolve_next", "send_resolve_next"),
    ),
    Step(
        Both("解决错了？按 {undo}：撤销", "Resolved by mistake? {undo} undoes it"),
        1,
        lambda tour: tour.ran("undo"),
    ),
)

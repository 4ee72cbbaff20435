"""The usual tasks in a real terminal against a real server, at three sizes, in two languages, with
the keys of two presets, and a window that changes its size at every step.

CI runs six of the twelve combinations, so chosen that any two of size, language and preset meet.
AGENT_TUI_TERMINAL=full runs all twelve, and each step at every size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from agent_tui import config
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind, Status
from agent_tui.tui.commands import BY_ID
from agent_tui.tui.keymap import KeyMap
from tests.floor import Floor, shop
from tests.terminal.screen import Tty

pytestmark = pytest.mark.terminal
FULL = os.environ.get("AGENT_TUI_TERMINAL") == "full"
SIZES = ((24, 80), (36, 120), (60, 200))
PAIRWISE = [
    ((24, 80), "zh", "plain"),
    ((24, 80), "en", "vim"),
    ((36, 120), "zh", "vim"),
    ((36, 120), "en", "plain"),
    ((60, 200), "zh", "plain"),
    ((60, 200), "en", "vim"),
]
COMBOS = [*product(SIZES, ("zh", "en"), ("plain", "vim"))] if FULL else PAIRWISE
CUSTOMERS = (
    ("王女士", "收到的杯子碎了，怎么退"),
    ("Tom B.", "where is my parcel"),
    ("小鹿🦌", "M 还是 L 呢，168 / 58 👨‍👩‍👧"),
    ("陈先生", "退款说好三天，现在一周了，你们到底管不管"),
)


@pytest.fixture(scope="module")
def floors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Floor]]:
    """One server for all of them."""
    with shop(tmp_path_factory.mktemp("shop"), len(COMBOS)) as found:
        yield found


class Desk:
    """An agent in front of a terminal."""

    def __init__(self, floor: Floor, home: Path, size: tuple[int, int], language: str, preset: str):
        floor.profile(home / "data" / "profiles" / "default")
        folder = home / "config"
        folder.mkdir()
        text = f'[interface]\nlanguage = "{language}"\npreset = "{preset}"\n'
        (folder / "config.toml").write_text(text)
        self.keys = KeyMap.of(config.load(folder / "config.toml"))
        self.floor = floor
        self.size = size
        self.language = language
        self.tty = Tty(home, size)

    def does(self, intent: str, *, in_queue: bool = False) -> None:
        """Press an intent's key; in the queue its letter, if the preset has one."""
        letters, keys = self.keys.letters[intent], self.keys.everywhere[intent]
        chosen = (letters or keys) if in_queue else (keys or letters)
        if not chosen:
            self.tty.press(*self.keys.everywhere["palette"][:1])
            self.tty.types(intent)
            self.tty.shows(str(getattr(BY_ID[intent].doc, self.language))[:12])
            self.tty.press("enter")
        elif len(chosen[0]) == 2 and chosen[0] not in ("f1", "f2", "f3", "f4", "f5", "f6"):
            self.tty.press(*chosen[0])
        else:
            self.tty.press(chosen[0])

    def says(self, zh: str, en: str) -> None:
        """Wait until the screen says so in its language."""
        self.tty.shows(en if self.language == "en" else zh)

    def look(self, where: str) -> None:
        """The picture is sound, at this size and at others."""
        self.tty.sound(f"{where} at {self.size}")
        at = SIZES.index(self.size)
        others = [*SIZES[:at], *SIZES[at + 1 :]] if FULL else [SIZES[(at + 1) % 3]]
        for size in (*others, self.size):
            self.tty.resize(*size)
            self.tty.sound(f"{where} at {size}, from {self.size}")

    def server(self, key: ConversationId, what: str, condition: Callable[[], object]) -> None:
        """Wait until the server knows."""
        self.tty.until(condition, f"the server knows: {what} of {self.floor.state(key)}")


@pytest.mark.parametrize(("size", "language", "preset"), COMBOS)
def test_a_working_day(
    floors: Callable[[], Floor],
    tmp_path: Path,
    size: tuple[int, int],
    language: str,
    preset: str,
) -> None:
    floor = floors()
    keys = [floor.chat(name, text, language=language) for name, text in CUSTOMERS]
    zhang, wang, _ = floor.colleagues
    ten = [floor.chat(f"顾客{number}", "在吗") for number in range(10)]
    for key in keys:
        floor.gives(key, floor.me)
    for key in ten:
        floor.gives(key, zhang)
    floor.opens_the_doors()
    desk = Desk(floor, tmp_path, size, language, preset)
    tty, state = desk.tty, floor.state
    try:
        desk.says("我的 4", "mine 4")
        tty.settle()
        desk.look("the queue")
        first, second, third, _ = keys

        desk.does("next_urgent")
        tty.shows(CUSTOMERS[0][1][:6])
        desk.says("发送", "send")
        desk.look("an open chat")

        desk.does("macro_f2")
        desk.look("a macro in the composer")
        tty.press("enter")
        visitor = floor.visitors[first]
        desk.server(first, "the reply", lambda: len(visitor.texts()) == 2)
        desk.look("a sent reply")

        desk.does("find")
        tty.types("/huanying lao" if language == "zh" else "/welcome back")
        desk.look("a macro found")
        tty.press("enter")
        desk.look("a found macro in the composer")
        tty.press("enter")
        desk.server(first, "the macro", lambda: len(visitor.texts()) == 3)

        desk.does("find")
        tty.types("?yunfei" if language == "zh" else "?freight")
        desk.look("an article found")
        tty.press("enter")
        desk.look("an article in the composer")
        tty.press("enter")
        desk.server(first, "the article", lambda: len(visitor.texts()) == 4)

        desk.does("tag")
        tty.types("加急")
        desk.look("a picker")
        tty.press("enter")
        desk.server(first, "the tag", lambda: "加急" in state(first).tags)

        desk.does("note")
        tty.types("ask 张敏 about 运费")
        desk.look("a note being written")
        tty.press("enter")
        desk.server(first, "the note", lambda: _noted(floor, first))
        desk.look("a note")

        desk.does("show_card")
        desk.look("the customer's card")
        tty.press("escape")

        desk.does("resolve_next", in_queue=False)
        desk.server(first, "resolved", lambda: state(first).status is Status.RESOLVED)
        tty.shows(CUSTOMERS[1][1][:6])
        desk.look("the next chat")
        desk.does("undo")
        desk.server(first, "undone", lambda: state(first).status is not Status.RESOLVED)

        desk.does("snooze")
        desk.look("when to snooze until")
        tty.press("1")
        desk.server(second, "snoozed", lambda: state(second).status is Status.SNOOZED)
        desk.look("after snoozing")

        desk.does("next_urgent")
        tty.settle()
        desk.does("assign")
        tty.types(wang.id)
        desk.look("whom to assign to")
        tty.press("enter")
        desk.server(third, "assigned", lambda: wang.id in _owners(floor, keys))
        desk.look("after assigning")

        desk.does("filter")
        tty.types(f"agent:{zhang.id}")
        desk.look("a filter")
        tty.press("enter")
        desk.does("mark_all", in_queue=True)
        desk.says("已标 10", "marked 10")
        desk.look("ten marked")
        desk.does("assign")
        tty.press("enter")
        desk.says("Enter 执行", "Enter does it")
        desk.look("the dry run")
        tty.press("enter")
        desk.server(ten[0], "shared out", lambda: len(_owners(floor, ten)) > 1)
        tty.press("escape")
        desk.look("the queue again")

        for intent in ("help", "board", "wallboard", "palette"):
            desk.does(intent)
            tty.settle()
            desk.look(intent)
            tty.press("escape")
        assert not tty.log()
        desk.does("quit")
        assert tty.ends(), tty.text()
    finally:
        tty.close()


def _owners(floor: Floor, keys: list[ConversationId]) -> set[str | None]:
    return {floor.state(key).assignee for key in keys}


def _noted(floor: Floor, key: ConversationId) -> bool:
    lines = floor.serving.messages(key)
    return any(line.kind is MessageKind.NOTE and "运费" in line.text for line in lines)

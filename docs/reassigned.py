"""Draws docs/offline-*.svg: two real workstations in tmux, one of them cut off.

A lead gives Anna's chat to Bo while Anna is offline and answers. What both find when the line is
back is asserted, and captured.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from agent_tui import bootstrap
from agent_tui.bootstrap import Login
from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId
from agent_tui.paths import Profile
from docs.pictures import widened
from tests.driver import Serving, conversation_of, make_folder, until
from tests.faults.proxy import CALM, FAULTS, Proxy
from tests.flow.workstation import account

DOCS = Path(__file__).parent
SIZE = (100, 24)
REPLY = "实在抱歉让您收到破损的杯子。运费由我们承担，照片发来后 2 小时内为您审核退款。"


class Terminal:
    """One workstation in a tmux session of its own."""

    def __init__(self, root: Path, person: str, base: str, token: str) -> None:
        self._socket = f"picture-{os.getpid()}"
        self._name = person
        profile = Profile(root / person)
        bootstrap.write_login(profile, Login(base, token, account(person)))
        places = {
            "AGENT_TUI_HOME": root / "home",
            "AGENT_TUI_CONFIG": root / "config",
            "AGENT_TUI_PROFILE": profile.root,
        }
        settings = " ".join(f"{name}={value}" for name, value in places.items())
        command = f"{settings} {sys.executable} -m agent_tui --lang zh"
        size = ("-x", str(SIZE[0]), "-y", str(SIZE[1]))
        self.tmux("new-session", "-d", "-s", person, *size, command)
        self.tmux("set-option", "-t", person, "remain-on-exit", "on")  # what it says at its end

    def tmux(self, *arguments: str) -> str:
        """One tmux command."""
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        """Keys by their tmux names."""
        self.tmux("send-keys", "-t", self._name, *keys)

    def write(self, text: str) -> None:
        """Text as it stands."""
        self.tmux("send-keys", "-l", "-t", self._name, text)

    def shows(self, words: str, seconds: float = 30.0) -> None:
        """Wait until the screen shows `words`."""

        def found() -> bool:
            return words in self.screen()

        try:
            until(found, seconds)
        except AssertionError as error:
            raise AssertionError(f"{words} is not on the screen:\n{self.screen()}") from error

    def screen(self) -> str:
        """What it shows, without colours."""
        return self.tmux("capture-pane", "-p", "-t", self._name)

    def draw(self, name: str) -> None:
        """The screen as a picture."""
        time.sleep(0.5)
        seen = self.tmux("capture-pane", "-p", "-e", "-t", self._name)
        with Path(os.devnull).open("w") as nowhere:
            console = Console(
                record=True, width=SIZE[0], file=nowhere, force_terminal=True, legacy_windows=False
            )
            console.print(Text.from_ansi(seen.rstrip("\n")), end="")
            svg = console.export_svg(title=f"agent-tui · {self._name}")
        (DOCS / name).write_text(widened(svg), "utf-8")

    def end(self) -> None:
        """Close it, whatever it is doing."""
        self.tmux("kill-session", "-t", self._name)


def main() -> None:
    """Play it and draw both screens."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        serving = Serving(make_folder(root / "data")).start()
        try:
            with Proxy(serving, random.Random(1)) as proxy:
                play(root, serving, proxy)
        finally:
            serving.close()


def play(root: Path, serving: Serving, proxy: Proxy) -> None:
    """Raises AssertionError where a screen does not show what it must."""
    visitor = serving.visitor()
    visitor.say("收到的杯子碎了，怎么退？")
    key = conversation_of(serving, visitor)
    anna = Terminal(root, "anna", proxy.base, serving.token("anna"))
    bo = Terminal(root, "bo", serving.base, serving.token("bo"))
    try:
        for each in (anna, bo):
            each.shows("王女士")
        anna.press("C-n")
        anna.shows("杯子碎了")
        anna.press("C-k")
        until(lambda: serving.state(key).assignee == "anna")
        proxy.set(FAULTS["refused"])
        proxy.strand()
        anna.shows("离线")
        serving.agent("lee").applied(key, c.Assign(AgentId("bo")))
        anna.write(REPLY)
        anna.press("Enter")
        anna.shows("~1")
        anna.draw("offline-waiting.svg")
        proxy.set(CALM)
        anna.shows("已转给 bo")  # it opens by itself
        time.sleep(4)  # the notice of the claim goes
        anna.draw("offline-tray.svg")
        bo.press("C-n")
        bo.shows("Anna 的未发草稿")
        bo.draw("offline-offer.svg")
        assert REPLY not in [m.text for m in serving.messages(key)]
        bo.press("C-]")
        bo.shows("[草稿]")
        bo.press("Enter")
        until(lambda: [m.author for m in serving.messages(key)][-1] == "bo")
        assert visitor.texts()[-1] == REPLY
    finally:
        anna.end()
        bo.end()


if __name__ == "__main__":
    main()

"""What is being written, in the agent's own editor: $VISUAL, $EDITOR, or vi."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from agent_tui.lang import Both
from agent_tui.text import clean

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

LARGEST = 1_000_000  # bytes that come back; no reply is that long


class Failed(Exception):
    """The editor did not end well; what was written stays as it was."""

    def __init__(self, why: Both) -> None:
        super().__init__(str(why))
        self.why = why


def edit_outside(screen: Workstation) -> None:
    """Hand the text to the editor, and take what it leaves."""
    composer = screen.composer
    found: str | Failed
    try:
        with screen.app.suspend():  # no exception may leave it: the screen would not come back
            # Until the editor ends nothing here gets its turn: what was sent must not wait for it.
            screen.chat.keep_draft()
            screen.grace.flush()
            try:
                found = edited(composer.text, command())
            except Failed as failed:
                found = failed
    except SuspendNotSupported:
        found = Failed(Both("这里开不了外部编辑器", "no other editor can be opened here"))
    if isinstance(found, Failed):
        screen.doing.say(found.why)
    elif found != composer.text:
        composer.replace(found, (0, 0), composer.document.end, maintain_selection_offset=False)
    screen.set_focus(composer)


def command() -> list[str]:
    """The editor as words of a command line."""
    asked = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return shlex.split(asked) or ["vi"]
    except ValueError:
        return [asked]


def edited(text: str, editor: list[str]) -> str:
    """`text` as `editor` leaves it, in a file that nobody else can read. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="agent-tui-") as folder:  # mode 0700
        path = Path(folder) / "reply.txt"
        with open(path, "w", encoding="utf-8", opener=_private) as file:
            file.write(text)
        try:
            code = subprocess.run([*editor, str(path)], check=False).returncode
        except OSError as error:
            why = error.strerror or str(error)
            raise Failed(
                Both(f"打不开 {editor[0]}：{why}", f"cannot run {editor[0]}: {why}")
            ) from error
        if code != 0:
            raise Failed(Both("编辑器没有正常结束，内容没变", "the editor failed: nothing changed"))
        return _read(path, text)


def _read(path: Path, before: str) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise Failed(Both("太长了，内容没变", "too long: nothing changed"))
        found = clean(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(Both("读不回来，内容没变", "it cannot be read: nothing changed")) from error
    # Editors end the last line; what was written may not have.
    return found if before.endswith("\n") else found.removesuffix("\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

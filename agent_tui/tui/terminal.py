"""What is said to the terminal itself: its bell, its title, a notification of the desktop.

The only place that writes to it past Textual, which has no public way to do so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent_tui.text import clean_line

if TYPE_CHECKING:
    from textual.app import App

PROGRAM = "agent-tui"
# Terminals without a title, which would show what they are told.
UNTITLED = ("dumb", "linux", "vt100", "vt220")
# By $TERM_PROGRAM, else by how $TERM begins. What none of them is gets OSC 9, which most know and
# others pass over; a terminal behind ssh does not say its name.
PROGRAMS = {
    "WezTerm": "osc777",
    "ghostty": "osc777",
    "iTerm.app": "osc9",
    "WarpTerminal": "osc9",
    "vscode": "osc9",
    "Apple_Terminal": "off",
}
TERMS = {"xterm-kitty": "osc99", "foot": "osc777", "rxvt": "osc777", "xterm-ghostty": "osc777"}


def way(setting: str, environ: Mapping[str, str]) -> str:
    """off, osc9, osc777 or osc99: how this terminal shows a notification."""
    if setting != "auto":
        return setting
    term = environ.get("TERM", "")
    if term in UNTITLED:
        return "off"
    if "KITTY_WINDOW_ID" in environ:
        return "osc99"
    if "KONSOLE_VERSION" in environ:
        return "osc777"
    found = PROGRAMS.get(environ.get("TERM_PROGRAM", ""))
    if found is not None:
        return found
    return next((kind for begin, kind in TERMS.items() if term.startswith(begin)), "osc9")


def notification(kind: str, text: str) -> str:
    """The sequence that shows `text`, which is made harmless here; empty if there is none."""
    # A semicolon would end the field, and OSC 9 with a digit and a semicolon is no notification.
    words = clean_line(text, 200).replace(";", ",")
    if kind == "osc9":
        return f"\x1b]9;{PROGRAM}: {words}\x07"
    if kind == "osc777":
        return f"\x1b]777;notify;{PROGRAM};{words}\x07"
    if kind == "osc99":
        return (
            f"\x1b]99;i={PROGRAM}:d=0;{PROGRAM}\x1b\\\x1b]99;i={PROGRAM}:d=1:p=body;{words}\x1b\\"
        )
    return ""


def through(sequence: str, environ: Mapping[str, str]) -> str:
    """`sequence` so that a multiplexer hands it on (tmux: if `allow-passthrough` is on)."""
    if "TMUX" in environ:
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence


class Terminal:
    """The terminal that the app runs in."""

    def __init__(self, app: App[Any], environ: Mapping[str, str] = os.environ) -> None:
        self._app = app
        self._environ = environ
        self._title: str | None = None

    def bell(self) -> None:
        """Ring once."""
        self._app.bell()

    def notify(self, setting: str, text: str) -> None:
        """A notification of the desktop; where there is none, nothing."""
        sequence = notification(way(setting, self._environ), text)
        if sequence:
            self._write(through(sequence, self._environ))

    def title(self, text: str) -> None:
        """The window's title. What it was is kept where the terminal can."""
        words = clean_line(text, 80)
        if words == self._title or self._environ.get("TERM", "") in UNTITLED:
            return
        keep = "\x1b[22;2t" if self._title is None else ""
        self._title = words
        self._write(f"{keep}\x1b]2;{words}\x07")

    def restore(self) -> None:
        """The title that was there before."""
        if self._title is not None:
            self._title = None
            self._write("\x1b[23;2t")

    def _write(self, data: str) -> None:
        driver = self._app._driver
        if driver is not None and not self._app.is_headless:
            driver.write(data)

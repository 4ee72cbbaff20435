"""What is done with a find: insert, send, open, copy, correct."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from agent_tui.domain.finding import Found
from agent_tui.knowledge.entry import Entry
from agent_tui.lang import Both
from agent_tui.tui.previews import Previews
from agent_tui.tui.screens.article import ArticleScreen

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

Done = Callable[[], None]

OPEN_FIRST = Both("先打开一个会话", "open a chat first")


class Taking:
    """Each way ends in `done` when something left the pane."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._previews = Previews(screen)

    def offered_macros(self) -> list[str]:
        """The ids of the macros offered now, those on a key first."""
        offered = self._screen.inserting.moment().offered()
        keyed = sorted(offered, key=lambda macro: (not macro.head.key, macro.head.key, macro.id))
        return [macro.id for macro in keyed]

    # --- articles and macros ---------------------------------------------------------------------

    def entry(self, what: str, entry: Entry, done: Done) -> None:
        """`what` is one of insert, send, open, copy, correct."""
        screen = self._screen
        if what == "open":
            self._open(entry, done)
        elif what == "copy":
            self._copy(screen.inserting.text_of(entry))
        elif what == "correct":
            screen.suggesting.correct(entry)
        elif screen.current is None:
            screen.doing.say(OPEN_FIRST)
        elif screen.inserting.entry(entry, send=what == "send"):
            done()

    def _open(self, entry: Entry, done: Done) -> None:
        def closed(what: str | None) -> None:
            if what:
                self.entry(what, entry, done)

        lines = partial(self._previews.full, entry)
        self._screen.app.push_screen(ArticleScreen(entry.title, lines), callback=closed)

    def _copy(self, text: str) -> None:
        if not text:
            self._screen.doing.say(Both("仅供内部，不复制", "internal: not copied"))
            return
        self._screen.app.copy_to_clipboard(text)
        self._screen.doing.say(Both("已复制", "copied"), seconds=2)

    # --- past conversations ----------------------------------------------------------------------

    def message(self, what: str, found: Found, done: Done) -> None:
        """A customer's words are never inserted: taking them opens their conversation."""
        screen = self._screen
        if what == "copy":
            self._copy(found.text)
        elif what in ("send", "correct"):
            words = Both("这是往来消息：Enter 打开会话", "a past message: Enter opens its chat")
            screen.doing.say(words)
        elif screen.desk.conversation(found.conversation) is None:
            words = Both(
                "这个会话不在本机，只能看到这一条", "that chat is not here, only this message"
            )
            screen.doing.say(words)
        else:
            if found.conversation != screen.current:
                screen.open(found.conversation)
            done()
            screen.transcript.go_to(found.no)

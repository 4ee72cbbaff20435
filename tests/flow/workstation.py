"""An agent's machine without a screen: profile, desk and sync thread."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_tui import bootstrap
from agent_tui.bootstrap import Login
from agent_tui.desk.desk import Desk
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Agent
from agent_tui.paths import Profile
from agent_tui.store.cache import Changes
from tests.driver import PEOPLE, Serving


def account(person: str) -> Agent:
    """One of `PEOPLE`."""
    return next(each for each in PEOPLE if each.id == person)


class Workstation:
    """Opens a desk on a profile and syncs it; `pump` stands for the screen's thread."""

    def __init__(self, root: Path, login: Login) -> None:
        self.profile = Profile(root)
        self.login = login
        bootstrap.write_login(self.profile, login)
        self.links: list[str] = []
        self._news: queue.Queue[Changes] = queue.Queue()
        self.desk = bootstrap.open_desk(self.profile, login)
        self._link: bootstrap.Link | None = None

    @classmethod
    def of(cls, serving: Serving, root: Path, person: str = "anna") -> Workstation:
        """Logged in to `serving`."""
        login = Login(serving.base, serving.token(person), account(person))
        return cls(root, login)

    def connect(self) -> Workstation:
        """Start syncing."""
        self._link = bootstrap.Link(
            self.profile,
            self.login,
            on_change=self._news.put,
            on_link=lambda link, trouble: self.links.append(link),
        )
        self._link.start()
        return self

    def disconnect(self) -> None:
        """Stop syncing; the desk goes on."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def close(self) -> None:
        """The program ends."""
        self.disconnect()
        self.desk.close()

    def again(self) -> Workstation:
        """The program ends and is started anew, from its files alone."""
        self.close()
        return Workstation(self.profile.root, self.login)

    def pump(self) -> None:
        """Take the news to the desk."""
        while True:
            try:
                self.desk.refresh(self._news.get_nowait())
            except queue.Empty:
                return

    def until(self, condition: Callable[[Desk], Any], seconds: float = 40.0) -> Any:
        """The first true answer of `condition` of the desk."""
        end = time.monotonic() + seconds
        while True:
            self.pump()
            found = condition(self.desk)
            if found:
                return found
            assert time.monotonic() < end, f"not within {seconds} s; links: {self.links[-5:]}"
            time.sleep(0.02)

    def sends(self, key: ConversationId, text: str) -> None:
        """Send a reply that must be taken by the desk."""
        self.pump()
        refused = self.desk.writing.send(key, text)
        assert refused is None, refused
        if self._link is not None:
            self._link.ring()

    def types(self, key: ConversationId) -> None:
        """Tell the others so, while connected."""
        assert self._link is not None
        self._link.typing(key)

    def shows(self, key: ConversationId) -> list[tuple[str, str]]:
        """The transcript: text and state of each line."""
        self.pump()
        return [(line.message.text, line.state) for line in self.desk.transcript(key)]

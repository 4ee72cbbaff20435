"""Opens the workstation on a profile."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui import paths
from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.paths import Profile
from agent_tui.tui import first
from agent_tui.tui.app import WorkstationApp
from agent_tui.tui.leaving import leave_when_told

if TYPE_CHECKING:
    from agent_tui.bootstrap import Link, Login
    from agent_tui.config import Config
    from agent_tui.desk.desk import Desk
    from agent_tui.domain.protocol import Presence
    from agent_tui.store.cache import Changes
    from agent_tui.sync.history import MessageSearch
    from agent_tui.tui.tour import Mode


RARELY = (5_000, 10, 100)  # objects that came to stay until young, older and all are looked through


class ProfileParts:
    """Desk, settings and sync of one profile; what is heavy is loaded when it is asked for."""

    def __init__(self, profile: Profile, login: Login | None) -> None:
        self._profile = profile
        self._login = login

    def desk(self) -> tuple[Desk, Config, str]:
        """Raises ConfigError, StoreError, Unauthorized."""
        from agent_tui import bootstrap, config

        _one_heap()
        source = paths.config_home() / "config.toml"
        settings = config.load(source)
        self._profile.create()
        _log_to(self._profile)
        if self._login is None:
            self._login = bootstrap.require_login(self._profile)
        desk = bootstrap.open_desk(self._profile, self._login)
        if settings.semantic.provider != "off":
            from agent_tui.knowledge.semantic import Meaning

            desk.finding.meaning = Meaning.of(settings.semantic, self._profile.root)
        return desk, settings, str(source)

    def connect(
        self,
        on_change: Callable[[Changes], None],
        on_link: Callable[[str, str], None],
        on_presence: Callable[[Presence], None],
    ) -> Link:
        """The sync thread, not started."""
        from agent_tui import bootstrap

        assert self._login is not None
        # What is on the screen now stays for good: looking through thousands of chats for garbage
        # takes 0.1 s, between two keys; and what comes later is looked through less often.
        gc.freeze()
        gc.set_threshold(*RARELY)
        return bootstrap.Link(
            self._profile,
            self._login,
            on_change=on_change,
            on_link=on_link,
            on_presence=on_presence,
            attending=True,
        )

    def history(self) -> MessageSearch:
        """The search over past messages."""
        from agent_tui import bootstrap

        assert self._login is not None
        return bootstrap.history(self._profile, self._login)

    def notes(self) -> Path:
        """Beside the cache."""
        return self._profile.root

    def remember(self, picture: first.First) -> None:
        """Beside the cache."""
        first.save(self._profile.first, picture)


def workstation(
    profile: Profile,
    login: Login | None = None,
    *,
    band: str = "",
    notice: str = "",
    tour: Mode = "",
) -> int:
    """Run until the agent leaves; the exit code.

    Without `login`, the profile's own. `tour`: see there; the default is for real customers.
    Raises ConfigError, StoreError, Unauthorized; DeskError where the screen would not be seen.
    """
    if sys.__stdin__ is not None and sys.__stdin__.isatty() and not _is_seen():
        raise DeskError(
            Both(
                "标准错误被重定向了，界面画在那里", "standard error is redirected: it is the screen"
            ),
            Both("去掉 2> 再启动", "start without 2>"),
        )
    picture = first.load(profile.first)
    app = WorkstationApp(ProfileParts(profile, login), picture, band=band, notice=notice, tour=tour)
    leave_when_told(app)
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0


def _one_heap() -> None:
    """Have the threads that start from now on share one heap, where the C library is glibc.

    It gives each a heap of its own, which keeps what a search or a page of the feed once needed:
    40 MiB after some hundred keys. Only one thread runs Python at a time: none waits for it.
    """
    import ctypes

    arena_max = -8  # M_ARENA_MAX of <malloc.h>
    try:
        ctypes.CDLL(None).mallopt(arena_max, 1)
    except (AttributeError, OSError, TypeError):
        return  # another C library, which does not do this


def _is_seen() -> bool:
    return sys.__stderr__ is not None and sys.__stderr__.isatty()


def _log_to(profile: Profile) -> None:
    """What is worth knowing later goes to the profile's log; the terminal is the screen's."""
    import logging
    from logging.handlers import RotatingFileHandler

    handler = RotatingFileHandler(profile.log, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)

"""Puts concrete parts together: the only place that knows them all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from agent_tui import paths
from agent_tui.desk.desk import Desk
from agent_tui.domain.model import Agent
from agent_tui.domain.protocol import Presence
from agent_tui.errors import Unauthorized
from agent_tui.lang import Both
from agent_tui.paths import Profile
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox

if TYPE_CHECKING:
    from agent_tui.sync.history import MessageSearch


class Login(msgspec.Struct, frozen=True):
    """What a profile remembers of its account. The file is readable by its owner only."""

    url: str
    token: str
    agent: Agent
    expires_at: int = 0


def read_login(profile: Profile) -> Login | None:
    """The stored login; None if there is none or the file is not readable as one."""
    try:
        return msgspec.json.decode(profile.login.read_bytes(), type=Login)
    except (OSError, msgspec.MsgspecError):
        return None


def require_login(profile: Profile) -> Login:
    """The stored login. Raises Unauthorized."""
    login = read_login(profile)
    if login is None:
        way_out = Both(
            "运行 agent-tui login 地址，或先看 agent-tui demo",
            "run agent-tui login URL, or look at agent-tui demo",
        )
        demo = Profile(paths.data_home() / "demo" / "profile")
        if profile == default_profile() and demo.login.exists():
            way_out = Both(
                f"运行 agent-tui login 地址；要看演示的，前面加上 AGENT_TUI_PROFILE={demo.root}",
                f"run agent-tui login URL; for the demo, put AGENT_TUI_PROFILE={demo.root} before",
            )
        raise Unauthorized(Both("还没有登录", "not logged in"), way_out)
    return login


def write_login(profile: Profile, login: Login) -> None:
    """Store a login, whole or not at all."""
    profile.create()
    fresh = profile.login.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(login))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(profile.login)


def forget_login(profile: Profile) -> None:
    """Remove the login and wipe the cache; the outbox stays."""
    from agent_tui.store import sqlite

    profile.login.unlink(missing_ok=True)
    profile.first.unlink(missing_ok=True)
    sqlite.remove(profile.cache)
    shutil.rmtree(profile.cache.with_name("search"), ignore_errors=True)
    profile.cache.with_name("meanings.bin").unlink(missing_ok=True)


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    import time

    return time.time_ns() // 1_000_000


def open_desk(profile: Profile, login: Login, clock: Callable[[], int] = now_ms) -> Desk:
    """A desk over the profile's files. Raises StoreError."""
    profile.create()
    cache = Cache(profile.cache)
    try:
        return Desk(login.agent, cache, Outbox(profile.outbox), clock)
    except BaseException:
        cache.close()
        raise


def history(profile: Profile, login: Login) -> MessageSearch:
    """The search over past messages; one for each place that searches. See its docstring for which
    call to make from where; `close` it in the end."""
    from agent_tui.knowledge import simplified
    from agent_tui.sync.history import MessageSearch

    return MessageSearch(profile.cache, login.url, login.token, simplified.folding(), now_ms)


class Link:
    """The sync thread of a profile, and where its news goes."""

    def __init__(
        self,
        profile: Profile,
        login: Login,
        *,
        on_change: Callable[[Changes], None],
        on_link: Callable[[str, str], None],
        on_presence: Callable[[Presence], None] = lambda presence: None,
        attending: bool = False,
    ) -> None:
        # httpx costs more than the rest of a start together: it is loaded when syncing begins.
        from agent_tui.sync.runner import SyncThread

        self._thread = SyncThread(
            profile,
            login.url,
            login.token,
            on_change=on_change,
            on_link=on_link,
            on_presence=on_presence,
            attending=attending,
        )
        self.say = self._thread.say
        self.learn = self._thread.learn
        self.surge = self._thread.surge
        self.availability = self._thread.availability
        self.download = self._thread.download
        self.upload = self._thread.upload
        self.ring = self._thread.ring
        self.typing = self._thread.typing
        self.viewing = self._thread.viewing
        self.look_up = self._thread.look_up
        self.start = self._thread.start
        self.close = self._thread.close


def default_profile() -> Profile:
    """$AGENT_TUI_PROFILE, a name or a folder, else `default`."""
    return paths.default_profile()

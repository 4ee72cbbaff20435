"""One profile, several accounts: what one of them wrote is never sent in another's name."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from agent_tui import bootstrap
from agent_tui.cli import output
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.paths import Profile
from agent_tui.store.outbox import Outbox


def unsent(profile: Profile) -> int:
    """How many commands, tray items and drafts wait in the profile. Raises StoreError."""
    if not profile.outbox.exists():
        return 0
    outbox = Outbox(profile.outbox)
    try:
        waiting = len(outbox.pending()) + len(outbox.grace.rows())
        return waiting + len(outbox.tray.items()) + len(outbox.drafts.all())
    finally:
        outbox.close()


def hand_over(profile: Profile, agent: str) -> None:
    """Make the profile `agent`'s: another account's outbox is put aside, an own one is taken back.

    Being killed at any moment loses nothing: what lies here is always that of the account in the
    mark, or nothing does. Raises StoreError while another process has the profile open.
    """
    profile.create()
    before = _last_account(profile)
    if before and before != agent:
        with _alone(profile):
            bootstrap.forget_login(profile)  # and whatever else of the other account lies here
            _move(profile, profile.outbox.name, _aside(before))
        output.note(
            Both(
                f"{before} 未发送的内容另存在本机，该账号再登录时取回",
                f"unsent work of {before} is kept aside until that account logs in again",
            )
        )
    mark = profile.root / "account"
    if before != agent or not mark.exists():
        mark.write_text(agent + "\n", "utf-8")
    if not profile.outbox.exists():
        _move(profile, _aside(agent), profile.outbox.name)


def _last_account(profile: Profile) -> str:
    try:
        said = (profile.root / "account").read_text("utf-8").strip()
    except OSError:
        said = ""
    login = bootstrap.read_login(profile)
    return said or (login.agent.id if login else "")


def _aside(agent: str) -> str:
    # The id comes from a server: it must not choose a path.
    return f"outbox-{quote(agent, safe='')}.db"


@contextmanager
def _alone(profile: Profile) -> Iterator[None]:
    """While no other process syncs this profile."""
    with profile.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                Both("这个档案正被工作台使用", "a workstation has this profile open"),
                Both(
                    "先关闭它，或用 AGENT_TUI_PROFILE=名称 另开档案",
                    "close it first, or use another one with AGENT_TUI_PROFILE=NAME",
                ),
            ) from None
        yield


def _move(profile: Profile, old: str, new: str) -> None:
    """Rename a database with its side files, if there is one."""
    for suffix in ("", "-wal", "-shm"):
        path = profile.root / (old + suffix)
        if path.exists():
            path.replace(profile.root / (new + suffix))

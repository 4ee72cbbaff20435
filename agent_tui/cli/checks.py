"""What `doctor` looks at. Looking changes nothing: no file is made, migrated or rebuilt."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from agent_tui import __version__, bootstrap, paths
from agent_tui.bootstrap import Login
from agent_tui.cli import settings
from agent_tui.cli.asking import asked
from agent_tui.cli.shapes import Check, Health
from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.paths import Profile

SMALLEST = (80, 24)


def examine() -> Health:
    """Everything, in the order in which a person would ask."""
    profile = bootstrap.default_profile()
    login = bootstrap.read_login(profile)
    found = [
        _versions(),
        _config(),
        _folder(profile),
        _login(profile, login),
        _server(login),
        _database("cache", profile.cache),
        _database("outbox", profile.outbox),
        _terminal(),
    ]
    places = {
        "config": str(settings.location()),
        "data": str(paths.data_home()),
        "profile": str(profile.root),
        "log": str(profile.log),
        "shipped": str(paths.shipped()),
    }
    return Health(all(check.ok is not False for check in found), __version__, places, found)


def _versions() -> Check:
    serving = importlib.util.find_spec("starlette") is not None
    extra = "" if serving else str(Both("（没有服务端组件）", " (without the server)"))
    detail = f"agent-tui {__version__}{extra}, Python {platform.python_version()}, SQLite "
    return Check("versions", True, f"{detail}{sqlite3.sqlite_version}, {platform.system()}")


def _config() -> Check:
    path = settings.location()
    if not path.exists():
        return Check("config", None, str(Both("没有，用默认值", "none: defaults hold")))
    try:
        settings.load()
    except DeskError as error:
        return Check("config", False, str(error.title), str(error.hint))
    return Check("config", True, str(path))


def _folder(profile: Profile) -> Check:
    """The profile's folder, or the nearest folder above it that exists, can be written."""
    place = profile.root
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Check(
            "profile",
            False,
            str(Both(f"写不了 {place}", f"cannot write {place}")),
            str(Both("修改权限，或设 AGENT_TUI_HOME", "change its owner, or set AGENT_TUI_HOME")),
        )
    exists = place == profile.root
    if exists and profile.root.stat().st_mode & 0o077:
        return Check(
            "profile",
            False,
            str(Both(f"{place} 别人也能读", f"others can read {place}")),
            f"chmod 700 {place}",
        )
    return Check("profile", True if exists else None, str(profile.root))


def _login(profile: Profile, login: Login | None) -> Check:
    if login is None and profile.login.exists():
        return Check(
            "login",
            False,
            str(Both(f"读不了 {profile.login}", f"cannot read {profile.login}")),
            str(Both("重新登录：agent-tui login 地址", "log in again: agent-tui login URL")),
        )
    if login is None:
        return Check("login", None, str(Both("还没有登录", "not logged in")))
    who = f"{login.agent.id} ({login.agent.role}) @ {login.url}"
    if login.expires_at and login.expires_at <= bootstrap.now_ms():
        return Check(
            "login",
            False,
            str(Both(f"{who} 已过期", f"{who} has expired")),
            str(Both(f"agent-tui login {login.url}", f"agent-tui login {login.url}")),
        )
    return Check("login", True, who)


def _server(login: Login | None) -> Check:
    if login is None:
        return Check("server", None, "-")
    started = time.perf_counter()
    try:
        asyncio.run(asked(login, lambda wire: wire.session()))
    except DeskError as error:
        return Check("server", False, str(error.title), str(error.hint))
    took = (time.perf_counter() - started) * 1000
    return Check("server", True, f"{login.url}, {took:.0f} ms")


def _database(name: str, path: Path) -> Check:
    if not path.exists():
        return Check(name, None, str(Both("还没有", "not there yet")))
    size = sum(
        side.stat().st_size for side in (path, path.with_name(path.name + "-wal")) if side.exists()
    )
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        hint = (
            Both("下次启动时自动重建", "it is built again at the next start")
            if name == "cache"
            else Both(
                f"先另存它，再运行 sqlite3 {path.name} .recover",
                f"copy it away, then try: sqlite3 {path.name} .recover",
            )
        )
        return Check(name, False, f"{path}: {verdict}", str(hint))
    return Check(name, True, f"{size / 1024:.0f} KiB")


def _terminal() -> Check:
    if not sys.stdout.isatty():
        return Check("terminal", None, str(Both("输出不是终端", "output is not a terminal")))
    columns, lines = shutil.get_terminal_size()
    encoding = (sys.stdout.encoding or "").lower()
    colours = _colours()
    detail = f"{columns}x{lines}, {encoding}, {colours}, TERM={os.environ.get('TERM', '')}"
    if "utf" not in encoding:
        hint = Both("把 LANG 设成 UTF-8 的", "set LANG to a UTF-8 locale")
        return Check("terminal", False, detail, str(hint))
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        hint = Both("至少 80x24", "80x24 is the smallest that works")
        return Check("terminal", False, detail, str(hint))
    return Check("terminal", True, detail)


def _colours() -> str:
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16M colours"
    return "256 colours" if "256" in os.environ.get("TERM", "") else "16 colours"

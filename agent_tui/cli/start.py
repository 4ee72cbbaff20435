"""`agent-tui` alone: the workstation, or where a newcomer can begin."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agent_tui import errors, paths
from agent_tui.cli import output

if TYPE_CHECKING:
    from agent_tui.paths import Profile
    from agent_tui.practice.folder import Kind

WELCOME = """\
agent-tui · 终端里的客服工作台 · customer service in the terminal

还没有登录。可以先：            Not logged in yet. You can:

  d  看演示（模拟顾客）          look at the demo           agent-tui demo
  t  三分钟导览（模拟顾客）      a tour of three minutes    agent-tui tour
  p  练习接待（不联网）          practise, no network       agent-tui practice
  l  登录到服务端                log in to a server         agent-tui login URL
  q  离开                        leave
"""


def run() -> int:
    """The exit code of whatever was started."""
    profile = paths.default_profile()
    if not profile.login.exists():
        return _offer()
    return _open(profile)


def _open(profile: Profile) -> int:
    from agent_tui.cli import edge
    from agent_tui.workstation import workstation

    edge.leave_log_file()
    return workstation(profile)


def _offer() -> int:
    """Let a newcomer choose with one key; without a terminal, only say what there is."""
    output.note(WELCOME)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return errors.EXIT_NO_PERMISSION
    while True:
        match _key().lower():
            case "d" | "p" | "t" as key:
                from agent_tui.cli import edge
                from agent_tui.practice.session import run as session

                edge.leave_log_file()
                kind: Kind = "demo" if key == "d" else "practice"
                return session(kind, tour=key == "t")
            case "l":
                return _log_in()
            case "q" | "" | "\x1b" | "\x04":
                return errors.EXIT_OK
            case "\x03":
                raise KeyboardInterrupt


def _key() -> str:
    """One key press, without Enter."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        return sys.stdin.read(1)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _log_in() -> int:
    from agent_tui import bootstrap
    from agent_tui.cli import account

    url = output.answer("URL:")
    if not url:
        return errors.EXIT_OK
    profile = bootstrap.default_profile()
    account.enter(profile, url)
    return _open(profile)

"""A stand-in for the workstation in a process of its own: `python -m tests.practice.stub KIND`.

It prints one line once it is open, and stays until its input ends or it is killed.
"""

from __future__ import annotations

import sys
import time

from agent_tui.bootstrap import Login
from agent_tui.paths import Profile
from agent_tui.practice import session


def workstation(profile: Profile, login: Login, *, band: str = "", notice: str = "") -> int:
    """Stay open."""
    sys.stdout.write(f"open {login.url}\n")
    sys.stdout.flush()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    kind = sys.argv[1]
    assert kind in ("demo", "practice")
    sys.exit(session.run(kind, workstation=workstation))  # type: ignore[arg-type]

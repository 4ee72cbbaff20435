"""`tour`: the first things to know, done with one's own hands."""

from __future__ import annotations


def tour() -> None:
    """Three minutes with practice customers; says the next thing to press."""
    from agent_tui.cli import edge
    from agent_tui.practice.session import run

    edge.leave_log_file()
    raise SystemExit(run("practice", tour=True))

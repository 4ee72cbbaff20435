"""`doctor`: what is here, what works, and what to do about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from agent_tui import errors
from agent_tui.cli import output
from agent_tui.cli.options import Json
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.shapes import Health

SIGNS = {True: "✓", False: "✗", None: "-"}


def doctor(json: Json = False) -> None:
    """Check paths, settings, login, server, local files and terminal."""
    from agent_tui.cli import checks

    health = checks.examine()
    if json:
        output.document(health)
    else:
        _say(health)
    if not health.ok:
        raise typer.Exit(errors.EXIT_FAILED)


def _say(health: Health) -> None:
    output.say(f"agent-tui {health.version}")
    for name, path in health.paths.items():
        output.say(f"  {name:8} {path}")
    for check in health.checks:
        output.say(f"{SIGNS[check.ok]} {check.name:9} {check.detail}")
        if check.hint and check.ok is False:
            output.say(f"            {check.hint}")
    if health.ok:
        output.say(Both("一切正常", "all is well"))

"""Options that most commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from agent_tui.cli.output import words

Json = Annotated[bool, typer.Option("--json", help=words("输出 JSON", "print JSON"))]

"""What is loaded when: a start must not pay for what it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent_tui import __version__
from tests.cli.conftest import Cli, environment

HEAVY = ("textual", "httpx", "sqlalchemy", "starlette", "typer", "msgspec", "rich")


def loaded(code: str, home: Path) -> set[str]:
    """The top-level modules in a fresh interpreter after `code`."""
    program = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env=environment(home),
    )
    return set(done.stdout.splitlines()[-1].split())


def after(*arguments: str) -> str:
    return (
        "from agent_tui.__main__ import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass"
    )


def test_version_loads_almost_nothing(tmp_path: Path) -> None:
    found = loaded(after("--version"), tmp_path)
    assert found.isdisjoint(HEAVY)
    assert {name for name in found if name.startswith("agent_tui")} == {
        "agent_tui",
        "agent_tui.__main__",
    }


def test_bare_call_does_without_typer(tmp_path: Path) -> None:
    found = loaded(after(), tmp_path)
    assert found.isdisjoint({"typer", "textual", "httpx", "sqlalchemy", "starlette"})


def test_the_commands_load_neither_screen_nor_server(tmp_path: Path) -> None:
    found = loaded("import agent_tui.cli.app", tmp_path)
    assert found.isdisjoint({"textual", "httpx", "sqlalchemy", "starlette", "sqlite_utils"})


def test_serving_loads_no_screen(tmp_path: Path) -> None:
    found = loaded("import agent_tui.cli.app\nimport agent_tui.server.run", tmp_path)
    assert "agent_tui.server.app" in found
    assert found.isdisjoint({"textual", "agent_tui.tui", "agent_tui.workstation"})


@pytest.mark.parametrize("arguments", [("--version",), ("--lang", "zh", "--version")])
def test_version(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments, lang="")
    assert (done.code, done.out) == (0, f"agent-tui {__version__}\n")


def test_bare_call_without_terminal_offers_what_there_is(cli: Cli) -> None:
    done = cli(lang="")
    assert done.code == 77
    for word in ("agent-tui demo", "agent-tui practice", "agent-tui login", "演示", "demo"):
        assert word in done.err

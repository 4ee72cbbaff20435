"""One real server a test process, and the program called as a person would call it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_tui.__main__ import main

PASSWORD = "correct-horse"
CONFIG = """\
[limits]
web_session = "10000/minute"
web_address = "10000/minute"
login = "10000/minute"
login_account = "10000/minute"
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `agent-tui --lang en ARGUMENTS` in this process."""

    def run(*arguments: str, stdin: str = "", lang: str = "en") -> Result:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as end:
            main([*(("--lang", lang) if lang else ()), *arguments])
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Result(end.value.code, said.out, said.err)

    return run


@dataclass
class Server:
    """A running server with the accounts boss (admin) and anna (agent of after-sales)."""

    data: Path
    url: str
    http: httpx.Client = field(repr=False)

    def says(self, name: str, *texts: str) -> None:
        """A new visitor called `name` says `texts`."""
        visitor = self.http.post("/v1/web/web/session", json={"name": name}).json()["visitor"]
        for number, text in enumerate(texts, 1):
            self.http.post(
                "/v1/web/web/messages",
                json={"id": str(number), "text": text},
                headers={"Authorization": f"Bearer {visitor}"},
            ).raise_for_status()


def environment(home: Path) -> dict[str, str]:
    """This process's environment with home folders of its own."""
    place = {"AGENT_TUI_HOME": str(home / "data"), "AGENT_TUI_CONFIG": str(home / "config")}
    return {**os.environ, **place}


def make_folder(root: Path) -> None:
    """A data folder with the accounts that `Server` names."""
    from agent_tui.domain.ids import AgentId, TeamId
    from agent_tui.domain.model import Agent, Role
    from agent_tui.server import accounts, setup

    root.mkdir()
    (root / "config.toml").write_text(CONFIG)
    with setup.administration(setup.create(root)) as (_, writer):
        for agent in (
            Agent(AgentId("boss"), "Boss", Role.ADMIN),
            Agent(AgentId("anna"), "Anna", Role.AGENT, (TeamId("after-sales"),)),
        ):
            writer.run_now(accounts.save_agent(agent))
            writer.run_now(accounts.set_password(agent.id, PASSWORD))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server; it is stopped, cleanly, at the end."""
    place = tmp_path_factory.mktemp("served")
    data = place / "data"
    make_folder(data)
    command = [sys.executable, "-m", "agent_tui", "serve", "--data", str(data), "--port", "0"]
    with (
        (place / "log").open("w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment(place)
        ) as child,
    ):
        try:
            assert child.stdout is not None
            word, url = child.stdout.readline().split()
            assert word == "ready"
            with httpx.Client(base_url=url) as http:
                yield Server(data, url, http)
        finally:
            child.terminate()
            assert child.wait(30) == 0, (place / "log").read_text()


@pytest.fixture
def boss(server: Server, cli: Cli) -> Server:
    """The server, with boss logged in."""
    done = cli("login", server.url, "--name", "boss", "--password-stdin", stdin=PASSWORD)
    assert done.code == 0, done.err
    return server


@pytest.fixture
def folder(tmp_path: Path, template: Path) -> Path:
    """A data folder of one's own, not served."""
    import shutil

    return Path(shutil.copytree(template, tmp_path / "data"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to copy from."""
    root = tmp_path_factory.mktemp("template") / "data"
    make_folder(root)
    return root

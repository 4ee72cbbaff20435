"""Accounts, teams, inboxes and tokens on a data folder."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Server


def accounts(cli: Cli, folder: Path) -> dict[str, Any]:
    """Every account by its id."""
    return {
        each["id"]: each for each in cli("user", "list", "--json", "--data", str(folder)).json()
    }


def test_init_keeps_what_is_there(cli: Cli, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    done = cli("init", str(place))
    assert done.code == 0 and str(place) in done.out
    assert "agent-tui user add" in done.err and "agent-tui serve" in done.err
    (place / "config.toml").write_text('[shop]\nname = "另一家店"\n')
    assert cli("init", str(place)).code == 0
    assert "另一家店" in (place / "config.toml").read_text()
    assert {path.name for path in place.iterdir()} >= {"kb", "macros", "config.toml", "server.db"}


def test_life_of_an_account(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    made = cli("user", "add", "小王", "--team", "refunds", "--team", "logistics", *where)
    assert made.code == 0
    code = made.out.strip()
    assert f"--invite {code}" in made.err
    found = accounts(cli, folder)["小王"]
    assert found == {
        "id": "小王",
        "name": "小王",
        "role": "agent",
        "teams": ["refunds", "logistics"],
        "disabled": False,
        "password": False,
    }
    assert cli("user", "disable", "小王", *where).code == 0
    assert accounts(cli, folder)["小王"]["disabled"]
    assert cli("user", "enable", "小王", *where).code == 0
    assert not accounts(cli, folder)["小王"]["disabled"]

    assert accounts(cli, folder)["anna"]["password"]
    assert cli("user", "reset", "anna", *where, "--json").json()["invite"]
    assert not accounts(cli, folder)["anna"]["password"]
    assert len(cli("invite", "anna", *where).out.strip()) > 20
    listed = cli("user", "list", *where).out
    assert "anna  agent  after-sales  Anna  no password yet" in listed


def test_an_account_of_a_folder_without_any(cli: Cli, tmp_path: Path) -> None:
    where = ("--data", str(tmp_path / "shop"))
    cli("init", where[1])
    for command in (("disable", "li"), ("set", "li", "--skill", "x")):
        done = cli("user", *command, *where)
        assert (done.code, done.err.splitlines()[0]) == (3, "agent-tui: there is no account li")


@pytest.mark.parametrize(
    ("options", "capacity"),
    [
        (("--role", "lead"), 0),
        (("--role", "admin"), 0),
        (("--role", "lead", "--capacity", "default"), None),
        (("--capacity", "2"), 2),
        ((), None),
    ],
)
def test_who_leads_is_given_chats_only_if_told(
    cli: Cli, folder: Path, options: tuple[str, ...], capacity: float | None
) -> None:
    where = ("--data", str(folder))
    done = cli("user", "add", "kim", "--team", "after-sales", *options, *where)
    assert ("user set kim --capacity default" in done.err) == (capacity == 0)
    found = cli("user", "set", "kim", "--no-floating", "--json", *where).json()
    assert found["capacity"] == capacity


def test_password_instead_of_an_invite(cli: Cli, folder: Path) -> None:
    add = ("user", "add", "kim", "--role", "lead", "--password-stdin", "--data", str(folder))
    short = cli(*add, stdin="short\n")
    assert short.code == 2 and "at least 8" in short.err
    done = cli(*add, stdin="long-enough\n")
    assert (done.code, done.out) == (0, "made the account kim\n")
    assert "sees no conversation" in done.err  # a lead without a team
    assert accounts(cli, folder)["kim"]["password"]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("user", "add", "x", "--team", "nowhere"), 3, "there are: after-sales"),
        (("user", "add", "x", "--role", "king"), 2, "king"),
        (("user", "add", "anna"), 2, "exists already"),
        (("user", "add", "system"), 2, "cannot be an id"),
        (("user", "add", "a b"), 2, "cannot be an id"),
        (("user", "disable", "nobody"), 3, "there are: anna boss"),
        (("user", "set", "nobody", "--skill", "x"), 3, "there is no account nobody"),
        (("user", "reset", "nobody"), 3, "there is no account nobody"),
        (("invite", "nobody"), 3, "there is no account nobody"),
        (("team", "add", "refunds", "--name", "x", "--name-en", "x"), 2, "exists already"),
        (("team", "add", "Bad Id", "--name", "x", "--name-en", "x"), 2, "cannot be an id"),
        (("inbox", "add", "web", "--team", "refunds", "--title", "x", "--title-en", "x"), 2, "web"),
        (("inbox", "add", "b", "--team", "no", "--title", "x", "--title-en", "x"), 3, "no team no"),
    ],
)
def test_refusals(cli: Cli, folder: Path, command: tuple[str, ...], code: int, words: str) -> None:
    done = cli(*command, "--data", str(folder))
    assert done.code == code
    assert words in done.err
    assert done.out == ""


def test_team_and_inbox(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    assert cli("team", "add", "vip", "--name", "贵宾", "--name-en", "VIP", *where).code == 0
    made = cli(
        "inbox", "add", "mini", "--team", "vip", "--title", "小程序", "--title-en", "App", *where
    )
    assert made.code == 0
    assert cli("user", "add", "vera", "--team", "vip", *where).code == 0


def test_accounts_and_teams_are_known_by_their_names(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    add = ("user", "add", "wei", "--name", "张伟", "--team", "售后", "--team", "Logistics")
    assert cli(*add, *where).code == 0
    assert accounts(cli, folder)["wei"]["teams"] == ["after-sales", "logistics"]
    assert cli("user", "disable", "张伟", *where).out == "wei is disabled\n"
    box = ("inbox", "add", "app", "--team", "售后", "--title", "小程序", "--title-en", "App")
    assert cli(*box, *where).code == 0


def test_a_running_server_learns_of_it(cli: Cli, server: Server) -> None:
    add = ("user", "add", "new", "--team", "after-sales", "--password-stdin")
    assert cli(*add, "--data", str(server.data), stdin="long-enough").code == 0
    # At once, before the server has looked at its database again.
    enter = ("login", server.url, "--name", "new", "--password-stdin")
    assert cli(*enter, stdin="long-enough").code == 0
    assert cli("queue").code == 0

    assert cli("user", "disable", "new", "--data", str(server.data), "--yes").code == 0
    assert cli(*enter, stdin="long-enough").code == 77


# --- where nothing can go on ---------------------------------------------------------------------


@pytest.mark.parametrize("command", [("serve",), ("user", "list"), ("load-token",)])
def test_no_data_folder(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = cli(*command, "--data", str(tmp_path / "none"))
    assert done.code == 1
    assert f"agent-tui init {tmp_path / 'none'}" in done.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nprot = 1\n", "did you mean port?"),
        ('[server]\nport = "80"\n', "server.port"),
        ("[server\n", "not valid TOML"),
    ],
)
def test_unusable_server_config(cli: Cli, folder: Path, text: str, words: str) -> None:
    (folder / "config.toml").write_text(text)
    done = cli("serve", "--data", str(folder))
    assert done.code == 78
    assert words in done.err and str(folder / "config.toml") in done.err


def test_port_in_use(cli: Cli, folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = cli("serve", "--data", str(folder), "--port", port)
    assert done.code == 1
    assert f"port {port} is in use" in done.err and "--port 0" in done.err
    assert "ready" not in done.out


def test_no_plain_text_beyond_this_machine(cli: Cli, folder: Path) -> None:
    done = cli("serve", "--data", str(folder), "--host", "0.0.0.0", "--port", "0")
    assert done.code == 1
    assert "--certfile" in done.err and "--behind-proxy" in done.err


def test_asks_before_disabling(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from agent_tui.cli import output

    monkeypatch.setattr(output, "is_tty", lambda: True)
    refused = cli("user", "disable", "anna", "--data", str(folder), stdin="n\n")
    assert refused.code == 1 and "disable Anna (anna)?" in refused.err
    assert not accounts(cli, folder)["anna"]["disabled"]
    assert cli("user", "disable", "anna", "--data", str(folder), stdin="y\n").code == 0
    assert accounts(cli, folder)["anna"]["disabled"]

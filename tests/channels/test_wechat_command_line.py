"""`agent-tui inbox wechat`: an account is connected, what WeChat's form wants is printed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec
import pytest

from agent_tui.channels.wechat.settings import API, WeChatSettings
from agent_tui.domain.ids import InboxId
from agent_tui.server import connecting
from agent_tui.server.database import Database
from tests.cli.conftest import Cli, cli, folder, template

__all__ = ["cli", "folder", "template"]
ADD = ("inbox", "add", "wx", "--team", "refunds", "--title", "微信", "--title-en", "WeChat")
CONNECT = ("inbox", "wechat", "wx", "--app-id", "wx2c2769f8efd9abc2", "--app-secret-stdin")


def stored(folder: Path) -> WeChatSettings:
    database = Database(f"sqlite:///{folder / 'server.db'}")
    raw = connecting.settings(database, InboxId("wx"))
    database.close()
    assert raw is not None
    return msgspec.json.decode(raw, type=WeChatSettings)


def test_a_wechat_inbox(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    assert cli(*ADD, "--channel", "wechat", *where).code == 0
    made = cli(*CONNECT, *where, stdin="the-secret\n")
    assert made.code == 0, made.err
    found = stored(folder)
    assert found == WeChatSettings("wx2c2769f8efd9abc2", "the-secret", found.token, found.key)
    assert found.api == API and re.fullmatch(r"[A-Za-z0-9]{43}", found.key)
    assert made.out.split() == [
        "URL",
        "https://desk.example.com/v1/inbound/wx",
        "Token",
        found.token,
        "EncodingAESKey",
        found.key,
    ]
    assert "server.public" in made.err and "the-secret" not in made.out + made.err
    # Said again, what WeChat has stays, and the rest is changed.
    again = cli(
        *CONNECT,
        "--plain",
        "--language",
        "en",
        "--api",
        "https://gw.example/x/",
        "--json",
        *where,
        stdin="another",
    ).json()
    assert again == {
        "inbox": "wx",
        "callback": "https://desk.example.com/v1/inbound/wx",
        "token": found.token,
        "encoding_aes_key": found.key,
        "plain": True,
    }
    assert stored(folder) == msgspec.structs.replace(
        found, secret="another", plain=True, language="en", api="https://gw.example/x"
    )


def test_new_keys(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    cli(*ADD, "--channel", "wechat", *where)
    assert cli("inbox", "secret", "wx", *where).code == 2  # not connected yet
    cli(*CONNECT, *where, stdin="s")
    before = stored(folder)
    changed = cli("inbox", "secret", "wx", "--json", *where).json()
    after = stored(folder)
    assert (changed["token"], changed["encoding_aes_key"]) == (after.token, after.key)
    assert after.token != before.token and after.key != before.key
    assert (after.app, after.secret) == (before.app, before.secret)


def test_the_address_is_the_servers_own(cli: Cli, folder: Path) -> None:
    config = folder / "config.toml"
    text = config.read_text("utf-8")
    config.write_text(f'{text}\n[server]\npublic = "https://help.shop.cn/"\n', "utf-8")
    where = ("--data", str(folder))
    cli(*ADD, "--channel", "wechat", *where)
    made = cli(*CONNECT, *where, stdin="s")
    assert "https://help.shop.cn/v1/inbound/wx" in made.out and "server.public" not in made.err


@pytest.mark.parametrize(
    ("more", "stdin", "code"),
    [
        ((), "", 2),
        (("--api", "http://gw.example"), "s", 2),
        (("--api", "gw.example"), "s", 2),
        (("--app-id", "no id"), "s", 2),
    ],
)
def test_what_will_not_do(
    cli: Cli, folder: Path, more: tuple[str, ...], stdin: str, code: int
) -> None:
    where = ("--data", str(folder))
    cli(*ADD, "--channel", "wechat", *where)
    assert cli(*CONNECT, *more, *where, stdin=stdin).code == code
    assert cli("inbox", "secret", "wx", *where).code == 2


def test_only_a_wechat_inbox_is_connected_to_wechat(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    assert cli(*CONNECT, *where, stdin="s").code == 3
    cli(*ADD, *where)
    assert cli(*CONNECT, *where, stdin="s").code == 2


def test_without_the_library_it_says_what_to_install(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--data", str(folder))
    cli(*ADD, "--channel", "wechat", *where)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    refused = cli(*CONNECT, *where, stdin="s")
    assert refused.code == 1 and "agent-tui[wechat]" in refused.err
    assert cli(*CONNECT, "--plain", *where, stdin="s").code == 0

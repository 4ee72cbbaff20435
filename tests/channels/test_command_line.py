"""`agent-tui inbox`: a webhook is connected, its secret is told once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent_tui.channels.webhook import WebhookSettings
from agent_tui.domain.ids import InboxId
from agent_tui.server import connecting
from agent_tui.server.database import Database
from tests.cli.conftest import Cli, cli, folder, template

__all__ = ["cli", "folder", "template"]
ADD = ("inbox", "add", "shop", "--team", "refunds", "--title", "店", "--title-en", "Shop")
URL = "https://shop.example/replies"


def stored(folder: Path) -> WebhookSettings:
    database = Database(f"sqlite:///{folder / 'server.db'}")
    raw = connecting.settings(database, InboxId("shop"))
    database.close()
    assert raw is not None
    return msgspec.json.decode(raw, type=WebhookSettings)


def test_a_webhook_inbox(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    made = cli(*ADD, "--channel", "webhook", "--deliver-to", URL, "--idempotent", *where)
    assert made.code == 0, made.err
    secret = made.out.strip()
    assert secret.startswith("whsec_") and "/v1/inbound/shop" in made.err
    assert stored(folder) == WebhookSettings(URL, secret, idempotent=True)
    changed = cli("inbox", "secret", "shop", "--json", *where).json()
    assert changed["inbox"] == "shop" and changed["secret"] != secret
    assert stored(folder) == WebhookSettings(URL, changed["secret"], idempotent=True)


def test_a_web_inbox_has_no_secret(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    assert "made the inbox shop" in cli(*ADD, *where).out
    assert cli("inbox", "secret", "shop", *where).code == 2
    assert cli("inbox", "secret", "nowhere", *where).code == 3


@pytest.mark.parametrize(
    "more",
    [
        ("--channel", "webhook"),
        ("--channel", "webhook", "--deliver-to", "shop.example"),
        ("--channel", "webhook", "--deliver-to", "ftp://shop.example"),
        ("--channel", "webhook", "--deliver-to", "http://[::1"),
        ("--channel", "webhook", "--deliver-to", "http://shop.example/x"),
        ("--deliver-to", URL),
        ("--idempotent",),
    ],
)
def test_addresses_that_will_not_do(cli: Cli, folder: Path, more: tuple[str, ...]) -> None:
    assert cli(*ADD, *more, "--data", str(folder)).code == 2
    # Nothing was made of it.
    assert cli(*ADD, "--data", str(folder)).code == 0


def test_plain_http_stays_on_this_machine(cli: Cli, folder: Path) -> None:
    more = ("--channel", "webhook", "--deliver-to", "http://127.0.0.1:9/x")
    assert cli(*ADD, *more, "--data", str(folder)).code == 0

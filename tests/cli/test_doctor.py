"""`doctor` finds what is broken, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent_tui import bootstrap, paths
from tests.cli.conftest import Cli, Server


def checks(cli: Cli, code: int) -> dict[str, dict[str, Any]]:
    """What `doctor --json` found, by name."""
    done = cli("doctor", "--json")
    assert done.code == code, done.out
    health = done.json()
    assert health["ok"] == (code == 0)
    return {each["name"]: each for each in health["checks"]}


def test_before_the_first_login(cli: Cli, own_place: Path) -> None:
    before = sorted(own_place.rglob("*"))
    found = checks(cli, 0)
    assert {name for name, each in found.items() if each["ok"] is None} >= {
        "login",
        "server",
        "cache",
        "outbox",
        "terminal",
    }
    assert sorted(own_place.rglob("*")) == before


def test_all_well(cli: Cli, boss: Server) -> None:
    cli("queue")
    found = checks(cli, 0)
    assert all(found[name]["ok"] for name in ("profile", "login", "server", "cache", "outbox"))
    assert "boss (admin)" in found["login"]["detail"]
    text = cli("doctor").out
    assert boss.url in text and str(paths.default_profile().root) in text


def test_what_is_broken_is_named(cli: Cli, boss: Server, own_place: Path) -> None:
    cli("queue")
    profile = paths.default_profile()
    login = bootstrap.require_login(profile)
    bootstrap.write_login(profile, bootstrap.Login("http://127.0.0.1:1", login.token, login.agent))
    for path in profile.root.glob("*.db*"):
        path.unlink()
    profile.cache.write_bytes(b"x" * 5000)
    profile.outbox.write_bytes(b"y" * 5000)
    (own_place / "config").mkdir(exist_ok=True)
    (own_place / "config" / "config.toml").write_text("[shop]\nnmae = 1\n")
    profile.root.chmod(0o755)
    found = checks(cli, 1)
    broken = {name for name, each in found.items() if each["ok"] is False}
    assert broken == {"config", "profile", "server", "cache", "outbox"}
    assert all(found[name]["hint"] for name in broken)
    assert profile.outbox.read_bytes() == b"y" * 5000  # looked at, not touched


def test_bad_token_and_expired_login(cli: Cli, boss: Server) -> None:
    profile = paths.default_profile()
    login = bootstrap.require_login(profile)
    bootstrap.write_login(profile, bootstrap.Login(login.url, "made-up", login.agent))
    assert checks(cli, 1)["server"]["ok"] is False
    bootstrap.write_login(profile, bootstrap.Login(login.url, login.token, login.agent, 1))
    assert "expired" in checks(cli, 1)["login"]["detail"]
    profile.login.write_text("{")
    assert checks(cli, 1)["login"]["ok"] is False

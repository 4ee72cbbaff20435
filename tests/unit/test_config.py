"""config.toml: strict, with errors that name the place and the way out."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agent_tui import config, config_docs, lang
from agent_tui.config import Config
from agent_tui.errors import EXIT_CONFIG, ConfigError


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


def refused(tmp_path: Path, text: str) -> ConfigError:
    lang.use("en")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.exit_code == EXIT_CONFIG
    return caught.value


def test_everything_has_a_default(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Config() == config.load(None) == config.load(tmp_path / "none")


def test_the_shipped_file_says_the_defaults() -> None:
    assert config.parse(tomllib.loads(config_docs.toml()), "shipped") == Config()


def test_one_setting_changes_and_the_others_stay(tmp_path: Path) -> None:
    found = load(tmp_path, "[policy]\nfirst_reply = 60\n[policy.weights]\nvip = 3\n")
    assert found.policy.first_reply == 60
    assert found.policy.weights.vip == 3.0
    assert found.policy.next_reply == Config().policy.next_reply


@pytest.mark.parametrize(
    ("text", "title", "hint"),
    [
        ("[polcy]\n", "unknown key polcy", "did you mean policy?"),
        ("[policy]\nfirst_replay = 5\n", "unknown key policy.first_replay", "first_reply"),
        ("[policy.weights]\nvib = 5\n", "unknown key policy.weights.vib", "did you mean vip?"),
        ("[server]\nzzzzz = 5\n", "unknown key server.zzzzz", "remove it"),
        ('[server]\nport = "x"\n', "server.port: Expected `int`, got `str`", "type and range"),
        ("[server]\nport = 99999\n", "server.port: Expected `int` <= 65535", "type and range"),
        ("[policy]\nfirst_reply = 0\n", "policy.first_reply: Expected `int` >= 1", "range"),
        ('[interface]\nlanguage = "fr"\n', "interface.language: Invalid enum value 'fr'", "type"),
        ('[interface]\nlanguage = "fr"\n', "it is one of auto, zh, en", "type"),
        (
            '[routing.teams.a]\nassign = "pull"\n\n[routing.teams.b]\nassign = "pul"\n',
            "5: routing.teams.b.assign: Invalid enum value 'pul': it is one of pull, least_loaded",
            "type",
        ),
        ("[keys]\nsend = 5\n", "keys.send: Expected", "type"),
        ("policy = 3\n", "policy: Expected `object`, got `int`", "type"),
        ("[limits]\ncommands = 5\n", "limits.commands: Expected `int` >= 256", "range"),
        ("[shop]\n\n[server\n", "config.toml:3: not valid TOML", "mend the line"),
        ('[shop]\nname = """\n', "config.toml:3: not valid TOML", "mend the line"),
    ],
)
def test_mistakes_name_the_place_and_the_way_out(
    tmp_path: Path, text: str, title: str, hint: str
) -> None:
    error = refused(tmp_path, text)
    assert str(tmp_path / "config.toml") in str(error.title)
    assert title in str(error.title)
    assert hint in str(error.hint)


SHIPPED = (Path(__file__).parents[2] / "config.toml").read_text("utf-8")
# Of [keys] any intent's name may stand there.
TABLES = [
    number
    for number, line in enumerate(SHIPPED.splitlines())
    if line.startswith("[") and line != "[keys]"
]


@pytest.mark.parametrize("table", TABLES)
def test_an_unknown_key_is_told_in_every_table(table: int) -> None:
    lines = SHIPPED.splitlines()
    lines.insert(table + 1, "zzz = 1")
    text = "\n".join(lines)
    with pytest.raises(ConfigError) as caught:
        config.parse(tomllib.loads(text), "config.toml", text)
    assert str(caught.value.title).startswith(f"config.toml:{table + 2}")
    assert "zzz" in str(caught.value.title)


def test_in_tables_with_names_of_ones_own_the_nearest_key_is_said() -> None:
    text = "[routing.calendars.online]\ntimezone = 'Asia/Shanghai'\n"
    with pytest.raises(ConfigError) as caught:
        config.parse(tomllib.loads(text), "config.toml", text)
    assert "zone" in str(caught.value.hint)


def test_what_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes("[shop]\n# 店\nname = ".encode() + "青禾".encode("gb18030"))
    with pytest.raises(ConfigError, match=r"config\.toml:3: .*UTF-8"):
        config.load(path)


def test_a_mistake_is_told_in_chinese_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"没有设置项 policy\.first_replay"):
        load(tmp_path, "[policy]\nfirst_replay = 5\n")


def test_an_address_may_have_any_letter_but_no_space(tmp_path: Path) -> None:
    desk = "https://desk.shop.example:8443/"
    assert load(tmp_path, f'[server]\npublic = "{desk}"\n').server.public == desk
    assert "server.public" in str(refused(tmp_path, '[server]\npublic = "https://a b"\n'))


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"[shop]\nname = '\xff'\n")
    with pytest.raises(ConfigError, match="TOML"):
        config.load(path)


def test_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        config.load(tmp_path)  # a folder


@pytest.mark.parametrize(
    ("preference", "locale", "expected"),
    [
        ("zh", "en_US.UTF-8", "zh"),
        ("en", "zh_CN.UTF-8", "en"),
        ("auto", "en_GB.UTF-8", "en"),
        ("auto", "zh_CN.UTF-8", "zh"),
        ("auto", "C", "zh"),
    ],
)
def test_language(
    monkeypatch: pytest.MonkeyPatch, preference: str, locale: str, expected: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", locale)
    assert lang.detect(preference) == expected

"""Every way a command can end badly: words on stderr, an exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_tui.cli import edge
from tests.cli.conftest import Cli, environment


@pytest.fixture
def config(own_place: Path) -> Path:
    """The agent's config.toml, not there yet."""
    folder = own_place / "config"
    folder.mkdir()
    return folder / "config.toml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[interface]\nlangauge = 1\n", "did you mean language?"),
        ("[interface]\nfreeze_seconds = 'long'\n", "interface.freeze_seconds"),
        ("[interfaze]\n", "did you mean interface?"),
        ("interface = \n", "not valid TOML"),
        ("[keys]\nnext_urgnt = 'f1'\n", "did you mean next_urgent?"),
    ],
)
def test_unusable_config(cli: Cli, config: Path, text: str, words: str) -> None:
    config.write_text(text)
    done = cli("keys")
    assert done.code == 78
    assert words in done.err and str(config) in done.err
    assert cli("kb", "lint").code == 0  # what needs no settings still works


def test_language(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert "not logged in" in cli("queue", lang="").err
    config.write_text('[interface]\nlanguage = "zh"\n')
    assert "还没有登录" in cli("queue", lang="").err
    assert "not logged in" in cli("queue", lang="en").err
    assert "not logged in" in cli("--lang=en", "queue", lang="").err
    assert cli("--lang", "fr", "queue", lang="").code == 2


@pytest.mark.parametrize(
    ("wrong", "zh", "en"),
    [
        ("quque", "没有命令 quque", "there is no command quque"),
        ("quque", "是不是 queue？", "did you mean queue?"),
        ("queue --vew all", "没有选项 --vew", "there is no option --vew"),
        ("queue --vew all", "是不是 --view？", "did you mean --view?"),
        ("queue -x", "没有选项 -x", "there is no option -x"),
        ("queue --view x", "--view 不能是 x", "--view cannot be x"),
        ("queue --view x", "可选：work mine", "choose from: work mine"),
        ("queue --json=1", "--json 后面不写值", "--json takes no value"),
        ("tray a b", "多了 a b", "a b is too much"),
        ("send", "缺少 CONVERSATION", "CONVERSATION is missing"),
        ("reassign", "缺少 --from", "--from is missing"),
        ("assign c1 --to", "--to 后面要写值", "--to takes a value"),
        ("kb search x --limit 0", "--limit 至少是 1", "--limit must be at least 1"),
        ("kb search x --limit 201", "--limit 至多是 200", "--limit must be at most 200"),
        ("kb search x --limit y", "--limit 应是整数", "--limit must be a whole number"),
        ("surge t on --factor y", "--factor 应是数", "--factor must be a number"),
        ("surge t maybe", "switch 不能是 maybe", "switch cannot be maybe"),
        ("--lang fr queue", "--lang 不能是 fr", "--lang cannot be fr"),
        ("user add x --role king", "--role 不能是 king", "--role cannot be king"),
    ],
)
def test_usage(cli: Cli, monkeypatch: pytest.MonkeyPatch, wrong: str, zh: str, en: str) -> None:
    for locale, words in (("zh_CN.UTF-8", zh), ("en_US.UTF-8", en)):
        monkeypatch.setenv("LC_ALL", locale)
        done = cli(*wrong.split(), lang="")
        assert done.code == 2 and not done.out
        assert done.err.startswith("agent-tui: ") and words in done.err
        assert " -h" in done.err.splitlines()[-1]


def test_a_group_alone_says_what_is_in_it(cli: Cli) -> None:
    done = cli("kb")
    assert done.code == 2 and "lint" in done.err and "agent-tui: " not in done.err


def test_unexpected_error_is_short_and_logged(
    cli: Cli, own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent_tui.cli import checks

    def broken() -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(checks, "examine", broken)
    done = cli("doctor")
    log = own_place / "data" / "agent-tui.log"
    assert done.code == 1
    assert done.err == (
        "agent-tui: something unexpected: ZeroDivisionError: on purpose\n"
        f"  the details are in {log}\n"
    )
    assert "Traceback" in log.read_text() and "in broken" in log.read_text()


def test_a_log_that_cannot_be_written_costs_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENT_TUI_HOME", str(tmp_path / "file" / "below"))
    from agent_tui.cli import checks

    monkeypatch.setattr(checks, "examine", lambda: 1 // 0)
    done = cli("doctor")
    assert done.code == 1
    assert "Traceback" in done.err and "the details are above" in done.err


def test_interrupt(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent_tui.cli import checks

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "examine", interrupted)
    done = cli("doctor")
    assert done.code == 130 and "Traceback" not in done.err


def test_a_question_that_nobody_answers(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent_tui.cli import checks

    def closed() -> None:
        raise EOFError

    monkeypatch.setattr(checks, "examine", closed)
    done = cli("doctor")
    assert (done.code, done.err.strip()) == (1, "aborted")


def test_reader_that_goes_away(tmp_path: Path) -> None:
    """`agent-tui macros list | head -1`, with a pipe that is closed before anything is written."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "agent_tui", "macros", "list"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    ) as child:
        os.close(reading)
        os.close(writing)
        _, err = child.communicate(timeout=30)
    assert err == ""
    assert child.returncode == 1


def test_output_that_is_not_unicode(tmp_path: Path) -> None:
    env = environment(tmp_path) | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "agent_tui", "macros", "list"]
    done = subprocess.run(command, capture_output=True, env=env, timeout=30)
    assert done.returncode == 0 and done.stdout.isascii()
    done = subprocess.run([*command, "--json"], capture_output=True, env=env, timeout=30)
    import json

    assert any(not entry["title"].isascii() for entry in json.loads(done.stdout))


def test_leading_language() -> None:
    assert edge.leading_language(["--lang", "en", "send", "c", "--lang"]) == (
        "en",
        ["send", "c", "--lang"],
    )
    assert edge.leading_language(["queue", "--lang", "en"]) == ("", ["queue", "--lang", "en"])


def test_help_is_in_the_language_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert edge.run(["--lang", "zh", "kb", "import", "-h"]) == 0
    said = capsys.readouterr().out
    for words in (
        "用法：agent-tui kb import [选项]",
        "参数:",
        "选项:",
        "[必填]",
        "[默认：",
        "显示帮助",
    ):
        assert words in said
    assert not any(words in said for words in ("Usage", "Options", "Show this", "required"))
    assert edge.run(["--lang", "en", "kb", "import", "-h"]) == 0
    assert "Usage: agent-tui kb import [OPTIONS]" in capsys.readouterr().out

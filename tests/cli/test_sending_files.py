"""`send --file`: the file goes up, its address into the reply."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli, Server
from tests.cli.test_work import find

PNG = b"\x89PNG\r\n\x1a\n"


def test_files_go_along_and_a_refused_reply_takes_none(
    cli: Cli, boss: Server, tmp_path: Path
) -> None:
    boss.says("许女士", "能发张图吗")
    key = find(cli, "许女士")["id"]
    cup, list_ = tmp_path / "cup.png", tmp_path / "list.pdf"
    cup.write_bytes(PNG)
    list_.write_bytes(b"%PDF")
    files = ("--file", str(cup), "--file", str(list_))
    assert cli("send", key, "{{ open }}", *files).code == 1
    assert cli("send", key, "见图", *files, "--offline").code == 2
    assert cli("send", key, "见图", "--file", str(tmp_path / "none")).code == 2
    assert cli("send", key, "见图", *files).out == "done\n"
    said = cli("show", key, "--json").json()["messages"][-1]["text"].split("\n")
    assert said[0] == "见图" and [line.rpartition("/")[2] for line in said[1:]] == [
        "cup.png",
        "list.pdf",
    ]
    assert boss.http.get(said[1]).content == PNG
    assert cli("send", key, "再看一次", "--file", str(cup)).out == "done\n"
    assert cli("show", key, "--json").json()["messages"][-1]["text"].endswith(said[1])

"""The host as a real process: a server with customers that ends when its parent does."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.practice.folder import Folder
from agent_tui.practice.stage import Seats
from tests.practice.play import LONG, STOP, Host, eventually, hosting

FIRST = {"王女士", "Tom B.", "小鹿", "陈先生", "Anna K.", "周周"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One demo at its real pace, for the tests that only look and talk."""
    with hosting(tmp_path_factory.mktemp("demo") / "demo", "--kind=demo", "--seed=1") as host:
        yield host


def test_six_conversations_are_there_within_seconds(demo: Host) -> None:
    assert eventually(lambda: set(demo.snapshot()) >= FIRST, 5)
    found = demo.snapshot()
    languages = {each["state"]["customer"].get("language", "zh") for each in found.values()}
    assert languages == {"zh", "en"}
    assert found["王女士"]["state"]["customer"]["tier"] == "VIP"
    assert found["陈先生"]["messages"][0]["text"] == "你们到底管不管"


def test_the_account_is_a_lead_with_colleagues(demo: Host) -> None:
    assert demo.ready.agent.id == "li" and demo.ready.agent.role == "lead"
    assert len(demo.ready.agent.teams) == 6
    lines = demo.http.get("/v1/snapshot", params={"client": "kt"}).text
    for colleague in ("zhang", "wang", "sun"):
        assert f'"id":"{colleague}"' in lines
    assert demo.http.get(demo.ready.page).status_code == 200


def test_a_customer_reads_the_answer_types_and_answers(demo: Host) -> None:
    assert eventually(lambda: demo.snapshot().get("周周") is not None, 5)
    before = demo.snapshot()["周周"]
    assert demo.reply(before, "您好，请问有什么可以帮您？") == "applied"

    def texts() -> list[str]:
        return [line["text"] for line in demo.snapshot()["周周"]["messages"]]

    assert eventually(lambda: "在呀" in texts(), LONG)
    state = demo.snapshot()["周周"]["state"]
    assert state["delivered_no"] >= 2 and state["seen_no"] >= 2


def test_who_was_served_says_how_it_was(tmp_path: Path) -> None:
    with hosting(tmp_path / "demo", "--kind=demo", "--seed=1", "--pace=0.05") as host:
        assert eventually(lambda: "周周" in host.snapshot(), LONG)
        host.reply(host.snapshot()["周周"], "好的，还有其他可以帮您的吗？祝您生活愉快，再见")

        def solved() -> bool:
            # While they still write, each message opens the chat again.
            if (found := host.snapshot().get("周周")) is not None:
                host.do(found, {"do": "set_status", "status": "resolved"})
            answer = host.http.get("/v1/audit", params={"kind": "rated"})
            return [each["by"] for each in answer.json()["entries"]] == ["customer"]

        assert eventually(solved, 20)


def test_it_ends_with_its_input_and_goes_on_where_it_was(tmp_path: Path) -> None:
    """Second start: same folder, same login, the same customers, none of them twice."""
    root = tmp_path / "demo"
    with hosting(root, "--kind=demo", "--seed=1", "--pace=0.2") as host:
        assert eventually(lambda: set(host.snapshot()) >= FIRST, LONG)
        first = host.ready
        ids = {name: each["state"]["id"] for name, each in host.snapshot().items()}
        assert host.stop() < STOP
        assert host.child.returncode == 0
    assert len(Seats(Folder(root).seats).load()) >= 6
    with hosting(root, "--kind=demo", "--seed=1", "--pace=0.2", f"--port={first.port}") as host:
        assert (host.ready.token, host.ready.url) == (first.token, first.url)
        found = host.snapshot()
        assert {name: found[name]["state"]["id"] for name in FIRST} == {
            name: ids[name] for name in FIRST
        }
        assert host.reply(found["Tom B."], "Could you send me your order number?") == "applied"
        assert eventually(
            lambda: (
                len(host.snapshot()["Tom B."]["messages"]) > len(found["Tom B."]["messages"]) + 1
            ),
            10,
        )
        host.child.send_signal(signal.SIGTERM)
        host.child.wait(STOP)
    for path in (root, *(root / name for name in ("ready.json", "seats.json", "host.lock"))):
        assert path.stat().st_mode & 0o077 == 0, f"{path} is not private"


def test_practice_begins_anew_and_has_an_agent(tmp_path: Path) -> None:
    root = tmp_path / "practice"
    with hosting(root, "--kind=practice", "--pace=0.2") as host:
        assert host.ready.agent.role == "agent"
        assert eventually(lambda: set(host.snapshot()) >= FIRST, LONG)
        old = {each["state"]["id"] for each in host.snapshot().values()}
        threading.Thread(target=_follow, args=(host,), daemon=True).start()
        assert host.stop() < STOP, "an open stream holds nothing up"
    with hosting(root, "--kind=practice", "--pace=0.2") as host:
        assert eventually(lambda: set(host.snapshot()) >= FIRST, LONG)
        assert old.isdisjoint(each["state"]["id"] for each in host.snapshot().values())


def _follow(host: Host) -> None:
    """A workstation's stream, for as long as it lasts."""
    with host.http.stream("GET", "/v1/stream", params={"client": "kt"}) as response:
        for _ in response.iter_lines():
            pass


def test_neither_side_loads_what_it_does_not_need() -> None:
    code = (
        "import sys, agent_tui.practice.{0}\n"
        "assert not {{name.partition('.')[0] for name in sys.modules}} & {1}\n"
    )
    for module, forbidden in (
        ("host", {"textual"}),
        ("session", {"textual", "httpx", "sqlalchemy", "starlette", "asyncio"}),
    ):
        subprocess.run(
            [sys.executable, "-c", code.format(module, forbidden)], check=True, timeout=20
        )

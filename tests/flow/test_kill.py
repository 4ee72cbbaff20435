"""kill -9, thirty times each, under traffic: nothing acknowledged is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_tui.bootstrap import Login
from tests.crash.client import all_reached, kill_client
from tests.crash.doomed import POINTS
from tests.crash.server import POINTS as SERVER_POINTS
from tests.crash.server import kill_server
from tests.crash.tally import Tally
from tests.databases import ENGINES
from tests.driver import Serving, check_log, conversation_of, make_folder, until
from tests.flow.children import nursery
from tests.flow.workstation import Workstation, account

KILLS = 30


@pytest.mark.parametrize("engine", ENGINES)
def test_the_server_is_killed_under_eight_writers(engine: str, tmp_path: Path) -> None:
    tally = Tally()
    kill_server(tmp_path, seed=5, kills=KILLS, tally=tally, engine=engine)
    assert tally.kills == {"server": KILLS}
    assert tally.points.keys() == set(SERVER_POINTS[engine])
    assert all_reached(tally)
    assert tally.lines > KILLS * 8


def test_the_workstation_is_killed_at_every_point(tmp_path: Path) -> None:
    tally = Tally()
    kill_client(tmp_path, seed=6, kills=KILLS, tally=tally)
    assert tally.kills == {"client": KILLS}
    assert tally.points.keys() == set(POINTS)
    assert all_reached(tally)
    assert tally.lines > KILLS


def visitor_texts(serving: Serving, key: str) -> list[str]:
    return [m.text for m in serving.messages(key) if m.kind == "reply"]


def test_two_processes_share_one_profile(tmp_path: Path) -> None:
    """Numbers are dense, one of them pushes, both see everything; when it goes, the other does."""
    serving = Serving(make_folder(tmp_path / "data")).start()
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    profile = tmp_path / "profile"
    login = Login(serving.base, serving.token("anna"), account("anna"))
    Workstation(profile, login).close()
    done = tmp_path / "done"
    with nursery() as children:
        out = {name: tmp_path / f"{name}.txt" for name in ("one", "two")}
        pids = {
            name: children.start("client", str(profile), key, name, str(path), 40, str(done))
            for name, path in out.items()
        }
        until(lambda: len(visitor_texts(serving, key)) == 80, 30)
        done.write_text("", "utf-8")
        for pid in pids.values():
            children.gone(pid)
        lines = {name: path.read_text("utf-8").splitlines() for name, path in out.items()}
        pushes = sorted(int(each[-1].split()[1]) for each in lines.values())
        assert pushes[0] == 0 < pushes[1]
        # The one that syncs is killed: the other takes over.
        done.unlink()
        late = str(tmp_path / "late.txt")
        first = children.start("client", str(profile), key, "three", late, 1, str(done))
        until(lambda: len(visitor_texts(serving, key)) == 81, 20)  # alone, so it syncs
        second = children.start("client", str(profile), key, "four", late, 5, str(done))
        until(lambda: len(visitor_texts(serving, key)) == 86, 20)
        children.kill(first)
        mine = Workstation(profile, login)  # it never syncs
        for n in range(3):
            mine.sends(key, f"five-{n}")
        mine.close()
        until(lambda: len(visitor_texts(serving, key)) == 89, 20)
        children.kill(second)
    texts = visitor_texts(serving, key)
    for name, count in (("one", 40), ("two", 40), ("three", 1), ("four", 5), ("five", 3)):
        assert [t for t in texts if t.startswith(f"{name}-")] == [
            f"{name}-{n}" for n in range(count)
        ]
    serving.stop()
    rows = check_log(serving)
    assert sorted({row.number for row in rows if row.number}) == list(range(1, 90))
    mine = Workstation(profile, login)
    serving.start()
    mine.connect()
    # What is still pending is laid over the transcript: whole is not yet confirmed.
    mine.until(lambda desk: len(desk.transcript(key)) == 90 and not desk.pending.unsent)
    mine.close()
    serving.close()

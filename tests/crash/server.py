"""kill -9 of the server under eight concurrent writers."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

from tests.crash.doomed import SERVER_COMMITS
from tests.crash.tally import Tally
from tests.crash.traffic import Traffic
from tests.databases import of_engine
from tests.driver import Serving, check_log, conversation_of, make_folder, until
from tests.flow.children import Nursery, nursery

LIMITS = '[limits]\nweb_message = "1000000/minute"\nweb_address = "1000000/minute"\n'
AGENTS = ("anna", "bo", "lee", "root")
VISITORS = 4
PATIENCE = 20.0  # seconds in which a named point must be reached
LOADED = "server: under load"
POINTS = {
    engine: (LOADED, *commits, "server: starting", LOADED)
    for engine, commits in SERVER_COMMITS.items()
}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def serving_child(
    root: Path, children: Nursery, limits: str = LIMITS, database: str | None = None
) -> tuple[Serving, int]:
    """A data folder and a child that serves it; returns once it answers. `database` is an address,
    if not the folder's own file."""
    named = f'[server]\ndatabase = "{database}"\n' if database else ""
    serving = Serving(make_folder(root, limits + named))
    port = free_port()
    serving.base = f"http://127.0.0.1:{port}"
    pid = children.start("server", str(root), port)
    until(serving._answers, 60)
    return serving, pid


def kill_server(
    root: Path,
    seed: int,
    kills: int,
    tally: Tally,
    tell: Callable[[], None] = lambda: None,
    engine: str = "sqlite",
) -> None:
    """One round: a new folder, `kills` kills at random moments, then the judgement."""
    rng = random.Random(seed)
    points = POINTS[engine]
    with (
        of_engine(engine) as database,
        nursery() as children,
        Traffic() as traffic,
        contextlib.ExitStack() as end,
    ):
        serving, pid = serving_child(root, children, database=database)
        end.callback(serving.close)
        port = int(serving.base.rsplit(":", 1)[1])
        visitors = [serving.visitor() for _ in range(VISITORS)]
        for n, visitor in enumerate(visitors):
            visitor.say(f"first of v{n}")
        keys = [conversation_of(serving, visitor) for visitor in visitors]
        for n, visitor in enumerate(visitors):
            traffic.visitor(visitor, f"v{n}")
        for n, person in enumerate(AGENTS):
            traffic.agent(serving.agent(person), keys[n % VISITORS], f"a{n}")
        traffic.goes_on()
        children.kill(pid)
        for n in range(kills):
            point = points[n % len(points)]
            if point in SERVER_COMMITS[engine]:
                place = (str(root), port, point, rng.randint(1, 40))
                pid = children.start("tests.crash.doomed:serve", *place)
                with contextlib.suppress(AssertionError):
                    children.gone(pid, PATIENCE)
                hit = not children.lives(pid)
            else:
                pid = children.start("server", str(root), port)
                if point == LOADED:
                    traffic.goes_on(8)
                time.sleep(rng.uniform(0, 0.1 if point == LOADED else 0.25))
                hit = True
            children.kill(pid)
            tally.count("server", point, hit=hit)
            tell()
        pid = children.start("server", str(root), port)
        traffic.all_go_on()
        traffic.end()
        children.kill(pid)
        assert traffic.repeated > 0
        check_counts(serving)
        traffic.judge(serving, keys)
        tally.lines += len(traffic.acknowledged)


def check_counts(serving: Serving) -> None:
    """The log is whole: gap-free, chained, its fold is what the tables say, nothing is missing."""
    rows = check_log(serving)
    with serving.database.read() as connection:
        head, floor, count = connection.exec_driver_sql(
            "SELECT head, floor, (SELECT count(*) FROM event) FROM workspace"
        ).one()
    assert count == head - floor == len(rows)

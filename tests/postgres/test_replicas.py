"""Several replicas on one PostgreSQL: whatever happens to one, nothing is lost, doubled or torn."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.model import Status
from agent_tui.server import audit
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from tests import factories as f
from tests.crash.traffic import Traffic
from tests.databases import administration, cluster_in, database
from tests.driver import AgentClient, check_log, conversation_of, new_id, until
from tests.flow.workstation import Workstation
from tests.postgres.fleet import REPLICAS, Fleet, fleet
from tests.postgres.follower import following


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[Fleet]:
    """Three of them."""
    with fleet(tmp_path) as found:
        yield found
        check_log(found.serving)
        assert audit.check(found.serving.database).findings == ()


def at(replicas: Fleet, n: int, person: str) -> AgentClient:
    """An agent's machine that talks to one replica only."""
    return AgentClient(replicas.base(n), replicas.serving.token(person), f"k-{person}-{n}")


def kill(replicas: Fleet) -> None:
    for n in range(REPLICAS):
        replicas.kill(n)
        time.sleep(0.3)
        replicas.start(n)


def pause(replicas: Fleet) -> None:
    replicas.pause(0)
    time.sleep(5)
    replicas.resume(0)


def cut(replicas: Fleet) -> None:
    for _ in range(5):
        assert replicas.terminate_backends()
        time.sleep(0.5)


def roll(replicas: Fleet) -> None:
    for n in range(REPLICAS):
        replicas.stop(n)
        replicas.start(n)


@pytest.mark.parametrize("trouble", [kill, pause, cut, roll])
def test_trouble_loses_and_doubles_nothing(
    replicas: Fleet, trouble: Callable[[Fleet], None]
) -> None:
    survives(replicas, lambda: trouble(replicas))


def test_an_immediate_stop_of_the_database(tmp_path: Path) -> None:
    """It has no time to tell anybody, nor to write anything down but what was committed."""
    # Not below `tmp_path`, which the database's own user may not enter.
    server = cluster_in(Path(tempfile.gettempdir()) / f"agent-tui-pg-own-{os.getpid()}")

    def stop() -> None:
        for _ in range(2):
            os.kill(server.get_pid(), signal.SIGQUIT)
            until(lambda: not psutil.pid_exists(server.get_pid()), 30)
            until(started, 30)
            time.sleep(1)

    def started() -> bool:
        try:
            server.ensure_postgres_running()
        except subprocess.CalledProcessError:  # the last of the old processes hold their memory
            return False
        return True

    try:
        with fleet(tmp_path / "data", server) as replicas:
            survives(replicas, stop)
            check_log(replicas.serving)
    finally:
        server.cleanup()


def survives(replicas: Fleet, trouble: Callable[[], None]) -> None:
    """Traffic and readers on every replica go on through `trouble`, and all of it is right."""
    serving = replicas.serving
    visitors = [serving.visitor() for _ in range(4)]
    for n, visitor in enumerate(visitors):
        visitor.say(f"第一句 {n}")
    keys = [conversation_of(serving, visitor) for visitor in visitors]
    with Traffic(pause=0.005) as traffic, contextlib.ExitStack() as followers:
        readers = [followers.enter_context(following(at(replicas, n, "root"))) for n in range(3)]
        for n, visitor in enumerate(visitors):
            traffic.visitor(visitor, f"v{n}")
        for n, person in enumerate(("anna", "bo", "lee", "root")):
            traffic.agent(serving.agent(person), keys[n], f"a{n}")
        traffic.goes_on(20)
        trouble()
        traffic.goes_on(20)
        traffic.end()
        rows = serving.log()
        for reader in readers:
            reader.end(len(rows))
            reader.judge(rows)
    traffic.judge(serving, keys)


def test_a_claim_is_won_by_one_replicas_client(replicas: Fleet) -> None:
    serving = replicas.serving
    people = [at(replicas, 0, "anna"), at(replicas, 1, "bo"), at(replicas, 2, "lee")]
    for _ in range(20):
        visitor = serving.visitor()
        visitor.say("谁来？")
        key = conversation_of(serving, visitor)
        threads = [threading.Thread(target=who.do, args=(key, c.Claim())) for who in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        state = serving.state(key)
        assert state.assignee is not None and state.epoch == 1


def test_a_snooze_wakes_once(replicas: Fleet) -> None:
    serving = replicas.serving
    visitor = serving.visitor()
    visitor.say("明天再说")
    key = conversation_of(serving, visitor)
    serving.agent("anna").applied(key, c.SetStatus(Status.SNOOZED, now_ms() + 1500))
    until(lambda: serving.state(key).status is Status.OPEN, 20)
    time.sleep(2.5)  # the others have looked as well
    woken = [row for row in serving.log() if isinstance(row.event(), e.Reopened)]
    assert len([row for row in woken if row.conversation == key]) == 1


def test_the_same_message_at_two_replicas_is_one(replicas: Fleet) -> None:
    serving = replicas.serving
    visitor = serving.visitor()
    for n in range(10):
        body = {"id": f"same-{n}", "text": f"第 {n} 句"}
        threads = [
            threading.Thread(
                target=visitor.call,
                args=("POST", f"{visitor.path}/messages", body),
            )
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    key = conversation_of(serving, visitor)
    assert [m.text for m in serving.messages(key)] == [f"第 {n} 句" for n in range(10)]


def test_news_and_typing_go_from_replica_to_replica_at_once(replicas: Fleet) -> None:
    serving = replicas.serving
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    here, there = at(replicas, 0, "anna"), at(replicas, 2, "bo")
    with there.stream(there.now()) as stream:
        until(lambda: stream.comments, 10)
        here.applied(key, c.Claim())
        until(lambda: stream.data("page"), 10)
        here.ok("POST", "/v1/typing", {"conversation": key, "typing": True})
        until(lambda: stream.data("presence"), 10)
    assert stream.data("presence")[0]["agent"] == "anna"


def test_a_workstation_sees_a_rolling_restart_as_a_reconnect(
    replicas: Fleet, tmp_path: Path
) -> None:
    serving = replicas.serving
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    station = Workstation.of(serving, tmp_path / "anna").connect()
    try:
        station.until(lambda desk: desk.conversation(key))
        sent = []
        for n in range(REPLICAS):
            replicas.stop(n)
            sent.append(f"答复 {n}")
            station.sends(key, sent[-1])
            replicas.start(n)
            station.until(lambda desk: not desk.pending.unsent)
        assert station.desk.tray.items == []
        texts = [m.text for m in serving.messages(key) if m.author == "anna"]
        assert texts == sent
        assert set(station.links) <= {"connecting", "online", "offline"}
    finally:
        station.close()


def test_those_that_start_together_migrate_once() -> None:
    """On an empty database: one migrates, the others find it done."""
    together = threading.Barrier(REPLICAS)

    def migrate(url: str) -> None:
        with contextlib.closing(Database(url)) as mine:
            together.wait(20)
            mine.migrate()

    with database() as url, ThreadPoolExecutor(REPLICAS) as pool:
        for done in [pool.submit(migrate, url) for _ in range(REPLICAS)]:
            done.result(60)
        with administration(url) as run:
            for table in ("workspace", "alembic_version"):
                assert run(f"SELECT count(*) FROM {table}").scalar() == 1  # noqa: S608


def test_reply_ids_are_remembered_by_all(replicas: Fleet) -> None:
    serving = replicas.serving
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    here = at(replicas, 0, "anna")
    order = here.order(key, f.reply(new_id(), "您好"))
    assert here.send([order]).status == 200
    again = AgentClient(replicas.base(1), here.token, here.client)
    assert again.send([order]).body["results"][0]["outcome"] == "applied"
    assert [m.text for m in serving.messages(key)] == ["你好", "您好"]

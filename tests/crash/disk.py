"""A server and a client whose disk is full or fails for a while."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

from tests.crash.client import Lives
from tests.crash.doomed import DELAY
from tests.crash.server import check_counts, serving_child
from tests.crash.shim import Board, Fault, failing_syncs, file_limit, full_disk
from tests.crash.traffic import Traffic
from tests.driver import conversation_of, new_id, until
from tests.flow.children import nursery

MakeFault = Callable[[random.Random, Board | None], Fault]


def server_disk(
    folder: Path, seed: int, make: MakeFault, *, shim: bool = True, lasting: bool = True
) -> None:
    """The disk breaks under the server's writers; then it is mended, or the server killed first.

    While it is broken nothing is acknowledged and callers are told why; nothing that was
    acknowledged is lost, whatever of the rest was.
    """
    rng = random.Random(seed)
    board = Board(folder) if shim else None
    fault = make(rng, board)
    environment = board.environment if board else None
    with nursery(environment) as children, Traffic() as traffic, contextlib.ExitStack() as end:
        serving, pid = serving_child(folder / "data", children)
        end.callback(serving.close)
        visitors = [serving.visitor() for _ in range(4)]
        for n, visitor in enumerate(visitors):
            visitor.say(f"first of v{n}")
        keys = [conversation_of(serving, visitor) for visitor in visitors]
        for n, visitor in enumerate(visitors[:3]):
            traffic.visitor(visitor, f"v{n}")
        for n, person in enumerate(("anna", "bo")):
            traffic.agent(serving.agent(person), keys[n], f"a{n}")
        traffic.goes_on(20)
        mend = fault(pid)
        if lasting:
            until(lambda: traffic.unavailable > 10, 30, "writers are told")
            promised = len(traffic.acknowledged)
            visitor = visitors[3]
            body = {"id": new_id(), "text": "满" * 3000}
            answer = visitor.call("POST", f"{visitor.path}/messages", body)
            assert (answer.status, answer.code) == (503, "unavailable"), answer
            words = answer.body["error"]
            assert "没能保存" in words["title"] and "磁盘" in words["hint"], words
            assert len(traffic.acknowledged) == promised, "acknowledged on a broken disk"
            assert visitor.call("GET", f"{visitor.path}/messages").status == 200, "reading goes on"
        elif board is not None:
            until(lambda: board.hits >= 1, 30, "the fault happened")
        if rng.random() < 0.5:
            children.kill(pid)
            mend()
            pid = children.start("server", str(folder / "data"), int(serving.base.split(":")[-1]))
        else:
            mend()
        traffic.all_go_on()
        traffic.end()
        children.kill(pid)
        check_counts(serving)
        traffic.judge(serving, keys)


def client_disk(folder: Path, seed: int, make: MakeFault, *, shim: bool = True) -> None:
    """The disk of an agent's machine breaks while replies are written, and is mended.

    While it is broken the agent is told, and what they wrote stays where it was; then all goes on
    by itself, and after a restart nothing is lost or doubled.
    """
    rng = random.Random(seed)
    board = Board(folder) if shim else None
    fault = make(rng, board)
    with nursery() as servers, Traffic(pause=0.02) as traffic, contextlib.ExitStack() as end:
        serving, server = serving_child(folder / "data", servers)
        end.callback(serving.close)
        with nursery(board.environment if board else None) as children:
            lives = Lives(folder, serving, children, traffic, rng)
            pid = lives.begin(DELAY)
            until(lambda: len(lives.told("queued")) > 5, 30, "replies are queued")
            mend = fault(pid)
            until(lambda: lives.told("trouble"), 30, "the agent is told")
            assert any("磁盘" in line for line in lives.told("trouble"))
            stored = len(lives.told("queued"))
            troubles = len(lives.told("trouble"))
            until(lambda: len(lives.told("trouble")) > troubles + 3, 30)
            assert len(lives.told("queued")) <= stored + 1, "queued on a broken disk"
            if rng.random() < 0.5:
                children.kill(pid)
                mend()
                lives.examine()
                pid = lives.begin(DELAY)
            else:
                mend()
            until(lambda: len(lives.told("queued")) > stored + 5, 30, "it goes on")
            children.kill(pid)
            lives.examine()
            lives.calm_down()
            lives.close()
        servers.kill(server)
        check_counts(serving)


def _full(rng: random.Random, board: Board | None) -> Fault:
    assert board is not None
    return full_disk(board)


def _eio(rng: random.Random, board: Board | None) -> Fault:
    assert board is not None
    return failing_syncs(board, skip=rng.randint(0, 5))


def _one_eio(rng: random.Random, board: Board | None) -> Fault:
    assert board is not None
    return failing_syncs(board, skip=rng.randint(0, 30), count=1)


def _limit(rng: random.Random, board: Board | None) -> Fault:
    return file_limit


Scenario = Callable[[Path, int], None]
DISKS: dict[str, Scenario] = {
    "server: disk full": lambda folder, seed: server_disk(folder, seed, _full),
    "server: file limit": lambda folder, seed: server_disk(folder, seed, _limit, shim=False),
    "server: fsync fails": lambda folder, seed: server_disk(folder, seed, _eio),
    "server: one fsync fails": lambda folder, seed: server_disk(
        folder, seed, _one_eio, lasting=False
    ),
    "client: disk full": lambda folder, seed: client_disk(folder, seed, _full),
    "client: file limit": lambda folder, seed: client_disk(folder, seed, _limit, shim=False),
    "client: fsync fails": lambda folder, seed: client_disk(folder, seed, _eio),
}

"""The server's past comes back: an old backup, or a copy that lagged behind. Is it noticed?"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from agent_tui.desk.desk import Desk
from agent_tui.domain import commands as c
from agent_tui.server import audit, copying
from agent_tui.server.database import Database
from tests.databases import of_engine
from tests.driver import Serving, conversation_of, make_folder
from tests.flow.workstation import Workstation


def restored(path: Path, serving: Serving) -> None:
    """`agent-tui server restore`: a feed of a new name."""
    copying.restore(path, serving.database, _quiet, replace=True)


def put_back(path: Path, serving: Serving) -> None:
    """A file put back by hand, or a copy promoted that lagged behind: nobody is told."""
    source = Database(f"sqlite:///{path}")
    copying.copy(source, serving.database, _quiet, replace=True)
    source.close()


WAYS: dict[str, Callable[[Path, Serving], None]] = {"restore": restored, "promotion": put_back}
# What happens between the return of the past and the workstation's: nothing; others write until
# the lost numbers are used again; the workstation is started anew.
MEANWHILE = ("quiet", "reused", "restarted")
KINDS = [(way, meanwhile) for way in WAYS for meanwhile in MEANWHILE]


def play(root: Path, seed: int, way: str, meanwhile: str, engine: str = "sqlite") -> int:
    """One round. Returns how many acknowledged replies were lost and shown. Raises
    AssertionError."""
    rng = random.Random(seed)
    with of_engine(engine) as url:
        serving = Serving(make_folder(root / "data", database=url)).start()
        try:
            return _play(root, serving, rng, way, meanwhile)
        finally:
            serving.close()


def _play(root: Path, serving: Serving, rng: random.Random, way: str, meanwhile: str) -> int:
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    station = Workstation.of(serving, root / "anna").connect()
    try:
        kept = [f"以前 {n}" for n in range(rng.randint(0, 3))]
        lost = [f"后来 {n}" for n in range(rng.randint(1, 4))]
        station.until(lambda desk: desk.conversation(key))
        _send(station, key, kept)
        copying.backup(serving.database, root / "backup.db", _quiet)
        _send(station, key, lost)
        client = _client(station)
        station.disconnect()
        serving.stop()
        WAYS[way](root / "backup.db", serving)
        serving.start()
        if meanwhile == "reused":
            for n in range(len(lost) * 3 + rng.randint(0, 5)):
                visitor.say(f"没有回音？{n}")
            serving.agent("bo").applied(key, c.Tag("急"), c.Tag("投诉"))
        if meanwhile == "restarted":
            station = station.again()
        station.connect()
        station.until(lambda desk: {item.text for item in desk.tray.items} == set(lost), 30)
        assert sorted(item.text for item in station.desk.tray.items) == sorted(lost)
        assert {item.reason for item in station.desk.tray.items} == {"feed_reset"}
        assert _client(station) != client
        assert _replies(serving, key) == kept, "nothing is sent again by itself"
        for item in list(station.desk.tray.items):
            assert station.desk.tray.resend(item) is None
            station.until(_idle)
        assert _replies(serving, key) == kept + lost
        assert station.desk.tray.items == []
        assert audit.check(serving.database).findings == ()
        return len(lost)
    finally:
        station.close()


def _send(station: Workstation, key: str, texts: list[str]) -> None:
    for text in texts:
        station.sends(key, text)  # type: ignore[arg-type]
    station.until(_idle)


def _idle(desk: Desk) -> bool:
    return not desk.pending.unsent


def _client(station: Workstation) -> str:
    return station.desk._outbox.client


def _replies(serving: Serving, key: str) -> list[str]:
    return [m.text for m in serving.messages(key) if m.author == "anna"]


def _quiet(what: str, done: int, of: int) -> None:
    pass

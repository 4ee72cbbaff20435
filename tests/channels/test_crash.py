"""Servers that are killed while they send, and several that send from one database."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.server import audit, copying, delivering
from agent_tui.server.database import Database
from agent_tui.server.run import Listen, serve
from agent_tui.server.setup import DataFolder
from tests.channels.conftest import Open
from tests.channels.shop import Shop
from tests.crash.server import free_port
from tests.driver import Serving, until
from tests.flow.children import Nursery, nursery

KILLS = 4
SERVER = "tests.channels.test_crash:server"


def server(root: str, port: int, database: str | None) -> None:
    """Serve until killed; an attempt that says nothing counts as lost early."""
    delivering.MARGIN_SECONDS = 1.0
    serve(DataFolder(Path(root), database), Listen("127.0.0.1", port), lambda base: None)


class Child:
    """A shop's server as a process."""

    def __init__(self, children: Nursery, shop: Shop, database: str | None) -> None:
        self._children = children
        self._shop = shop
        self._port = free_port()
        self._database = database
        shop.serving.base = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Return when it answers."""
        root = str(self._shop.serving.folder.root)
        self.pid = self._children.start(SERVER, root, self._port, self._database)
        until(self._shop.serving._answers, 30)

    def kill(self) -> None:
        """kill -9."""
        self._children.kill(self.pid)


@pytest.fixture
def children() -> Iterator[Nursery]:
    with nursery() as found:
        yield found


def test_killed_while_sending(opens: Open, children: Nursery, database: str | None) -> None:
    """What came of it is shown as uncertain; the other side saw it once, and the rest goes on."""
    shop = opens()
    child = Child(children, shop, database)
    shop.receiver.script.append("hang")
    key = shop.customer()
    agent = shop.agent()
    message = shop.replies(agent, key, "一")
    later = shop.replies(agent, key, "二")
    until(lambda: shop.receiver.got)
    child.kill()
    assert shop.row(message)["state"] == "sending"
    child.start()
    shop.arrives(key, later)
    assert shop.becomes(key, message, "uncertain").code == "interrupted"
    assert shop.receiver.seen() == [message, later]
    agent.applied(key, c.RetryDelivery(message))
    shop.arrives(key, message)
    child.kill()
    assert shop.receiver.seen() == [message, later, message]


def _got(shop: Shop, count: int) -> bool:
    return len(shop.receiver.got) >= count


@pytest.mark.parametrize("idempotent", [False, True])
def test_killed_again_and_again(
    opens: Open, children: Nursery, database: str | None, idempotent: bool
) -> None:
    shop = opens("repeats = 50", idempotent=idempotent)
    child = Child(children, shop, database)
    shop.receiver.pause = 0.1
    shop.receiver.die()
    agent = shop.agent()
    keys = [shop.customer(f"u{n}") for n in range(3)]
    said = {key: [shop.replies(agent, key, f"{key}-{n}") for n in range(15)] for key in keys}
    shop.receiver.live()
    rng = random.Random(3)
    for _ in range(KILLS):
        enough = len(shop.receiver.got) + 3
        until(partial(_got, shop, enough), 30)
        time.sleep(rng.uniform(0, 0.2))
        child.kill()
        child.start()
    until(lambda: not {"queued", "sending"} & {row["state"] for row in shop.rows()}, 60)
    child.kill()

    states = {row["message"]: row["state"] for row in shop.rows()}
    seen = Counter(shop.receiver.seen())
    sent = {message for message, state in states.items() if state == "sent"}
    assert sent <= seen.keys()
    if idempotent:
        assert set(states.values()) == {"sent"}
        assert set(shop.receiver.taken().values()) == {1}
        assert len(shop.receiver.taken()) == 45
    else:
        assert max(seen.values()) == 1
        uncertain = set(states) - sent
        assert 0 < len(uncertain) <= KILLS * len(keys)
        for key in keys:
            shown = {d.message: d.state for d in shop.serving.state(key).deliveries}
            assert shown == {m: "uncertain" for m in said[key] if m in uncertain}
    for mine in said.values():
        first = list(dict.fromkeys(k for k in shop.receiver.seen() if k in mine))
        assert first == [m for m in mine if m in seen]


def test_stopped_while_sending_it_says_so_at_once(shop: Shop) -> None:
    shop.receiver.pause = 30
    shop.serving.stop()
    (shop.serving.folder.root / "config.toml").write_text("[outgoing]\ntimeout = 60.0\n", "utf-8")
    shop.serving.folder = DataFolder(shop.serving.folder.root, shop.serving.folder.url)
    shop.serving.start()
    key = shop.customer()
    message = shop.replies(shop.agent(), key, "您好")
    until(lambda: shop.receiver.got)
    shop.serving.stop()
    found = shop.delivery(key, message)
    assert found is not None and (found.state, found.code) == ("uncertain", "interrupted")


def test_replicas_send_each_once_and_in_order(opens: Open) -> None:
    shop = opens().start()
    shop.receiver.pause = 0.02
    folder = shop.serving.folder
    other = Serving(folder).start()
    try:
        agents = [shop.agent(), other.agent("anna")]
        keys = [shop.customer(f"u{n}") for n in range(6)]
        said: dict[ConversationId, list[MessageId]] = {key: [] for key in keys}

        def talk(mine: list[ConversationId], agent_at: int) -> None:
            for n in range(8):
                for key in mine:
                    said[key].append(shop.replies(agents[agent_at], key, f"{key}-{n}"))

        threads = [threading.Thread(target=talk, args=(keys[n::2], n)) for n in range(len(agents))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        until(lambda: not shop.rows(but="sent"), 120)
    except AssertionError as late:
        raise AssertionError(f"not sent: {shop.rows(but='sent')}") from late
    finally:
        other.close()
    assert Counter(shop.receiver.seen()) == {m: 1 for mine in said.values() for m in mine}
    for mine in said.values():
        assert [key for key in shop.receiver.seen() if key in mine] == mine


def test_a_replica_that_stands_still_does_not_hold_up_the_others(
    opens: Open, children: Nursery, database: str | None
) -> None:
    shop = opens()
    child = Child(children, shop, database)
    shop.receiver.script.append("hang")
    key = shop.customer()
    agent = shop.agent()
    message = shop.replies(agent, key, "一")
    later = shop.replies(agent, key, "二")
    until(lambda: shop.receiver.got)
    os.kill(child.pid, signal.SIGSTOP)
    shop.serving.start()
    shop.becomes(key, message, "uncertain")
    shop.arrives(key, later)
    os.kill(child.pid, signal.SIGCONT)
    shop.stays_quiet()
    assert shop.receiver.seen() == [message, later]
    assert shop.delivery(key, message) is not None
    child.kill()


@pytest.mark.parametrize("idempotent", [False, True])
def test_what_waited_in_a_restored_backup_may_have_left_since(
    opens: Open, tmp_path: Path, database: str | None, idempotent: bool
) -> None:
    shop = opens(idempotent=idempotent).start()
    key = shop.customer()
    shop.receiver.die()
    message = shop.replies(shop.agent(), key, "您好")
    copying.backup(shop.serving.database, tmp_path / "backup.db", lambda *_: None)
    shop.receiver.live()
    shop.arrives(key, message)
    shop.serving.stop()
    target = Database(shop.serving.folder.url)
    copying.restore(tmp_path / "backup.db", target, lambda *_: None, replace=True)
    target.close()
    shop.serving.start()
    if idempotent:
        shop.arrives(key, message)
        assert shop.receiver.seen() == [message, message]
    else:
        assert shop.becomes(key, message, "uncertain").code == "interrupted"
        shop.stays_quiet()
        assert shop.receiver.seen() == [message]
    assert audit.check(shop.serving.database).findings == ()

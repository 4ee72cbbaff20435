"""Servers that are killed while mails come and go: none is lost, none is there twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from agent_tui.server import delivering, mailboxes
from agent_tui.server.run import Listen, serve
from agent_tui.server.setup import DataFolder
from tests.crash.server import free_port
from tests.driver import until
from tests.flow.children import Nursery, nursery
from tests.mail.conftest import Open
from tests.mail.desk import INBOX, Desk
from tests.mail.letters import letter, many

KILLS = 5
EACH = 12
SERVER = "tests.mail.test_crash:server"


def server(root: str, port: int, database: str | None) -> None:
    """Serve until killed; leases and attempts that say nothing are over soon."""
    from agent_tui.server import mailing

    delivering.MARGIN_SECONDS = 1.0
    mailing.LEASE_SECONDS = -5.0  # the lease of who was killed is over when the next one comes
    mailing.AT_ONCE = 3
    serve(DataFolder(Path(root), database), Listen("127.0.0.1", port), lambda base: None)


@pytest.fixture
def children() -> Iterator[Nursery]:
    with nursery() as found:
        yield found


class Child:
    """The desk's server as a process."""

    def __init__(self, children: Nursery, desk: Desk, database: str | None) -> None:
        self._children, self._desk, self._database = children, desk, database
        self._port = free_port()
        desk.serving.base = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Return when it answers."""
        root = str(self._desk.serving.folder.root)
        self.pid = self._children.start(SERVER, root, self._port, self._database)
        until(self._desk.serving._answers, 30)

    def kill(self) -> None:
        """kill -9."""
        self._children.kill(self.pid)


def _taken(desk: Desk, count: int) -> bool:
    return sum(chat.messages for chat in desk.chats()) >= count


def test_killed_again_and_again(opens: Open, children: Nursery, database: str | None) -> None:
    desk = opens()
    child = Child(children, desk, database)
    rng = random.Random(5)
    for number in range(KILLS):
        desk.user.gets(*many(EACH, f"{number}-"))
        until(partial(_taken, desk, number * EACH + 2), 30)
        time.sleep(rng.uniform(0, 0.1))
        child.kill()
        child.start()
    chat = desk.taken(KILLS * EACH, 40)
    desk.settles()
    child.kill()
    assert Counter(desk.texts(chat.id)) == {
        f"{number}-{n}": 1 for number in range(KILLS) for n in range(EACH)
    }
    assert desk.user.unread() == 0


def test_killed_with_a_reply_on_its_way(
    opens: Open, children: Nursery, database: str | None
) -> None:
    """Whether the dot had left nobody knows: it is uncertain, and leaves once."""
    desk = opens()
    desk.out.says("dot", b"hang", b"250 taken")
    desk.user.gets(letter())
    child = Child(children, desk, database)
    chat = desk.taken()
    message = desk.replies(desk.agent(), chat.id, "您好")
    desk.sent()
    child.kill()
    child.start()
    assert desk.becomes(chat.id, message, "uncertain").code == "interrupted"
    child.kill()
    assert len(desk.out.got) == 1
    found = mailboxes.reached(desk.serving.database, INBOX)
    assert found is not None and found[1].uid == 1

"""A reader that follows the feed by its cursor and keeps what it was told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import httpx

from agent_tui.server.log import LogRow
from tests.driver import AgentClient


class Follower:
    """Polls one address until it is told to stop; `seqs` are those of the events that came."""

    def __init__(self, client: AgentClient, since: str) -> None:
        self.seqs: list[int] = []
        self.cursor = since
        self.start = int(since.split(":")[1])
        self._client = client
        self._until = -1
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    @property
    def seq(self) -> int:
        """How far it has come."""
        return int(self.cursor.split(":")[1])

    def _run(self) -> None:
        try:
            while not 0 <= self._until <= self.seq:
                with contextlib.suppress(httpx.HTTPError):
                    self._poll()
        except BaseException as error:
            self._error = error

    def _poll(self) -> None:
        query: dict[str, Any] = {"since": self.cursor, "client": self._client.client, "wait": 1}
        answer = self._client.call("GET", "/v1/changes", **query)
        if answer.status == 503:
            return
        assert answer.status == 200, answer
        page = answer.body
        assert page["from"] == self.cursor
        self.seqs += [event["seq"] for event in page["events"]]
        self.cursor = page["to"]

    def end(self, head: int) -> None:
        """Go on to `head`, then stop. Raises what it met with."""
        self._until = head
        self._thread.join(60)
        if self._error is not None:
            raise self._error
        assert not self._thread.is_alive(), f"stuck at {self.seq} of {head}"

    def judge(self, rows: list[LogRow]) -> None:
        """An administrator sees every event that is not a client's own."""
        told = [row.seq for row in rows if row.conversation is not None or row.client is None]
        assert self.seqs == [seq for seq in told if seq > self.start]


@contextlib.contextmanager
def following(client: AgentClient) -> Iterator[Follower]:
    """Follow from now on; also after a failure nobody goes on reading."""
    found = Follower(client, client.now())
    try:
        yield found
    finally:
        found._until = 0
        found._thread.join(60)

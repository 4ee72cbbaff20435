"""A real server in a thread, and the people who talk to it over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import select

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, MessageId, TeamId
from agent_tui.domain.model import Agent, Conversation, Message, Role
from agent_tui.domain.protocol import (
    CommandResult,
    CommandsAnswer,
    CommandsRequest,
    Page,
    SnapshotEnd,
    SnapshotHeader,
)
from agent_tui.server import accounts, auth, content, feed, log, schema
from agent_tui.server import clock as server_clock
from agent_tui.server.database import GENESIS, Database, link
from agent_tui.server.run import Listen, serve
from agent_tui.server.setup import DataFolder, administration
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Job, Writer
from tests import factories as f

PASSWORD = "correct horse"
DAY_MS = 24 * 3600 * 1000
PEOPLE = (
    Agent(AgentId("anna"), "Anna", Role.AGENT, (TeamId("after-sales"),)),
    Agent(AgentId("bo"), "Bo", Role.AGENT, (TeamId("after-sales"), TeamId("logistics"))),
    Agent(AgentId("lo"), "Lo", Role.AGENT, (TeamId("logistics"),)),
    Agent(AgentId("lee"), "Lee", Role.LEAD, (TeamId("after-sales"),)),
    Agent(AgentId("root"), "Root", Role.ADMIN),
    Agent(AgentId("kid"), "Kid", Role.TRAINEE, (TeamId("after-sales"),)),
)


def until(condition: Callable[[], Any], seconds: float = 30.0, what: str = "") -> Any:
    """The first true answer of `condition`; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(0.02)


def make_folder(root: Path, config: str = "", database: str | None = None) -> DataFolder:
    """A data folder with one article, one macro, two teams, a web inbox and `PEOPLE`.

    `database` is an address, if not the folder's own file. Nobody has a password: `Serving.token`
    logs people in without the cost of hashing.
    """
    for name, text in (
        ("kb/delivery/when.md", "---\ntitle: 什么时候发货\n---\n48 小时内。\n"),
        ("macros/greet.md", "---\ntitle: 问候\nkey: F3\n---\n您好，{{ customer.name }}\n"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (root / "config.toml").write_text(config, "utf-8")
    folder = DataFolder(root, database)
    events: list[e.WorkspaceEvent] = [
        e.TeamSaved(f.team()),
        e.TeamSaved(f.team("logistics", "物流", "Logistics")),
        e.InboxSaved(f.inbox()),
        e.InboxSaved(f.inbox("parcels", team="logistics")),
        *(e.AgentSaved(person) for person in PEOPLE),
    ]
    with administration(folder) as (opened, writer):
        writer.run_now(ChangeWorkspace(events))
        folder.publish(opened, writer)
    return folder


class Serving:
    """A server on a folder: start, stop, start again on the same port."""

    def __init__(self, folder: DataFolder, listen: Listen | None = None) -> None:
        self.folder = folder
        self.database = Database(folder.url)
        self._writer = Writer(self.database, lambda rows: None, server_clock.now_ms)
        self.base = ""
        self._listen = listen or Listen("127.0.0.1", 0)
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None
        self.error: BaseException | None = None

    def start(self) -> Serving:
        """Return once the first request can be served."""
        ready = threading.Event()

        def beside(base: str, stop: Callable[[], None]) -> None:
            self.base, self._stop = base, stop
            ready.set()

        def run() -> None:
            try:
                serve(self.folder, self._listen, lambda base: None, beside)
            except BaseException as error:
                self.error = error
                ready.set()

        self._thread = threading.Thread(target=run, name="server")
        self._thread.start()
        assert ready.wait(20)
        if self.error is not None:
            raise self.error
        port = int(self.base.rsplit(":", 1)[1])
        self._listen = Listen(self._listen.host, port, self._listen.certfile, self._listen.keyfile)
        until(self._answers, what="the server answers")
        return self

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.base}/healthz", verify=False, timeout=2).is_success
        return False

    def stop(self) -> float:
        """Stop; the answer is how many seconds it took."""
        started = time.monotonic()
        if self._thread is not None:
            self._stop()
            self._thread.join(20)
            assert not self._thread.is_alive()
        self._thread = None
        return time.monotonic() - started

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self.database.close()

    # --- who talks to it -------------------------------------------------------------------------

    def token(self, person: str, kind: str = auth.AGENT, hours: float = 24) -> str:
        """A token made in the database, as the administrator's commands do."""
        lifetime = int(hours * 3600 * 1000)
        secret, row = auth.new_token(kind, person, server_clock.now_ms(), lifetime)
        self.run(accounts.WriteRows([(schema.token.insert(), row)]))
        return secret

    def run(self, job: Job) -> None:
        """A write from beside the running server, as the administrator's commands make it."""
        self._writer.run_now(job)

    def change(self, *events: e.WorkspaceEvent) -> None:
        """A change of the workspace by an administrator's command."""
        self.run(ChangeWorkspace(events))

    def publish(self) -> None:
        """`agent-tui` publishes what is in kb/ and macros/ now."""
        for job in content.Content(self.folder.root, self.folder.config).jobs(self.database):
            self.run(job)

    def agent(self, person: str = "anna", client: str | None = None) -> AgentClient:
        """An agent's machine, logged in."""
        return AgentClient(self.base, self.token(person), client or f"k-{person}-{next(_ids)}")

    def visitor(self, inbox: str = "web", name: str = "王女士", language: str = "zh") -> Visitor:
        """A customer's page, not subject to limits per address."""
        if not hasattr(self, "_load"):
            self._load = self.token("load", auth.LOAD)
        return Visitor(self.base, inbox, name, language, load_token=self._load)

    # --- what is true ----------------------------------------------------------------------------

    def state(self, conversation: str) -> Conversation:
        """The row of the conversation table."""
        with self.database.read() as connection:
            raw = connection.execute(
                select(schema.conversation.c.state).where(schema.conversation.c.id == conversation)
            ).scalar_one()
        return msgspec.json.decode(raw, type=Conversation)

    def states(self) -> dict[ConversationId, Conversation]:
        """Every conversation."""
        with self.database.read() as connection:
            raws = connection.execute(select(schema.conversation.c.state)).scalars().all()
        found = [msgspec.json.decode(raw, type=Conversation) for raw in raws]
        return {state.id: state for state in found}

    def messages(self, conversation: str) -> tuple[Message, ...]:
        """The rows of the message table."""
        with self.database.read() as connection:
            return feed.messages(connection, ConversationId(conversation))

    def log(self) -> list[log.LogRow]:
        """The whole log."""
        with self.database.read() as connection:
            return log.after(connection, 0, 10**9)


def check_log(serving: Serving) -> list[log.LogRow]:
    """The log is gap-free, its times never decrease, its chain verifies, and the tables are its
    fold. Returns the log."""
    rows = serving.log()
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert all(one.at <= two.at for one, two in itertools.pairwise(rows))
    chain = GENESIS
    for row in rows:
        chain = link(chain, row.body)
        assert row.chain == chain
    with serving.database.read() as connection:
        workspace = connection.execute(select(schema.workspace)).one()
    assert (workspace.head, workspace.chain) == (len(rows), chain)
    by_conversation: dict[ConversationId, list[log.LogRow]] = {}
    for row in rows:
        if row.conversation is not None:
            by_conversation.setdefault(row.conversation, []).append(row)
    assert serving.states().keys() == by_conversation.keys()
    for key, mine in by_conversation.items():
        state, messages = log.replay(mine, key)
        assert state == serving.state(key)
        assert tuple(messages) == serving.messages(key)
    return rows


# --- an agent's machine --------------------------------------------------------------------------

_ids = itertools.count(1)


def new_id() -> MessageId:
    """A message id that no other test of this process uses."""
    return MessageId(f"t{next(_ids)}")


@dataclass
class Stream:
    """What came over a stream of server-sent events."""

    events: list[tuple[str, str, Any]] = field(default_factory=list)  # (kind, id, data)
    comments: int = 0
    ended: bool = False
    status: int = 0

    def data(self, kind: str) -> list[Any]:
        """The data of the events of one kind."""
        return [data for each, _, data in self.events if each == kind]


@contextlib.contextmanager
def streaming(url: str, token: str, **query: str) -> Iterator[Stream]:
    """Read a stream on a thread of its own until the block ends."""
    found = Stream()
    loop = asyncio.new_event_loop()
    headers = {"Authorization": f"Bearer {token}"}

    async def read() -> None:
        async with (
            httpx.AsyncClient(timeout=60.0, verify=False) as http,
            http.stream("GET", url, params=query, headers=headers) as response,
        ):
            found.status = response.status_code
            rest = b""
            async for chunk in response.aiter_raw():
                *blocks, rest = (rest + chunk).split(b"\n\n")
                for block in blocks:
                    _take(found, block.decode())

    async def main() -> None:
        with contextlib.suppress(httpx.HTTPError, asyncio.CancelledError):
            await read()
        found.ended = True

    task = loop.create_task(main())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,), name="stream")
    thread.start()
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _take(found: Stream, block: str) -> None:
    if block.startswith(":"):
        found.comments += 1
        return
    parts = dict(line.split(": ", 1) for line in block.split("\n"))
    found.events.append((parts["event"], parts.get("id", ""), json.loads(parts["data"])))


class Answer(msgspec.Struct, frozen=True):
    """Status and body of an HTTP answer."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The stable code of an error."""
        return str(self.body["error"]["code"])


class Http:
    """One caller with a token."""

    def __init__(self, base: str, token: str = "", headers: dict[str, str] | None = None) -> None:
        self.base = base
        self.token = token
        known = dict(headers or {})
        if token:
            known["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            base_url=base, headers=known, timeout=40.0, verify=False, trust_env=False
        )
        # Tests make callers freely and never have to close one.
        weakref.finalize(self, self._http.close)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """One request."""
        data = raw if raw is not None else None if body is None else msgspec.json.encode(body)
        answer = self._http.request(method, path, content=data, params=query, headers=headers)
        try:
            found = answer.json()
        except ValueError:
            found = answer.text
        return Answer(answer.status_code, found, dict(answer.headers))

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The body of an answer that must be good."""
        answer = self.call(method, path, body, **query)
        assert 200 <= answer.status < 300, answer
        return answer.body


class AgentClient(Http):
    """An agent's machine: numbers its commands and follows the feed."""

    def __init__(self, base: str, token: str, client: str) -> None:
        super().__init__(base, token)
        self.client = ClientId(client)
        self.number = 0

    def order(self, conversation: str, command: c.AgentCommand, *, age: int = 0) -> c.Order:
        """The next numbered command."""
        self.number += 1
        return f.order(command, self.number, conversation, server_clock.now_ms() - age)

    def send(self, orders: Sequence[c.Order]) -> Answer:
        """POST /v1/commands."""
        request = CommandsRequest(self.client, server_clock.now_ms(), tuple(orders))
        return self.call("POST", "/v1/commands", request)

    def do(
        self, conversation: str, *commands: c.AgentCommand, age: int = 0
    ) -> tuple[CommandResult, ...]:
        """Number and send commands; their results."""
        answer = self.send([self.order(conversation, each, age=age) for each in commands])
        assert answer.status == 200, answer
        return msgspec.convert(answer.body, CommandsAnswer).results

    def applied(self, conversation: str, *commands: c.AgentCommand) -> None:
        """`do`, and every one of them was applied."""
        outcomes = {result.outcome for result in self.do(conversation, *commands)}
        assert outcomes == {"applied"}

    def page(self, since: str, **query: Any) -> Page:
        """One page of the feed."""
        raw = self.ok("GET", "/v1/changes", since=since, client=self.client, **query)
        return msgspec.convert(raw, Page)

    def pages(self, since: str, limit: int = 500) -> Iterable[Page]:
        """Every page after `since`."""
        while True:
            page = self.page(since, limit=limit)
            yield page
            since = page.to
            if not page.more:
                return

    def events(self, since: str, limit: int = 500) -> list[e.Recorded]:
        """Every event after `since`."""
        return [event for page in self.pages(since, limit) for event in page.events]

    def snapshot(self) -> tuple[SnapshotHeader, list[e.Recorded]]:
        """The snapshot; its end is checked."""
        text = self.call("GET", "/v1/snapshot", client=self.client).body
        header, *lines, end = text.strip().split("\n")
        assert msgspec.json.decode(end, type=SnapshotEnd).events == len(lines)
        decode = msgspec.json.Decoder(e.Recorded).decode
        return msgspec.json.decode(header, type=SnapshotHeader), [decode(line) for line in lines]

    def now(self) -> str:
        """The cursor at this moment."""
        return self.snapshot()[0].cursor

    def stream(self, since: str) -> contextlib.AbstractContextManager[Stream]:
        """The feed as a stream."""
        return streaming(f"{self.base}/v1/stream", self.token, since=since, client=self.client)


# --- a customer ----------------------------------------------------------------------------------


class Visitor(Http):
    """A customer's page on the web channel."""

    def __init__(
        self,
        base: str,
        inbox: str = "web",
        name: str = "王女士",
        language: str = "zh",
        load_token: str = "",
    ) -> None:
        self.path = f"/v1/web/{inbox}"
        headers = {"X-Load-Token": load_token} if load_token else {}
        stranger = Http(base, headers=headers)
        body = {"name": name, "language": language}
        found = stranger.ok("POST", f"{self.path}/session", body)
        super().__init__(base, found["visitor"], headers)
        self.customer = str(found["customer"])

    def say(self, text: str, id: str | None = None) -> dict[str, Any]:
        """A message that must be taken."""
        body = {"id": id or new_id(), "text": text}
        found: dict[str, Any] = self.ok("POST", f"{self.path}/messages", body)
        return found

    def sees(self, after: int = 0, **query: Any) -> dict[str, Any]:
        """GET messages."""
        found: dict[str, Any] = self.ok("GET", f"{self.path}/messages", after=after, **query)
        return found

    def texts(self) -> list[str]:
        """What stands on the page."""
        return [message["text"] for message in self.sees()["messages"]]

    def stream(self, after: int = 0) -> contextlib.AbstractContextManager[Stream]:
        """The page's stream."""
        return streaming(f"{self.base}{self.path}/stream", self.token, after=str(after))


def conversation_of(serving: Serving, visitor: Visitor) -> ConversationId:
    """The visitor's only conversation."""
    (found,) = [s.id for s in serving.states().values() if s.visitor == visitor.customer]
    return found


def chat(
    serving: Serving, *texts: str, inbox: str = "web", name: str = "王女士"
) -> tuple[Visitor, ConversationId]:
    """A customer who has written `texts` (你好), and the conversation that came of it."""
    visitor = serving.visitor(inbox, name)
    for text in texts or ("你好",):
        visitor.say(text)
    return visitor, conversation_of(serving, visitor)


def chat_key(
    serving: Serving, *texts: str, inbox: str = "web", name: str = "王女士"
) -> ConversationId:
    """The same where nobody looks at the customer."""
    return chat(serving, *texts, inbox=inbox, name=name)[1]

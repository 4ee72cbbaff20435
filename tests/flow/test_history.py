"""Search from an agent's machine: the cache and the server together, and without the server."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from agent_tui import bootstrap
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind, Status
from agent_tui.domain.query import Filters, QueryError
from agent_tui.server import schema
from agent_tui.store.history import Cancelled
from agent_tui.sync import history
from agent_tui.sync.history import OFFLINE, MessageSearch
from tests.driver import Serving, check_log, conversation_of, make_folder, until
from tests.flow.workstation import Workstation


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A server whose snapshots leave out what is resolved."""
    found = Serving(make_folder(tmp_path / "data", "[server]\nsnapshot_days = 0\n")).start()
    yield found
    found.stop()
    check_log(found)
    found.close()


class Desk:
    """Anna's machine: `old` is on the server only, `new` is in the cache, too."""

    def __init__(self, serving: Serving, desk_of: Callable[..., Workstation]) -> None:
        self.old = self._chat(serving, "李先生", "上次的運費還沒退")
        serving.agent("anna", "k-other").applied(self.old, c.SetStatus(Status.RESOLVED))
        self.station = desk_of().connect()
        self.station.until(lambda desk: self.station.links[-1:] == ["online"])
        self.new = self._chat(serving, "王女士", "运费谁出？")
        self.station.until(lambda desk: desk.transcript(self.new))
        assert not self.station.desk.transcript(self.old)

    def _chat(self, serving: Serving, name: str, text: str) -> ConversationId:
        visitor = serving.visitor(name=name)
        visitor.say(text)
        return conversation_of(serving, visitor)

    @contextlib.contextmanager
    def searching(self, url: str = "") -> Iterator[MessageSearch]:
        """Its search, perhaps with another server's address."""
        login = replace(self.station.login, url=url or self.station.login.url)
        with contextlib.closing(bootstrap.history(self.station.profile, login)) as found:
            yield found


@pytest.fixture
def desk(serving: Serving, desk_of: Callable[..., Workstation]) -> Desk:
    return Desk(serving, desk_of)


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_here_at_once_and_everywhere_each_once(desk: Desk) -> None:
    with desk.searching() as past:
        assert [each.conversation for each in past.here("运费").found] == [desk.new]
        finds = past.everywhere("运费")
    assert [(each.conversation, each.online) for each in finds.found] == [
        (desk.new, False),
        (desk.old, True),
    ]
    old = finds.found[1]
    assert [old.text[start:end] for start, end in old.spans] == ["運費"]
    assert old.name == "李先生" and finds.notes == ()
    assert [(each.place, each.found) for each in finds.looked] == [("here", 1), ("server", 2)]


def test_filters_go_to_the_server_too(desk: Desk) -> None:
    with desk.searching() as past:

        def found(query: str, **where: object) -> set[ConversationId]:
            filters = Filters(**where)  # type: ignore[arg-type]
            return {each.conversation for each in past.server(query, where=filters).found}

        assert found("运费") == {desk.old, desk.new}
        assert found("运费 with:李") == found("运费", names=("李",)) == {desk.old}
        assert found("运费 from:agent") == set()
        assert found("运费", kinds=frozenset({MessageKind.REPLY})) == set()
        assert found("运费 before:2020-01-01") == found("运费", before=0) == set()
        assert found("运费 after:2020-01-01") == {desk.old, desk.new}
        assert found("from:customer") == {desk.old, desk.new}
        assert found("") == found("😀") == set()
        with pytest.raises(QueryError):
            past.everywhere("before:x")


def test_what_the_server_says_is_cleaned(desk: Desk, serving: Serving) -> None:
    where = schema.message.c.conversation == desk.old
    with serving.database.write() as connection:
        hostile = "\x1b]52;c;x\x07 先說 运费\u202e"
        connection.execute(update(schema.message).where(where).values(text=hostile))
    with desk.searching() as past:
        (found,) = [each for each in past.server("运费").found if each.conversation == desk.old]
    assert "\x1b" not in found.text and "\u202e" not in found.text
    assert [found.text[start:end] for start, end in found.spans] == ["运费"]
    with serving.database.write() as connection:
        connection.execute(update(schema.message).where(where).values(text="上次的運費還沒退"))


@pytest.mark.parametrize("how", ["refused", "silent", "stranger"])
def test_without_the_server_it_says_so(
    desk: Desk, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "REST", 30.0)
    with contextlib.ExitStack() as opened:
        if how == "silent":
            url = opened.enter_context(silent())
        elif how == "refused":
            url = "http://127.0.0.1:1"
        else:
            url = f"{desk.station.login.url}/elsewhere"
        past = opened.enter_context(desk.searching(url))
        started = time.monotonic()
        finds = past.everywhere("运费")
        took = time.monotonic() - started
        assert [each.conversation for each in finds.found] == [desk.new]
        assert finds.notes == (OFFLINE,)
        assert finds.looked[1].trouble
        assert took < history.PATIENCE + 8  # what a loaded machine may add
        # And does not ask again at once.
        monkeypatch.setattr(history._Server, "_answer", None)
        assert past.everywhere("运费").notes == (OFFLINE,)


def test_a_search_that_waits_for_the_server_is_called_off(desk: Desk) -> None:
    ended: list[BaseException] = []

    def run() -> None:
        try:
            past.everywhere("运费")
        except BaseException as error:
            ended.append(error)

    with silent() as url, desk.searching(url) as past:
        past._server._patience = 60.0
        thread = threading.Thread(target=run)
        thread.start()
        until(lambda: past._server._task, what="it waits for the server")
        past.cancel()
        thread.join(20)
        assert [type(error) for error in ended] == [Cancelled]
        assert past.here("运费").found  # a later one starts fresh


def test_it_may_be_used_from_one_thread_after_another(desk: Desk) -> None:
    found: list[int] = []
    with desk.searching() as past:
        for _ in range(3):
            thread = threading.Thread(
                target=lambda: found.append(len(past.everywhere("运费").found))
            )
            thread.start()
            thread.join(20)
    assert found == [2, 2, 2]


def test_syncing_fills_the_index(desk: Desk) -> None:
    cache = desk.station.desk._cache

    def left() -> int:
        (count,) = cache._connection().execute("SELECT count(*) FROM unindexed").fetchone()
        return int(count)

    until(lambda: left() == 0, 20, what="the index has come to the end")
    with desk.searching() as past:
        assert [each.conversation for each in past.here("运费").found] == [desk.new]

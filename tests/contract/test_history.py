"""Search over everything an account may see: the same answers on both engines."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Role
from agent_tui.domain.query import parse
from agent_tui.domain.words import Folding
from agent_tui.knowledge import simplified
from agent_tui.server import copying, history, words
from agent_tui.server.database import Database
from tests import factories as f
from tests.databases import of_engine
from tests.driver import PEOPLE, Http, Serving, Visitor, conversation_of, new_id, until

_numbers = itertools.count(10_000)
HOSTILE = ('"', '""', "*", "a*b", "NEAR(", "a AND", "(", "')--", "\\", "&|!", ":*", "^", "{x}", "-")


@dataclasses.dataclass
class Chat:
    """A customer's conversation about a word that no other test uses."""

    serving: Serving
    word: str
    visitor: Visitor
    id: ConversationId


@pytest.fixture
def chat(serving: Serving) -> Chat:
    visitor = serving.visitor(name="王女士")
    word = f"w{next(_numbers)}x"
    visitor.say(f"我要退貨，{word}，訂單號 SF{word[1:-1]}88776655")
    return Chat(serving, word, visitor, conversation_of(serving, visitor))


def search(client: Http, q: str, **more: Any) -> list[tuple[str, int]]:
    """Where it was found, best first."""
    found = client.ok("GET", "/v1/search", q=q, **more)["found"]
    return [(each["conversation"], each["no"]) for each in found]


def indexed(serving: Serving) -> None:
    """Wait until the index has come to the end of the log."""
    folding = simplified.folding()
    until(lambda: words.step(serving.database, folding) == 0, what="everything is indexed")


def ways(chat: Chat) -> list[str]:
    """Queries that find the chat's first message."""
    return [
        chat.word,
        chat.word[:4].upper() + chat.word[4:],
        f"退货 {chat.word}",
        f'"我要退货" {chat.word}',
        f"{chat.word} 88776655",
        f"{chat.word} 6655",
        f"{chat.word} from:customer",
        f"{chat.word} with:王女士",
        f"{chat.word} after:2026-01-01",
        f"SF{chat.word[1:-1]}",
    ]


@pytest.mark.parametrize("number", range(10))
def test_found_before_and_after_it_is_indexed(chat: Chat, number: int) -> None:
    anna = chat.serving.agent()
    query = ways(chat)[number]
    assert search(anna, query) == [(chat.id, 1)]
    indexed(chat.serving)
    assert search(anna, query) == [(chat.id, 1)]


@pytest.mark.parametrize(
    "more",
    ["退款", "货退", '"退货要"', "from:note", "with:李", "before:2026-01-01", "8877", "7766"],
)
def test_what_does_not_fit(chat: Chat, more: str) -> None:
    anna = chat.serving.agent()
    assert search(anna, f"{chat.word} {more}") == []
    indexed(chat.serving)
    assert search(anna, f"{chat.word} {more}") == []


def test_an_answer_tells_all_of_it(chat: Chat) -> None:
    (found,) = chat.serving.agent().ok("GET", "/v1/search", q=f"退货 {chat.word}")["found"]
    text = found.pop("text")
    assert [text[start:end] for start, end in found.pop("spans")] == ["退貨", chat.word]
    assert found.pop("score") > 0 and found.pop("at") > 0
    assert found == {
        "conversation": chat.id,
        "no": 1,
        "name": "王女士",
        "kind": "customer",
        "author": chat.visitor.customer,
    }


def test_scope_is_that_of_the_feed(chat: Chat) -> None:
    serving = chat.serving
    for after_indexing in (False, True):
        if after_indexing:
            indexed(serving)
        seen = {who: bool(search(serving.agent(who), chat.word)) for who in PEOPLE_IDS}
        assert seen == {
            "anna": True, "bo": True, "lee": True, "root": True, "lo": False, "kid": False
        }  # fmt: skip
    # It goes to another team, and from there to an agent of the first.
    serving.agent("root").applied(chat.id, c.Assign(agent=None, team=TeamId("logistics"), epoch=0))
    assert search(serving.agent("lo"), chat.word) and not search(serving.agent("anna"), chat.word)


PEOPLE_IDS = [person.id for person in PEOPLE]


def test_what_is_ones_own_is_seen_in_any_team(chat: Chat) -> None:
    lo = chat.serving.agent("lo")
    assert search(lo, chat.word) == []
    chat.serving.agent("root").applied(chat.id, c.Assign(agent=AgentId("lo"), team=None, epoch=0))
    assert search(lo, chat.word) == [(chat.id, 1)]


def test_who_is_in_no_team_sees_nothing_but_ones_own(chat: Chat) -> None:
    person = replace(PEOPLE[0], id=AgentId(new_id()), teams=())
    chat.serving.change(e.AgentSaved(person))
    client = chat.serving.agent(person.id)
    assert search(client, chat.word) == []
    chat.serving.agent("root").applied(chat.id, c.Assign(agent=person.id, team=None, epoch=0))
    assert search(client, chat.word) == [(chat.id, 1)]


def test_an_account_that_became_a_trainee_finds_nothing(chat: Chat) -> None:
    person = replace(PEOPLE[0], id=AgentId(new_id()), role=Role.AGENT)
    chat.serving.change(e.AgentSaved(person))
    client = chat.serving.agent(person.id)
    assert search(client, chat.word)
    chat.serving.change(e.AgentSaved(replace(person, role=Role.TRAINEE)))
    assert search(client, chat.word) == []


def test_notes_go_when_they_are_taken_back(chat: Chat) -> None:
    anna = chat.serving.agent()
    note = new_id()
    anna.applied(chat.id, c.AddNote(message=note, text=f"内部 {chat.word} 备注"))
    assert search(anna, f"内部 {chat.word}") == [(chat.id, 2)]
    assert search(anna, f"{chat.word} from:note") == [(chat.id, 2)]
    indexed(chat.serving)
    anna.applied(chat.id, c.RemoveNote(note, 2))
    assert search(anna, f"内部 {chat.word}") == []


def test_what_was_edited_is_found_by_its_new_words(chat: Chat) -> None:
    anna, message = chat.serving.agent(), new_id()
    anna.applied(chat.id, f.reply(message, f"运费 {chat.word} 旧的", epoch=0))
    old, new = f"{chat.word} 旧的", f"{chat.word} 新的"
    for first, second, after_indexing in ((old, new, False), (new, old, True)):
        assert search(anna, first) == [(chat.id, 2)]
        if after_indexing:
            indexed(chat.serving)
        anna.applied(chat.id, c.EditMessage(message, 2, f"运费 {second}"))
        assert (search(anna, first), search(anna, second)) == ([], [(chat.id, 2)])
        indexed(chat.serving)
        assert (search(anna, first), search(anna, second)) == ([], [(chat.id, 2)])
    with chat.serving.database.read() as connection:
        count = connection.execute(text("SELECT count(*) FROM message_words")).scalar_one()
        assert count == connection.execute(text("SELECT count(*) FROM message")).scalar_one()
        place = connection.execute(text("SELECT seq FROM indexed")).scalar_one()
    assert place >= chat.serving.messages(chat.id)[1].edited_seq  # no longer looked through


def test_newer_and_shorter_come_first_and_the_limit_holds(chat: Chat) -> None:
    long = "，".join(f"关于订单的第 {n} 个问题" for n in range(20))
    chat.visitor.say(f"{long} {chat.word}")
    chat.visitor.say(f"{chat.word}？")
    anna = chat.serving.agent()
    for _ in range(2):
        assert [no for _, no in search(anna, chat.word)] == [3, 1, 2]
        assert [no for _, no in search(anna, chat.word, limit=1)] == [3]
        indexed(chat.serving)


def test_before_and_after_in_milliseconds(chat: Chat) -> None:
    anna = chat.serving.agent()
    (said,) = chat.serving.messages(chat.id)
    assert search(anna, chat.word, after=said.at) and not search(anna, chat.word, before=said.at)
    assert search(anna, chat.word, before=said.at + 1)
    assert not search(anna, chat.word, after=said.at + 1)
    # Without words: all that pass, the newest first.
    chat.visitor.say("在吗")
    found = search(anna, "from:customer", after=said.at)
    assert found[0] == (chat.id, 2) and found[-1] == (chat.id, 1)


@pytest.mark.parametrize("query", HOSTILE)
def test_signs_are_data(chat: Chat, query: str) -> None:
    anna = chat.serving.agent()
    indexed(chat.serving)
    assert chat.serving.agent().call("GET", "/v1/search", q=query).status == 200
    found = search(anna, f"{chat.word} {query}")
    assert found in ([], [(chat.id, 1)])


def test_queries_of_every_length(chat: Chat) -> None:
    anna = chat.serving.agent()
    assert anna.call("GET", "/v1/search").body == {"found": []}
    assert anna.call("GET", "/v1/search", q="😀").body == {"found": []}
    assert anna.call("GET", "/v1/search", q="退" * 5000).status == 200
    assert anna.call("GET", "/v1/search", q="a1 " * 500).status == 200
    assert anna.call("GET", "/v1/search", q=chat.word + "\0'").status == 200


@pytest.mark.parametrize(
    ("query", "place"), [("from:nobody x", 1), ("x before:2026-13-01", 3), ("x with:", 3)]
)
def test_a_wrong_filter_is_told(serving: Serving, query: str, place: int) -> None:
    answer = serving.agent().call("GET", "/v1/search", q=query)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert f"第 {place} 个字符" in answer.body["error"]["title"]
    assert answer.body["error"]["hint"]


def test_only_agents_may_ask(chat: Chat) -> None:
    assert Http(chat.serving.base).call("GET", "/v1/search", q="x").status == 401
    assert chat.visitor.call("GET", "/v1/search", q="x").status == 401


def test_what_takes_too_long_is_given_up(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = chat.serving.agent()
    sqlite = chat.serving.database.sqlite
    monkeypatch.setattr(history, "BUDGET_SECONDS", -1.0 if sqlite else 0.001)
    monkeypatch.setattr(history, "_STEPS", 1)
    if not sqlite:  # wherever the message is found, indexed or not
        slow = "CASE WHEN pg_sleep(0.2) IS NULL THEN NULL ELSE c.state END"
        monkeypatch.setattr(history, "_COLUMNS", history._COLUMNS.replace("c.state", slow))
    answer = anna.call("GET", "/v1/search", q=chat.word)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert "after:" in answer.body["error"]["hint"]
    monkeypatch.undo()
    assert search(anna, chat.word)  # nothing of the limit stays on the connection


# --- the index -----------------------------------------------------------------------------------


class Still(NamedTuple):
    """A copy of a workspace on the same engine, which no server indexes meanwhile."""

    database: Database
    word: str

    def place(self) -> tuple[int, str, int]:
        """(where the index stands, its version, how many rows it has)."""
        with self.database.read() as connection:
            seq, version = connection.execute(text("SELECT seq, version FROM indexed")).one()
            count = connection.execute(text("SELECT count(*) FROM message_words")).scalar_one()
            return seq, version, count

    def indexed(self, folding: Folding) -> None:
        """All of it."""
        while words.step(self.database, folding):
            pass

    def found(self) -> int:
        """How often the word is found."""
        folding = simplified.folding()
        query = parse(f"退货 {self.word}", folding)
        return len(history.search(self.database, PEOPLE[4], query, 20, folding, 0).found)


@pytest.fixture
def still(chat: Chat, engine: str, tmp_path: Path) -> Iterator[Still]:
    with of_engine(engine) as url:
        database = Database(url or f"sqlite:///{tmp_path / 'still.db'}")
        copying.copy(chat.serving.database, database, lambda *_: None)
        yield Still(database, chat.word)
        database.close()


def test_a_copy_makes_an_index_of_its_own(still: Still, chat: Chat) -> None:
    assert (still.place()[2], still.found()) == (0, 1)
    still.indexed(simplified.folding())
    total = still.place()[2]
    assert total > 0 and still.found() == 1
    # And again over it: rows of before must not be found at other messages' places.
    copying.copy(chat.serving.database, still.database, lambda *_: None, replace=True)
    assert (still.place()[2], still.found()) == (0, 1)


def test_each_message_is_indexed_once(still: Still, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two indexers, of which one reads the place before the other moves it."""
    folding, real = simplified.folding(), words._after
    monkeypatch.setattr(words, "STEP", 1)

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(words, "_after", real)
        assert words.step(still.database, folding, 1) == 1
        return real(*arguments)

    monkeypatch.setattr(words, "_after", meanwhile)
    words.step(still.database, folding, 1)
    assert still.place()[2] == 1
    still.indexed(folding)
    with still.database.read() as connection:
        assert still.place()[2] == connection.execute(text("SELECT count(*) FROM message")).scalar()


def test_another_folding_indexes_everything_again(still: Still) -> None:
    still.indexed(simplified.folding())
    total = still.place()[2]
    plain = Folding({})
    still.indexed(plain)
    assert still.place()[1:] == (plain.version, total)
    assert still.found() == 1  # by looking through all of it, which is what the other one made
    still.indexed(simplified.folding())
    assert still.place()[1:] == (simplified.folding().version, total)
    assert still.found() == 1


def test_the_running_server_indexes_by_itself(chat: Chat) -> None:
    (said,) = chat.serving.messages(chat.id)
    still = Still(chat.serving.database, chat.word)
    until(lambda: still.place()[0] >= said.seq, 20)


def test_a_tail_that_is_too_long_is_said(still: Still, monkeypatch: pytest.MonkeyPatch) -> None:
    folding = simplified.folding()
    query = parse(still.word, folding)

    def partial() -> bool:
        return history.search(still.database, PEOPLE[4], query, 20, folding, 0).partial

    assert not partial()
    monkeypatch.setattr(history, "TAIL", 0)
    assert partial()
    still.indexed(folding)
    assert not partial()

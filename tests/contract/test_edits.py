"""Other words for what was sent: who may, what the customer's page gets, that the log agrees."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Status
from agent_tui.server import audit
from tests import factories as f
from tests.driver import AgentClient, Serving, Visitor, check_log, conversation_of, new_id, until


class Chat:
    """A customer who was answered."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.visitor: Visitor = serving.visitor()
        self.visitor.say("订单到哪了")
        self.key: ConversationId = conversation_of(serving, self.visitor)
        self.anna: AgentClient = serving.agent()
        self.reply: MessageId = new_id()
        self.anna.applied(self.key, f.reply(self.reply, "今天到", epoch=0))

    def edit(self, text: str, message: MessageId | None = None, no: int = 2) -> c.EditMessage:
        return c.EditMessage(message or self.reply, no, text)

    def refused(self, command: c.AgentCommand, who: AgentClient | None = None) -> str:
        (result,) = (who or self.anna).do(self.key, command)
        return result.reason

    def said(self) -> list[tuple[str, bool]]:
        return [(m["text"], m.get("edited", False)) for m in self.visitor.sees()["messages"]]


@pytest.fixture
def chat(serving: Serving) -> Chat:
    return Chat(serving)


def test_an_edit_reaches_customer_colleagues_and_queue(chat: Chat) -> None:
    bo = chat.serving.agent("bo")
    since, before = bo.now(), chat.serving.state(chat.key)
    chat.anna.applied(chat.key, chat.edit("明天到 \x1b[31m[b]"))
    assert chat.said() == [("订单到哪了", False), ("明天到 [31m[b]", True)]
    (told,) = [each for each in bo.events(since) if isinstance(each.body, e.MessageEdited)]
    assert (told.by, told.body) == ("anna", e.MessageEdited(chat.reply, 2, "明天到 [31m[b]"))
    state = chat.serving.state(chat.key)
    assert state.preview == "明天到 [31m[b]"
    same = ("last_at", "waiting", "read_no", "epoch", "clocks", "first_reply_at", "status")
    assert all(getattr(state, name) == getattr(before, name) for name in same)
    line = chat.serving.messages(chat.key)[1]
    assert (line.edited, line.edited_seq) == (told.at, told.seq)
    check_log(chat.serving)
    assert audit.check(chat.serving.database).findings == ()


def test_the_number_is_the_servers(chat: Chat) -> None:
    """A note and its edit come in one request, and a customer's message took the number."""
    note = new_id()
    orders = [
        chat.anna.order(chat.key, c.AddNote(note, "写错了")),
        chat.anna.order(chat.key, chat.edit("写对了", note, no=3)),
    ]
    chat.visitor.say("在吗")
    answer = chat.anna.send(orders)
    assert [each["outcome"] for each in answer.body["results"]] == ["applied", "applied"]
    texts = [m.text for m in chat.serving.messages(chat.key)]
    assert texts == ["订单到哪了", "今天到", "在吗", "写对了"]


def test_who_may_and_until_when(chat: Chat) -> None:
    serving, note = chat.serving, new_id()
    chat.anna.applied(chat.key, c.AddNote(note, "看一下"))
    bo, lead = serving.agent("bo"), serving.agent("lee")
    assert chat.refused(chat.edit("x"), bo) == chat.refused(chat.edit("x"), lead) == "not_author"
    customers = serving.messages(chat.key)[0].id
    assert chat.refused(chat.edit("x", customers, 1)) == "not_author"
    other = Chat(serving)
    assert other.refused(chat.edit("x")) == "no_such_message"
    assert chat.refused(chat.edit(" ")) == "empty"
    assert chat.refused(chat.edit("x", new_id())) == "no_such_message"
    chat.anna.applied(chat.key, c.SetStatus(Status.RESOLVED))
    assert chat.refused(chat.edit("x")) == "finished"
    chat.anna.applied(chat.key, chat.edit("备注总能改", note, 3), c.RemoveNote(note, 3))
    assert chat.refused(chat.edit("x", note, 3)) == "no_such_message"
    assert [m.text for m in serving.messages(chat.key)] == ["订单到哪了", "今天到", "备注总能改"]
    serving.agent("root").applied(chat.key, c.Assign(None, f.LOGISTICS))
    assert chat.refused(chat.edit("x")) == "out_of_scope"


def test_the_same_text_settles_without_an_event(chat: Chat) -> None:
    since = chat.anna.now()
    chat.anna.applied(chat.key, chat.edit("今天到"))
    bodies = [each.body for each in chat.anna.events(since)]
    assert [type(body) for body in bodies] == [e.CommandSettled]
    assert chat.said()[1] == ("今天到", False)


def test_a_page_that_was_read_gets_an_edited_message_again(chat: Chat) -> None:
    read = chat.visitor.sees()
    chat.visitor.say("谢谢")
    chat.anna.applied(chat.key, chat.edit("明天到"))
    page = chat.visitor.sees(after=read["cursor"])
    assert [m["text"] for m in page["messages"]] == ["谢谢", "明天到"]
    assert page["messages"][1]["seq"] == read["messages"][1]["seq"]
    assert chat.visitor.sees(after=page["cursor"])["messages"] == []
    # Piece by piece nothing is left out either, and it ends.
    chat.anna.applied(chat.key, chat.edit("后天到"))
    chat.visitor.say("好的")
    found, after = [], read["cursor"]
    while (some := chat.visitor.sees(after=after, limit=1))["messages"]:
        found += [m["text"] for m in some["messages"]]
        assert some["cursor"] > after
        after = some["cursor"]
    assert found == ["谢谢", "后天到", "好的"]
    # From the beginning, a message comes once, at its place, though it was edited.
    whole = chat.visitor.sees()
    assert [m["text"] for m in whole["messages"]] == ["订单到哪了", "后天到", "谢谢", "好的"]
    assert chat.visitor.sees(after=whole["cursor"])["messages"] == []


def test_the_pages_of_a_history_tell_each_new_text(chat: Chat) -> None:
    chat.visitor.say("谢谢")
    chat.anna.applied(chat.key, chat.edit("明天到"))
    texts: dict[str, str] = {}
    after = 0
    while (some := chat.visitor.sees(after=after, limit=1))["messages"]:
        texts |= {m["id"]: m["text"] for m in some["messages"]}
        after = some["cursor"]
    assert sorted(texts.values()) == sorted(["订单到哪了", "谢谢", "明天到"])
    whole = chat.visitor.sees()  # the edit was the last that happened, and is not told twice
    assert chat.visitor.sees(after=whole["cursor"])["messages"] == []


def test_notes_are_no_news_for_the_customer(chat: Chat) -> None:
    note = new_id()
    chat.anna.applied(chat.key, c.AddNote(note, "内部"))
    cursor = chat.visitor.sees()["cursor"]
    chat.anna.applied(chat.key, chat.edit("内部，改过", note, 3))
    page = chat.visitor.sees(after=cursor)
    assert page["messages"] == [] and "内部" not in str(chat.visitor.sees())


def test_an_edit_wakes_the_poll_and_the_stream(chat: Chat) -> None:
    cursor = chat.visitor.sees()["cursor"]
    found: list[dict[str, Any]] = []
    poll = threading.Thread(target=lambda: found.append(chat.visitor.sees(after=cursor, wait=20)))
    poll.start()
    with chat.visitor.stream(after=cursor) as stream:
        until(lambda: stream.comments)
        chat.anna.applied(chat.key, chat.edit("明天到"))
        until(lambda: stream.data("message"))
        assert [(m["text"], m["edited"]) for m in stream.data("message")] == [("明天到", True)]
        ids = [int(id) for kind, id, _ in stream.events if kind == "message"]
        assert ids == [cursor]  # going on from there leaves nothing out
    poll.join(15)
    assert [m["text"] for m in found[0]["messages"]] == ["明天到"]


def test_the_audit_has_both_texts(chat: Chat) -> None:
    chat.anna.applied(chat.key, chat.edit("明天到"))
    root = chat.serving.agent("root")
    entries = root.ok("GET", "/v1/audit", conversation=chat.key)["entries"]
    said = {each["kind"]: each["detail"].get("text") for each in entries}
    assert (said["reply_sent"], said["message_edited"]) == ("今天到", "明天到")

"""Customers write to a mailbox and are answered by mail, in one thread; robots are not."""

from __future__ import annotations

import time

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.model import Status
from tests.driver import Http, until
from tests.mail.conftest import Open
from tests.mail.desk import Desk, message_id
from tests.mail.letters import DESK, WANG, letter, raw
from tests.mail.test_parse import BOUNCE, REPORT


@pytest.fixture
def database() -> None:
    """The folder's own file: what the engines do differently is in test_reader."""


def test_there_and_back_in_one_thread(desk: Desk) -> None:
    desk.user.gets(letter("在吗？", "包裹没到", message_id="<1@customer.example>"))
    chat = desk.taken()
    assert (chat.channel, chat.subject, chat.customer.name) == ("mail", "包裹没到", "王女士")
    assert (chat.customer.contact, chat.customer.language) == (WANG, "zh")
    assert desk.texts(chat.id) == ["在吗？"]

    agent = desk.agent()
    message = desk.replies(agent, chat.id, "您好，今天到。")
    first = desk.sent()
    desk.arrives(chat.id, message)
    assert first.to == WANG
    mail = first.mail
    assert mail["Subject"] == "Re: 包裹没到"
    assert mail["From"].addresses[0].display_name == "Anna · 青禾生活"
    assert mail["In-Reply-To"] == mail["References"] == "<1@customer.example>"

    answer = letter(
        f"谢谢。\n\n客服 <{DESK}> 于2026年1月6日周二 10:00写道：\n\n> 您好，今天到。",
        "Re: 包裹没到",
        message_id="<2@customer.example>",
        answers=message_id(mail),
    )
    desk.user.gets(answer)
    again = desk.taken(3)
    assert again.id == chat.id
    assert desk.texts(chat.id)[-1] == "谢谢。\n…（略去 2 行引用的历史）"

    desk.replies(agent, chat.id, "不客气。")
    second = desk.sent(2).mail
    assert second["In-Reply-To"] == "<2@customer.example>"
    assert str(second["References"]).split() == [message_id(mail), "<2@customer.example>"]
    assert desk.user.unread() == 0


def test_an_answer_to_a_solved_conversation_is_of_it_however_late(opens: Open) -> None:
    desk = opens("[policy]\nreopen_within = 1\n").start()
    desk.user.gets(letter())
    chat = desk.taken()
    agent = desk.agent()
    desk.replies(agent, chat.id, "好了")
    reply = desk.sent().mail
    agent.applied(chat.id, c.SetStatus(Status.RESOLVED))
    time.sleep(1.2)
    desk.user.gets(letter("还没好", "Re: 包裹没到", answers=message_id(reply)))
    assert desk.taken(3).status is Status.OPEN
    agent.applied(chat.id, c.SetStatus(Status.RESOLVED))
    time.sleep(1.2)
    # What answers nothing begins anew.
    desk.user.gets(letter("别的事", "发票"))
    until(lambda: len(desk.chats()) == 2, 20)
    assert desk.chats()[-1].subject == "发票"


def test_another_subject_in_a_running_conversation_is_told(desk: Desk) -> None:
    desk.user.gets(letter("在吗", "包裹"), letter("还有", "发票"), letter("好", "Re: 包裹"))
    chat = desk.taken(3)
    assert desk.texts(chat.id) == ["在吗", "［主题：发票］\n还有", "好"]
    desk.replies(desk.agent(), chat.id, "您好")
    assert desk.sent().mail["Subject"] == "Re: 包裹"


def test_whoever_knows_an_id_comes_into_nobody_elses_conversation(desk: Desk) -> None:
    desk.user.gets(letter())
    chat = desk.taken()
    message = desk.replies(desk.agent(), chat.id, "您好")
    reply = desk.sent().mail
    stranger = letter("给我看看", "Re: 包裹没到", "mallory@evil.example", answers=message_id(reply))
    desk.user.gets(stranger)
    until(lambda: len(desk.chats()) == 2, 20)
    assert desk.texts(chat.id) == ["在吗？", "您好"]
    desk.arrives(chat.id, message)


def test_agents_of_two_customers_answer_each_their_own(desk: Desk) -> None:
    desk.user.gets(letter("a", sender="a@x.example"), letter("b", sender="b@x.example"))
    until(lambda: len(desk.chats()) == 2, 20)
    agent = desk.agent()
    for chat in desk.chats():
        desk.replies(agent, chat.id, f"to {chat.customer.contact}")
    until(lambda: len(desk.out.got) == 2, 20)
    assert {got.to: got.mail.get_content().strip() for got in desk.out.got} == {
        "a@x.example": "to a@x.example",
        "b@x.example": "to b@x.example",
    }


# --- nothing automatic goes out ------------------------------------------------------------------


def test_nobody_is_written_to_but_by_a_person(desk: Desk) -> None:
    """Neither greeting nor place in the queue is mailed; a robot gets nothing at all."""
    desk.user.gets(
        letter(),
        letter("news", "x", "news@x.example", Precedence="bulk", List_Id="<news.x.example>"),
        letter("form", "x", "form@x.example", Auto_Submitted="auto-generated"),
        letter("away", sender="away@x.example", Auto_Submitted="auto-replied"),
        letter("me", sender=DESK),
    )
    until(lambda: len(desk.chats()) == 3, 20)
    desk.settles()
    said = sorted(desk.texts(chat.id)[0] for chat in desk.chats())
    assert said == ["[an automatic mail]\nform", "[an automatic mail]\nnews", "在吗？"]
    assert desk.user.unread() == 2  # the absence and our own: they stay as they were
    for chat in desk.chats():
        assert chat.deliveries == ()
    assert desk.out.connections == 0


def test_a_returned_reply_is_told_in_its_conversation(desk: Desk) -> None:
    desk.user.gets(letter())
    chat = desk.taken()
    agent = desk.agent()
    message = desk.replies(agent, chat.id, "您好")
    reply = desk.sent().mail
    desk.arrives(chat.id, message)
    agent.applied(chat.id, c.SetStatus(Status.RESOLVED))
    body = BOUNCE.replace(b"<agent-tui.m5f0c@shop.example>", message_id(reply).encode())
    desk.user.gets(raw(body % b"delayed", REPORT, sender="MAILER-DAEMON"))
    desk.user.gets(raw(body % b"failed", REPORT, "Subject: x", sender="MAILER-DAEMON"))
    found = desk.taken(3)
    assert found.status is Status.OPEN
    said = desk.texts(chat.id)[-1]
    assert "550 5.1.1 no such user" in said and "returned" in said
    desk.settles()
    assert len(desk.chats()) == 1 and desk.user.unread() == 1
    # What is said next answers the customer, not the report.
    desk.replies(agent, chat.id, "再试一次")
    again = desk.sent(2).mail
    assert (again["Subject"], again["In-Reply-To"]) == ("Re: 包裹没到", reply["In-Reply-To"])


def test_a_report_on_nobodys_mail_stays_where_it_is(desk: Desk) -> None:
    desk.user.gets(raw(BOUNCE % b"failed", REPORT, sender="MAILER-DAEMON@mx.example"))
    desk.settles()
    assert desk.chats() == [] and desk.user.unread() == 1


# --- files, sizes --------------------------------------------------------------------------------

FILES = (
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsee\r\n"
    b"--b\r\nContent-Type: image/png; name=cat.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"iVBORw0KGgo=\r\n"
    b"--b\r\nContent-Disposition: attachment; filename=big.bin\r\n\r\n" + b"x" * 3000 + b"\r\n--b--"
)
MIXED = "Content-Type: multipart/mixed; boundary=b"


def test_files_are_kept_where_customers_files_are(opens: Open) -> None:
    desk = opens('[server]\npublic = "https://desk.example"\n[files]\nfile_bytes = 2000\n').start()
    desk.user.gets(raw(FILES, MIXED))
    chat = desk.taken()
    _, address, refused = desk.texts(chat.id)[0].split("\n")
    assert address.startswith("https://desk.example/files/") and address.endswith("/cat.png")
    assert refused == "[file big.bin, 3 KB, not taken]"
    path = address.removeprefix("https://desk.example")
    assert Http(desk.serving.base).call("GET", path).headers["content-type"] == "image/png"


def test_without_an_address_of_its_own_the_server_keeps_no_files(desk: Desk) -> None:
    desk.user.gets(raw(FILES, MIXED))
    assert "[file cat.png, 0 KB, not taken]" in desk.texts(desk.taken().id)[0]


def test_of_a_very_large_mail_the_beginning_is_taken(opens: Open) -> None:
    desk = opens("mail_bytes = 65536\n").start()
    desk.user.gets(letter("hello " * 40_000, "hello"), letter("next", "hello"))
    chat = desk.taken(2)
    said = desk.texts(chat.id)
    assert said[0].startswith("hello hello") and "only its beginning" in said[0]
    assert said[1] == "next"


def test_a_text_that_is_too_long_for_a_message(opens: Open) -> None:
    desk = opens("[policy]\nmessage_chars = 100\n").start()
    desk.user.gets(letter("长" * 500))
    said = desk.texts(desk.taken().id)[0]
    assert len(said) == 100 and said.endswith("（太长，其余在邮箱里）")


def test_terminal_codes_do_not_come_in(desk: Desk) -> None:
    desk.user.gets(raw("\x1b[2J你好\u202eabc".encode(), "Subject: \x1b]0;x\x07"))
    chat = desk.taken()
    assert "\x1b" not in desk.texts(chat.id)[0] + chat.subject
    assert "\u202e" not in desk.texts(chat.id)[0]


# --- what the other side says --------------------------------------------------------------------


def test_a_lost_answer_is_uncertain_and_never_repeated_unasked(desk: Desk) -> None:
    desk.out.says("dot", b"cut", b"250 taken")
    desk.user.gets(letter())
    chat = desk.taken()
    agent = desk.agent()
    message = desk.replies(agent, chat.id, "您好")
    assert desk.becomes(chat.id, message, "uncertain").code == "no_answer"
    agent.applied(chat.id, c.RetryDelivery(message))
    desk.arrives(chat.id, message)
    one, two = desk.out.got
    assert one.data == two.data


def test_a_reply_that_waited_answers_what_its_author_had_read(desk: Desk) -> None:
    desk.user.gets(letter("一", "包裹", message_id="<1@customer.example>"))
    chat = desk.taken()
    desk.out.die()
    desk.replies(desk.agent(), chat.id, "您好")
    desk.user.gets(letter("二", "发票", message_id="<2@customer.example>"))
    desk.taken(3)
    desk.out.live()
    mail = desk.sent().mail
    assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: 包裹", "<1@customer.example>")


def test_a_refusal_is_told_to_the_agent(desk: Desk) -> None:
    desk.out.says("RCPT", b"550 5.1.1 no such user")
    desk.user.gets(letter())
    chat = desk.taken()
    message = desk.replies(desk.agent(), chat.id, "您好")
    found = desk.becomes(chat.id, message, "failed")
    assert (found.code, found.detail) == ("refused", "550 5.1.1 no such user")


def test_who_is_busy_is_asked_again(desk: Desk) -> None:
    desk.out.says("MAIL", b"451 later", b"250 ok")
    desk.user.gets(letter())
    chat = desk.taken()
    message = desk.replies(desk.agent(), chat.id, "您好")
    desk.arrives(chat.id, message)
    assert len(desk.out.got) == 1

"""What was filled into a macro is not asked for again in the same chat."""

from __future__ import annotations

from agent_tui.domain.ids import ConversationId
from agent_tui.macros.model import Slot
from agent_tui.tui.answers import CHATS, Answers

A, B = ConversationId("a"), ConversationId("b")
ORDER = {"order_no": Slot("订单号")}


def test_what_was_typed_is_there_again_in_its_chat_only() -> None:
    answers = Answers()
    answers.keep(A, ORDER, {}, {"order_no": "1"})
    assert answers.over(A, ORDER, {}) == {"order_no": "1"}
    assert answers.over(B, ORDER, {}) == {}


def test_another_question_by_the_same_name_is_another() -> None:
    answers = Answers()
    answers.keep(A, {"days": Slot("制作天数")}, {}, {"days": "15"})
    assert answers.over(A, {"days": Slot("预计天数")}, {}) == {}


def test_an_order_that_the_chat_comes_to_goes_before_what_was_typed() -> None:
    answers = Answers()
    answers.keep(A, ORDER, {"order_no": "1"}, {"order_no": "2"})
    assert answers.over(A, ORDER, {"order_no": "1"}) == {"order_no": "2"}
    assert answers.over(A, ORDER, {"order_no": "3"}) == {"order_no": "3"}


def test_it_is_known_of_so_many_chats() -> None:
    answers = Answers()
    for number in range(CHATS + 1):
        answers.keep(ConversationId(f"{number}"), ORDER, {}, {"order_no": "1"})
    assert answers.over(ConversationId("0"), ORDER, {}) == {}
    assert answers.over(ConversationId("1"), ORDER, {}) == {"order_no": "1"}

"""What is asked before a chat is resolved, and what is not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent_tui.desk.unfinished import unfinished
from agent_tui.domain.model import Conversation, MessageKind, Status
from agent_tui.domain.plan import PLAIN
from agent_tui.domain.policy import Policy
from tests import factories as f

NOW = 1_795_000_000_000


def answered(last: str, waits: int = 10_000) -> Conversation:
    """A chat that was answered, whose customer wrote `last` so many ms ago."""
    return replace(
        f.conversation(),
        status=Status.OPEN,
        first_reply_at=NOW - 600_000,
        waiting=1,
        waiting_since=NOW - waits,
        preview=last,
        preview_kind=MessageKind.CUSTOMER,
    )


def asked(state: Conversation, draft: str = "") -> str:
    found = unfinished(state, "王女士", draft, Policy(), PLAIN, NOW)
    return found.zh if found is not None else ""


@pytest.mark.parametrize("last", ["好的谢谢", "thanks, bye!", "收到", "[图片]", "没问题了～"])
def test_thanks_ask_nothing(last: str) -> None:
    assert asked(answered(last)) == ""


@pytest.mark.parametrize(
    "last", ["碎玻璃也要寄回去吗", "and the shards?", "能换吗。", "尺码呢～", "真的？好吧"]
)
def test_a_question_asks(last: str) -> None:
    assert "还在等回复" in asked(answered(last))
    done = replace(answered(last), waiting=0, waiting_since=None)
    assert asked(done) == ""


def test_who_waits_for_too_long_asks() -> None:
    late = Policy().next_reply * 1000
    assert asked(answered("行，12315见", late - 1)) == ""
    assert "还在等回复" in asked(answered("行，12315见", late))


def test_what_is_written_asks() -> None:
    assert "草稿" in asked(answered("好的谢谢"), "稍等")
    assert asked(answered("好的谢谢"), " \n") == ""


def test_who_was_never_answered_asks() -> None:
    assert "还没有人回复过" in asked(replace(answered("你好"), first_reply_at=None))

"""Answer times: from transcripts to the table."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace
from rich.console import Console

from agent_tui import lang
from agent_tui.domain.ids import ConversationId, CustomerId, InboxId, MessageId, TeamId
from agent_tui.domain.model import (
    Channel,
    Conversation,
    Customer,
    Message,
    MessageKind,
    Status,
)
from agent_tui.practice import times
from agent_tui.practice.times import PracticeResult, clock, mean, measure, p90, table

START = 1_800_000_000_000
TARGET = 180_000
KINDS = {"c": MessageKind.CUSTOMER, "r": MessageKind.REPLY, "n": MessageKind.NOTE}


def transcript(
    name: str, *lines: tuple[str, int], opened: int = 0, status: Status = Status.OPEN
) -> tuple[Conversation, list[Message]]:
    """A conversation of (kind, seconds after the start) lines."""
    state = Conversation(
        id=ConversationId(f"c-{name}"),
        customer=Customer(CustomerId(f"v-{name}"), name),
        inbox=InboxId("web"),
        channel=Channel.WEB,
        team=TeamId("after-sales"),
        visitor=CustomerId(f"v-{name}"),
        opened_at=START + opened * 1000,
        last_at=START,
        status=status,
    )
    messages = [
        Message(MessageId(f"m{no}"), no, START + at * 1000, KINDS[kind], "", "…")
        for no, (kind, at) in enumerate(lines, 1)
    ]
    return state, messages


def result(*transcripts: tuple[Conversation, list[Message]], ended: int = 600) -> PracticeResult:
    return measure(transcripts, started=START, ended=START + ended * 1000, target=TARGET)


def test_a_wait_runs_from_the_first_unanswered_message_to_the_reply() -> None:
    found = result(
        transcript(
            "王女士", ("c", 0), ("c", 5), ("n", 20), ("r", 40), ("r", 50), ("c", 60), ("r", 90)
        )
    )
    assert found.customers[0].answers == (40_000, 30_000)
    assert found.customers[0].first == 40_000
    assert found.customers[0].open_ms == 0


def test_whoever_still_waits_at_the_end_is_told() -> None:
    found = result(
        transcript("甲", ("c", 0)),
        transcript("乙", ("c", 500), opened=1),
        transcript("丙", ("c", 0), ("r", 200), opened=2),
        transcript("丁", ("c", 0), ("r", 9), ("c", 20), opened=3, status=Status.RESOLVED),
    )
    assert [each.open_ms for each in found.customers] == [600_000, 100_000, 0, 0]
    assert (found.inside, found.owed) == (1, 3), "one who has not waited long is not counted yet"


def test_only_this_session_counts_in_order_of_arrival() -> None:
    found = result(
        transcript("late", ("c", 30), opened=30),
        transcript("before", ("c", 0), opened=-5),
        transcript("early", ("c", 1), opened=1),
        transcript("after", ("c", 601), opened=601),
    )
    assert [each.name for each in found.customers] == ["early", "late"]


def test_mean_and_p90() -> None:
    assert mean([]) is None and p90([]) is None
    assert mean([10, 20, 31]) == 20
    assert p90([7]) == 7
    assert p90(list(range(1, 11))) == 9
    assert p90(list(range(1, 21))) == 18
    assert [clock(None), clock(0), clock(48_400), clock(180_000), clock(3_723_000)] == [
        "–",
        "0:00",
        "0:48",
        "3:00",
        "1:02:03",
    ]


def test_the_result_is_json_that_reads_back() -> None:
    found = result(transcript("王女士", ("c", 0), ("r", 40)))
    again = msgspec.json.decode(msgspec.json.encode(found), type=PracticeResult)
    assert again == found and again.kind == "answer_times"


def shown(found: PracticeResult) -> str:
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(table(found))
    return capture.get()


def test_the_table_compares_with_the_target() -> None:
    found = result(
        transcript("王女士", ("c", 0), ("r", 40), ("c", 60), ("r", 80)),
        transcript("Tom [b]", ("c", 0), ("r", 200)),
        transcript("陈先生", ("c", 0)),
    )
    text = shown(found)
    rows = {line.split()[1]: line.split() for line in text.splitlines() if line.startswith("│")}
    assert rows["王女士"][3:10:2] == ["0:40", "0:30", "0:40", "2/2"]
    assert "Tom [b]" in text and "3:20 !!" in text, "names are no markup"
    assert rows["陈先生"][9] == "0/0" and "还在等 10:00" in text
    assert "2/4" in text and "50 %" in text and "目标 3:00" in text
    lang.use("en")
    assert "inside 3:00" in shown(found) and "left waiting 10:00" in shown(found)


def test_nothing_at_all_makes_a_table_too() -> None:
    empty = replace(result(), customers=())
    assert (empty.inside, empty.owed) == (0, 0)
    assert "0/0" in shown(empty)
    assert times.within([1, 2, 3], 2) == 2

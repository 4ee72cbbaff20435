"""The channel outbox as two replicas see it: claims, leases, and reports that come late."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import update

from agent_tui.channels.base import Arrived, Refused, Unknown, Unreached
from agent_tui.domain.ids import ConversationId, InboxId, MessageId
from agent_tui.domain.model import DeliveryState
from agent_tui.server import audit, outgoing, schema
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.delivering import verdict
from agent_tui.server.outgoing import FARTHEST_MS, Claimed, Held, Report, Verdict
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.settings.server import Outgoing
from tests.channels.conftest import Open
from tests.channels.shop import Shop

MINUTE = 60_000
SENT = Verdict(DeliveryState.SENT)
UNCERTAIN = Verdict(DeliveryState.UNCERTAIN, "no_answer")


class Waiting(Shop):
    """A shop with replies queued, and nobody at work."""

    def queue(self, *texts: str, customer: str = "u1") -> ConversationId:
        """Replies that wait to leave."""
        self.receiver.die()
        self.serving.start()
        key = self.customer(customer)
        agent = self.agent()
        for text in texts:
            self.replies(agent, key, text)
        self.serving.stop()
        self.receiver.live()
        return key

    @property
    def database(self) -> Database:
        return self.serving.database

    def claims(self, lease: str, now: int) -> list[Claimed]:
        """What a replica gets at `now`."""
        wanted = outgoing.due(self.database, now, ())
        return outgoing.claim(self.database, wanted, lease, now, now + MINUTE)

    def reports(self, held: Held, found: Verdict) -> None:
        """A replica says what became of an attempt."""
        self.serving.run(Report(held, found))


@pytest.fixture
def shop(opens: Open) -> Waiting:
    one = opens()
    one.__class__ = Waiting
    assert isinstance(one, Waiting)
    return one


def later() -> int:
    """A moment at which every pause is over."""
    return now_ms() + 10 * MINUTE


def test_one_of_two_gets_it(shop: Waiting) -> None:
    shop.queue("一", "二")
    now = later()
    wanted = outgoing.due(shop.database, now, ())
    assert len(wanted) == 1  # the first of the conversation
    first = outgoing.claim(shop.database, wanted, "one", now, now + MINUTE)
    assert [claimed.text for claimed in first] == ["一"]
    assert outgoing.claim(shop.database, wanted, "two", now, now + MINUTE) == []
    assert shop.claims("two", now) == []
    shop.reports(first[0].held, SENT)
    assert [claimed.text for claimed in shop.claims("two", now)] == ["二"]


def test_one_that_pauses_holds_the_later_ones_of_its_conversation(shop: Waiting) -> None:
    shop.queue("一", "二")
    shop.queue("三", customer="u2")
    now = later()
    pause = Verdict(DeliveryState.QUEUED, "unreachable", next_at=now + MINUTE)
    for mine in shop.claims("one", now):
        if mine.text == "一":
            shop.reports(mine.held, pause)
        else:
            shop.reports(mine.held, SENT)
    assert shop.claims("one", now) == []
    assert [claimed.text for claimed in shop.claims("one", now + MINUTE)] == ["一"]


def test_an_attempt_is_lost_when_its_time_is_over(shop: Waiting) -> None:
    key = shop.queue("一")
    now = later()
    [mine] = shop.claims("one", now)
    assert outgoing.lost(shop.database, now + MINUTE) == []
    [lost] = outgoing.lost(shop.database, now + MINUTE + 1)
    shop.reports(lost, UNCERTAIN)
    assert shop.becomes(key, mine.held.message, "uncertain")
    # The attempt was only slow. What it failed to learn is no news, that it arrived is.
    shop.reports(mine.held, Verdict(DeliveryState.FAILED, "refused"))
    assert shop.row(mine.held.message)["state"] == "uncertain"
    shop.reports(mine.held, SENT)
    shop.arrives(key, mine.held.message)


def test_a_clock_that_was_set_back_holds_nothing_up(shop: Waiting) -> None:
    shop.queue("一")
    now = later()
    [mine] = shop.claims("one", now)
    [lost] = outgoing.lost(shop.database, now - FARTHEST_MS)
    assert lost == mine.held
    again = Verdict(DeliveryState.QUEUED, "no_answer", next_at=now + MINUTE, attempts=1)
    shop.reports(lost, again)
    assert shop.claims("two", now) == []
    assert len(shop.claims("two", now - FARTHEST_MS)) == 1


def test_what_expired_is_not_what_is_on_its_way(shop: Waiting) -> None:
    shop.queue("一", "二")
    now = later()
    assert len(outgoing.expired(shop.database, now)) == 2
    shop.claims("one", now)
    assert len(outgoing.expired(shop.database, now)) == 1


def test_what_arrived_is_forgotten_after_a_week(shop: Waiting) -> None:
    shop.queue("一", "二")
    now = later()
    [mine] = shop.claims("one", now)
    shop.reports(mine.held, SENT)
    outgoing.prune(shop.database, now)
    assert len(shop.rows()) == 2
    outgoing.prune(shop.database, now + outgoing.KEEP_SENT_MS)
    assert [row["state"] for row in shop.rows()] == ["queued"]


def test_an_inbox_whose_other_side_is_busy_is_left_out(shop: Waiting) -> None:
    shop.queue("一")
    assert outgoing.due(shop.database, later(), {"shop"}) == []


# --- what follows from an attempt ----------------------------------------------------------------

NOW = 1_800_000_000_000
LIMITS = Outgoing(repeats=2, expiry=3600)
HELD = Held(
    7, ConversationId("c1"), MessageId("m1"), InboxId("shop"), "sending", 1, NOW - 1000, "one"
)


@pytest.mark.parametrize(
    ("outcome", "idempotent", "attempts", "state"),
    [
        (Arrived(), False, 1, "sent"),
        (Refused("refused", "422"), True, 1, "failed"),
        (Unreached("unreachable"), False, 1, "queued"),
        (Unknown("no_answer"), False, 1, "uncertain"),
        (Unknown("no_answer"), True, 1, "queued"),
        (Unknown("no_answer"), True, 2, "queued"),
        (Unknown("no_answer"), True, 3, "uncertain"),
    ],
)
def test_only_what_may_be_repeated_is(
    outcome: Arrived | Refused | Unreached | Unknown, idempotent: bool, attempts: int, state: str
) -> None:
    held = msgspec.structs.replace(HELD, attempts=attempts)
    found = verdict(outcome, held, LIMITS, idempotent=idempotent, now=NOW, spread=1.0)
    assert found.state == state
    if state == "queued":
        assert NOW + 1000 <= found.next_at <= NOW + 300_000
        # An attempt of which nothing left does not count.
        assert found.attempts == attempts - isinstance(outcome, Unreached)


def test_pauses_grow_with_age_up_to_a_bound_and_end_with_it() -> None:
    def pause(age: int, wait: float = 0.0) -> Verdict:
        held = msgspec.structs.replace(HELD, at=NOW - age * 1000)
        outcome = Unreached("unreachable", "x", wait)
        return verdict(outcome, held, LIMITS, idempotent=False, now=NOW, spread=1.0)

    found = [pause(age) for age in (0, 10, 100, 1000)]
    assert [(each.next_at - NOW) / 1000 for each in found] == [1, 10, 100, 300]
    assert pause(10, wait=60).next_at == NOW + 60_000
    assert pause(3400).state == "failed" and pause(3400).code == "gave_up"


def test_the_check_sees_a_row_that_says_something_else(shop: Waiting) -> None:
    key = shop.queue("一")
    [row] = shop.rows()
    for state, found in (("failed", 1), ("sent", 1), ("sending", 0)):
        shop.serving.run(ChangeWorkspace([], [(update(schema.outgoing).values(state=state), {})]))
        report = audit.check(shop.database)
        assert [f.place for f in report.findings] == [f"conversation {key}"] * found, state
    assert row["state"] == "queued"

"""Whom the hub wakes, and what readers of one scope share, must agree with `feed.visible`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, CustomerId, TeamId
from agent_tui.domain.model import Agent, Role
from agent_tui.domain.policy import Policy
from agent_tui.server import audience, feed
from agent_tui.server.audience import Audience, Topics
from agent_tui.server.cuts import Cuts
from agent_tui.server.feed import Reader
from agent_tui.server.log import LogRow

TEAMS = ("one", "two")
PEOPLE = ("anna", "bo")
CLIENTS = ("k-anna", "k-bo")


def row(event: Any, client: str | None = None, **place: Any) -> LogRow:
    """A row of the log; `place` is where its conversation was and is."""
    nowhere = dict.fromkeys(("team_before", "owner_before", "team_after", "owner_after"))
    return LogRow(
        seq=1,
        at=0,
        by="x",
        kind=str(event.__struct_config__.tag),
        body=msgspec.json.encode(event),
        chain=b"",
        conversation=ConversationId("c1") if place else None,
        client=ClientId(client) if client else None,
        number=7 if client else None,
        visitor=CustomerId("v1") if place else None,
        **nowhere | place,
    )


def moves() -> Iterator[LogRow]:
    """Every way in which a conversation can stand, move or begin, at anybody's command."""
    nobody: tuple[str | None, ...] = (None, *PEOPLE)
    before = [(None, None), *itertools.product(TEAMS, nobody)]
    after = list(itertools.product(TEAMS, nobody))
    for (was, whose), (now, owner), client in itertools.product(before, after, (None, *CLIENTS)):
        yield row(
            e.Tagged(tag="vip"),
            client,
            team_before=was,
            owner_before=whose,
            team_after=now,
            owner_after=owner,
        )


ROWS = [
    *moves(),
    *(row(e.CommandSettled(client=ClientId(client), number=7), client) for client in CLIENTS),
    *(row(e.AgentSaved(Agent(AgentId(key), "A", Role.AGENT))) for key in PEOPLE),
    row(e.PolicySaved(Policy())),
]
READERS = [
    Reader(Agent(AgentId(key), "A", role, tuple(TeamId(team) for team in teams)), ClientId(client))
    for (key, client), role, teams in itertools.product(
        zip(PEOPLE, CLIENTS, strict=True), Role, ((), TEAMS[:1], TEAMS[1:], TEAMS)
    )
]


def told(reader: Reader, stretch: list[LogRow]) -> tuple[list[bytes], int] | str:
    """`feed.visible`, with a mark where the log would have to be read."""
    try:
        if feed.needs_log(reader, stretch):
            return "log"
        return feed.visible(reader, stretch, None)
    except feed.Reset as reset:
        return reset.code


def test_whoever_is_told_something_is_woken() -> None:
    asleep = 0
    for reader, each in itertools.product(READERS, ROWS):
        topics = audience.of_reader(reader.agent, reader.client)
        if not topics & {audience.ANYTHING, *audience.of_rows([each])}:
            asleep += 1
            assert told(reader, [each]) == ([], 0)
    assert asleep > len(ROWS)  # and the others are let sleep


class Memory:
    """A hub that remembers these rows."""

    def __init__(self, stretch: list[LogRow]) -> None:
        self._rows = stretch
        self.head = len(stretch)

    def after(self, seq: int, limit: int) -> list[LogRow]:
        """All of them."""
        return self._rows[seq:][:limit]


def agree(crowd: list[Reader], stretch: list[LogRow]) -> int:
    """Every reader who gets a shared cut would see the same alone. How many got one."""
    shared = 0
    cuts = Cuts(cast(Any, Memory(stretch)))
    for reader in crowd:
        cut = cuts.of(reader, 0, 500)
        if cut is not None:
            shared += 1
            seen = cut.lines, cut.numbers.get(reader.client, 0)
            assert seen == told(reader, cut.rows)
    return shared


def test_a_shared_cut_is_what_each_would_see_alone() -> None:
    shared = sum(agree(crowd, [each]) for each in ROWS for crowd in (READERS, READERS[::-1]))
    assert shared > len(ROWS) * len(READERS)  # of twice as many


@given(st.lists(st.sampled_from(ROWS), min_size=2, max_size=6), st.data())
def test_so_is_one_of_several_rows(stretch: list[LogRow], data: st.DataObject) -> None:
    stretch = [
        msgspec.structs.replace(each, seq=n, number=n if each.client else None)
        for n, each in enumerate(stretch, 1)
    ]
    agree(data.draw(st.permutations(READERS)), stretch)


def test_members_are_found_until_they_leave() -> None:
    class Someone:
        def __init__(self, *topics: audience.Topic) -> None:
            self.topics: Topics = frozenset(topics)

    ours, theirs, all_ = (
        Someone(("team", "one")),
        Someone(("team", "two"), ("client", "k")),
        Someone(audience.ANYTHING),
    )
    known: Audience[Someone] = Audience()
    for each in (ours, theirs, all_):
        known.add(each)
    assert known.about([("team", "one")]) == {ours, all_}
    assert known.about([("client", "k"), ("team", "one")]) == {ours, theirs, all_}
    for each in (ours, all_):
        known.discard(each)
        known.discard(each)
    assert known.about([("team", "one")]) == set()
    assert known.about([("team", "two")]) == {theirs}

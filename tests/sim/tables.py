"""Invariants 4 and 5: the server's tables, and the log they are folded from."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation, Message, Status
from agent_tui.server.database import GENESIS, link
from agent_tui.server.saving import DAY_MS, MISS, USE
from agent_tui.store.things import THINGS
from tests.sim.history import Violation
from tests.sim.shadow import Shadow
from tests.sim.storage import Storage

if TYPE_CHECKING:
    from tests.sim.world import World


def invariant_4_tables_are_the_log(world: World) -> None:
    """Replaying the log gives the server's tables; that clients agree, `look_at` has checked."""
    shadow, storage = world.shadow, world.storage
    rows = storage.rows("SELECT id, state, team, assignee, status FROM conversation")
    for key, raw, team, assignee, status in rows:
        state = msgspec.json.decode(raw, type=Conversation)
        if state != shadow.state(key, shadow.head):
            raise Violation(4, f"the table's {key} is not the log's")
        if (state.team, state.assignee, state.status) != (team, assignee, status):
            raise Violation(4, f"the columns of {key} are not its state's")
    if {row[0] for row in rows} != shadow.versions.keys():
        raise Violation(4, "the table has other conversations than the log")
    names = ", ".join(Message.__struct_fields__)
    for key in shadow.versions:
        query = f"SELECT {names} FROM message WHERE conversation = ? ORDER BY no"  # noqa: S608
        lines = []
        for row in storage.rows(query, key):
            fields = dict(zip(Message.__struct_fields__, row, strict=True))
            fields["sources"] = fields["sources"].splitlines()
            lines.append(msgspec.convert(fields, Message, strict=False))
        if lines != shadow.transcript(key, shadow.head):
            raise Violation(4, f"the table's lines of {key} are not the log's")
    _same_tables(shadow, storage)
    _same_tally(shadow, storage)
    sleeping = {key for key, state in _heads(shadow).items() if state.status is Status.SNOOZED}
    timers = {
        key for (key,) in storage.rows("SELECT conversation FROM timer WHERE kind = 'snooze'")
    }
    if not sleeping <= timers:
        raise Violation(4, f"nothing will wake {sleeping - timers}")


def _heads(shadow: Shadow) -> dict[ConversationId, Conversation]:
    return {key: versions[-1][1] for key, versions in shadow.versions.items()}


def _same_tables(shadow: Shadow, storage: Storage) -> None:
    found: dict[tuple[str, str], object] = {}
    for kind in ("agent", "team", "inbox"):
        for key, raw in storage.rows(f"SELECT id, state FROM {kind}"):  # noqa: S608
            found[(kind, key)] = msgspec.json.decode(raw, type=THINGS[kind])
    for kind, key, raw in storage.rows("SELECT kind, id, body FROM content"):
        found[(kind, key)] = msgspec.json.decode(raw, type=THINGS[kind])
    if found != shadow.all_things(shadow.head):
        raise Violation(4, "accounts or content are not the log's")


def _same_tally(shadow: Shadow, storage: Storage) -> None:
    """What is counted is what the log says; of uses also by which team's chat."""
    wanted: Counter[tuple[int, str, str, str]] = Counter()
    for row in shadow.rows:
        event, day = row.event(), row.at // DAY_MS
        if isinstance(event, e.ReplySent):
            wanted.update((day, USE, str(row.team_after), source) for source in event.sources)
        elif isinstance(event, e.SearchesReported):
            for query, times in event.misses:
                wanted[day, MISS, "", query] += times
    rows = storage.rows("SELECT day, kind, team, name, count FROM tally")
    if {(day, kind, team, name): count for day, kind, team, name, count in rows} != wanted:
        raise Violation(4, f"the tally is not the log's: {rows}")


def invariant_5_feed_has_no_gap(world: World) -> None:
    """seq has no hole from the floor to the head, time never goes back, the chain verifies."""
    ((head, floor, chain),) = world.storage.rows("SELECT head, floor, chain FROM workspace")
    stored = world.storage.rows("SELECT seq, chain FROM event ORDER BY seq")
    shadow = world.shadow
    if head != shadow.head or len(stored) < head - floor:
        raise Violation(5, f"head {head}, floor {floor}, {len(stored)} rows, saw {shadow.head}")
    if [seq for seq, _ in stored] != list(range(head - len(stored) + 1, head + 1)):
        raise Violation(5, "the log has a hole")
    value = GENESIS
    for row in shadow.rows:
        value = link(value, row.body)
        if row.chain != value:
            raise Violation(5, f"the chain breaks at {row.seq}")
    if head and bytes(chain) != value:
        raise Violation(5, "the workspace's chain is not the log's")
    if any(one.at > two.at for one, two in itertools.pairwise(shadow.rows)):
        raise Violation(5, "time goes back")

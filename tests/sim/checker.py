"""The invariants of the protocol, judged from outside: one function for each, numbered.

`history` and `shadow` are what an observer saw; the files of clients and server are only read.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import in_scope
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Routing
from agent_tui.server import hub
from agent_tui.store.outbox import SLIGHT
from agent_tui.store.things import THINGS
from tests.sim import ownership, tables
from tests.sim.history import Queued, Violation, seq_of
from tests.sim.replicas import CONFIG

if TYPE_CHECKING:
    from tests.sim.clients import SimClient
    from tests.sim.shadow import Shadow
    from tests.sim.world import World

KEEP_MS = CONFIG.server.snapshot_days * 24 * 3600 * 1000


def at_rest(world: World) -> None:
    """Everything, at the end of a run."""
    for client in world.clients.values():
        client.refresh()
        look_at(world, client, at_rest=True)
    for check in (
        invariant_1_no_acknowledgement_is_lost,
        invariant_2_at_most_one_effect,
        tables.invariant_4_tables_are_the_log,
        tables.invariant_5_feed_has_no_gap,
        ownership.invariant_6_one_owner_an_epoch,
        ownership.invariant_6_published_as_compared,
        ownership.invariant_7_no_stale_reply,
        ownership.invariant_7_own_words_only,
        invariant_8_nothing_queued_is_lost,
        invariant_9_first_in_first_out,
        invariant_11_bounded,
    ):
        check(world)
    for row in world.shadow.rows:
        world.history.kinds[row.kind] += 1


def look_at(world: World, client: SimClient, *, at_rest: bool = False) -> None:
    """Compare a client with the server as it was at the client's cursor (3, 9, 10, 12)."""
    if not client.running:
        return
    cursor = client.cache.cursor()
    if cursor is None:
        return
    seq = seq_of(cursor)
    if not world.history.is_known(cursor):
        if at_rest:
            raise Violation(4, f"{client.name} stands at {cursor}, which is no place in the feed")
        return  # the server was put back, and this client cannot know yet
    if client.unknown:
        return
    world.history.note(f"{client.name} looked at")
    invariant_3_client_is_the_server_at_its_cursor(world, client, seq)
    invariant_9_own_writes_once(world, client, seq)


# --- 1 -------------------------------------------------------------------------------------------


def invariant_1_no_acknowledgement_is_lost(world: World) -> None:
    """What was acknowledged is in the log; or a restore undid it, then it is in the tray."""
    history, shadow = world.history, world.shadow
    for given in history.handed_in:
        if not given.undone and not shadow.texts.get(given.text):
            raise Violation(1, f"the customer's {given.text!r} is gone")
    trays = {client.name: in_tray(client) for client in world.clients.values()}
    known = decided(shadow)
    for key, queued in history.queued.items():
        if not queued.acknowledged or key in known or _noted(shadow, queued):
            continue
        if not queued.undone:
            raise Violation(1, f"{queued.client}: {queued.order.number} was acknowledged, is gone")
        if key not in trays[queued.client] and not queued.dealt_with and not _slight(queued):
            raise Violation(
                1, f"{queued.client}: {queued.order} was undone by a restore and is not in the tray"
            )


def _noted(shadow: Shadow, queued: Queued) -> bool:
    """Whether it is a call that somebody noted: under one key it is one call, whoever says so."""
    call = queued.order.command
    return isinstance(call, c.NoteCall) and any(
        message.id == call.message for lines in shadow.lines.values() for message in lines
    )


def _slight(queued: Queued) -> bool:
    """Whether a restore may undo it without a word: nobody misses it."""
    return isinstance(queued.order.command, SLIGHT)


def decided(shadow: Shadow) -> dict[tuple[str, int], bool]:
    """(client, number) -> refused, for every command in the log."""
    return {(k, row.number): row.refused for k, rows in shadow.decided.items() for row in rows}


def in_tray(client: SimClient) -> dict[tuple[str, int], str]:
    """(client, number) -> text of what is in the unsent tray."""
    rows = client.outbox.rows("SELECT client, number, text FROM tray")
    return {(str(key), int(number)): str(text) for key, number, text in rows}


# --- 2 -------------------------------------------------------------------------------------------


def invariant_2_at_most_one_effect(world: World) -> None:
    """The rows of one numbered command stand together, and no message comes twice."""
    for client, rows in world.shadow.decided.items():
        for number, times in Counter(row.number for row in rows).items():
            if times > 1:
                raise Violation(2, f"{client}'s {number} took effect {times} times")
    for text, times in world.shadow.texts.items():
        if times > 1:
            raise Violation(2, f"{text!r} was said {times} times")
    for key, versions in world.shadow.versions.items():
        for (_, before), (seq, _) in itertools.pairwise(versions):
            event = world.shadow.rows[seq - 1].event()
            if isinstance(event, e.Reopened) and event.was is not before.status:
                raise Violation(2, f"{key} at {seq}: woken though it was {before.status}")
    ids = Counter(m.id for lines in world.shadow.lines.values() for m in lines)
    if ids and max(ids.values()) > 1:
        raise Violation(2, f"message id twice: {ids.most_common(1)}")


# --- 3 and 12 ------------------------------------------------------------------------------------


def invariant_3_client_is_the_server_at_its_cursor(
    world: World, client: SimClient, seq: int
) -> None:
    """Cached rows = the log folded to the cursor, cut to the account's scope there."""
    shadow = world.shadow
    agent = shadow.agent(client.login, seq)
    rows = client.cache.rows("SELECT id, state FROM conversation")
    cached = {ConversationId(key): msgspec.json.decode(raw, type=Conversation) for key, raw in rows}
    expected: dict[ConversationId, Conversation] = {}
    for key in shadow.versions:
        state = shadow.state(key, seq)
        if state is not None and in_scope(agent, state.team, state.assignee):
            expected[key] = state
    for key in cached.keys() - expected.keys():
        raise Violation(12, f"{client.name} holds {key} at {seq}, which is out of scope")
    for key, state in expected.items():
        if key not in cached:
            if _may_be_left_out(world, key, seq):
                continue
            raise Violation(3, f"{client.name} lacks {key} at {seq}")
        if cached[key] != state:
            raise Violation(3, f"{client.name} at {seq}: {_difference(cached[key], state)}")
        lines = client.cache.messages(key)
        if lines != shadow.transcript(key, seq):
            raise Violation(3, f"{client.name} at {seq}: other lines in {key}")
    held = client.cache.rows("SELECT DISTINCT conversation FROM message")
    for (key,) in held:
        if key not in expected:
            raise Violation(12, f"{client.name} holds messages of {key} at {seq}")
    waiting = {each.id for each in client.cache.suggested()}
    if waiting != {key for key, state in expected.items() if state.open_suggestions}:
        raise Violation(3, f"{client.name} at {seq}: suggestions wait in {waiting}")
    _same_things(world, client, seq)


def _same_things(world: World, client: SimClient, seq: int) -> None:
    shadow = world.shadow
    agent = shadow.agent(client.login, seq)
    things = shadow.all_things(seq)
    if agent.role == "trainee":
        things = {("agent", str(agent.id)): agent}
    # The settings are told in a snapshot also where nobody ever changed them.
    unset = {("policy", "policy"): Policy(), ("routing", "routing"): Routing()}
    defaults = {key: value for key, value in unset.items() if key not in things}
    found = {
        (kind, _name(kind, body)): body for kind in THINGS for body in client.cache.things(kind)
    }
    for key in found.keys() | things.keys():
        if key in defaults and found.get(key) == defaults[key]:
            continue
        if found.get(key) != things.get(key):
            raise Violation(
                3, f"{client.name} at {seq}: {key}: {found.get(key)}, {things.get(key)}"
            )


def _name(kind: str, body: object) -> str:
    """What a thing is kept under: its id, whom it is about, or, of the settings, the kind."""
    for field in ("id", "agent", "team"):
        if isinstance(found := getattr(body, field, None), str):
            return found
    return kind


def _may_be_left_out(world: World, key: ConversationId, seq: int) -> bool:
    """Whether a snapshot may have left it out: it was resolved and quiet for long, and since then
    nobody opened it again."""
    shadow = world.shadow
    versions = [(at, state) for at, state in shadow.versions[key] if at <= seq]
    # In a snapshot as on the feed, what waits for a lead is told to whoever may see it.
    if versions[-1][1].status is not Status.RESOLVED or versions[-1][1].open_suggestions:
        return False
    ends = [shadow.rows[at - 1].at for at, _ in versions[1:]] + [world.now_ms()]
    found = False
    for (_, state), end in zip(versions, ends, strict=True):
        if state.status is not Status.RESOLVED:
            found = False
        elif end - state.last_at >= KEEP_MS:
            found = True
    return found


def _difference(found: Conversation, wanted: Conversation) -> str:
    names = [n for n in wanted.__struct_fields__ if getattr(found, n) != getattr(wanted, n)]
    return f"{wanted.id}: " + ", ".join(
        f"{n} {getattr(found, n)!r} for {getattr(wanted, n)!r}" for n in names
    )


# --- 8 -------------------------------------------------------------------------------------------


def invariant_8_nothing_queued_is_lost(world: World) -> None:
    """Each command took effect, or is in the tray with its text; not both."""
    shadow = world.shadow
    trays = {client.name: in_tray(client) for client in world.clients.values()}
    restored = bool(world.history.restored_at)
    known = decided(shadow)
    for key, queued in world.history.queued.items():
        refused = known.get(key)
        text = trays[queued.client].get(key)
        if text is not None and text != c.text_of(queued.order.command):
            raise Violation(8, f"{queued.client}: the tray holds {text!r} for {queued.order}")
        if refused is False:
            if text is not None and not restored:
                raise Violation(8, f"{queued.client}: {queued.order} was done and is in the tray")
            continue
        slight = (restored and _slight(queued)) or isinstance(
            queued.order.command, c.ReportSearches
        )
        if text is None and not (queued.dealt_with or slight or _noted(shadow, queued)):
            how = "refused" if refused else "never decided"
            raise Violation(8, f"{queued.client}: {queued.order} was {how} and is not in the tray")


# --- 9 -------------------------------------------------------------------------------------------


def invariant_9_first_in_first_out(world: World) -> None:
    """The log holds a client's commands in the order of their numbers, with none left out."""
    for client, rows in world.shadow.decided.items():
        numbers = [row.number for row in rows]
        if numbers != sorted(numbers) or numbers != list(range(1, len(numbers) + 1)):
            raise Violation(9, f"{client}'s commands stand as {numbers}")


def invariant_9_own_writes_once(world: World, client: SimClient, seq: int) -> None:
    """`done` is exact: what has come home is no longer laid over, what has not still is."""
    wanted = world.shadow.done(client.outbox.client, seq)
    done = client.cache.done()
    if done != wanted:
        raise Violation(9, f"{client.name} at {seq}: done {done}, the log says {wanted}")
    client.refresh()
    pending = client.desk.pending
    laid_over = {order.number for key in pending.conversations() for order in pending.of(key)}
    open_numbers = {order.number for order in client.outbox.pending(after=done)}
    # Another process of the profile may have queued something that this one has not read yet.
    if not laid_over <= open_numbers:
        raise Violation(9, f"{client.name} lays {laid_over - open_numbers} over twice")
    for key in sorted(client.desk.conversations.ids()):
        ids = [line.message.id for line in client.desk.transcript(key)]
        if len(set(ids)) != len(ids):
            raise Violation(9, f"{client.name} shows a message of {key} twice")


# --- 11 ------------------------------------------------------------------------------------------


def invariant_11_bounded(world: World) -> None:
    """Nothing grows with what was lost or late: memory, pages, requests, listeners, files."""
    largest = world.history.largest
    if largest["events in a page"] > 25 or largest["orders in a request"] > 256:
        raise Violation(11, f"too large: {dict(largest)}")
    for replica in world.replicas:
        if len(replica.hub._recent) > hub.RECENT:
            raise Violation(11, f"{replica.name} keeps {len(replica.hub._recent)} rows")
        if len(replica.hub._listeners) > 3 * len(world.clients):
            raise Violation(11, f"{replica.name} has {len(replica.hub._listeners)} listeners")
    for client in world.clients.values():
        for table, most in (("command", len(world.history.queued)),):
            (count,) = client.outbox.rows(f"SELECT count(*) FROM {table}")[0]  # noqa: S608
            if count > most:
                raise Violation(11, f"{client.name}'s {table} has {count} rows")
        (left,) = client.cache.rows("SELECT count(*) FROM refusal")[0]
        if left:
            raise Violation(11, f"{client.name} keeps {left} refusals that are settled")

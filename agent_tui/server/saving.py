"""What a unit of work recorded, written to the tables, one statement a table."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, update

from agent_tui.domain import events as e
from agent_tui.domain.evolve import message_of
from agent_tui.domain.model import Status
from agent_tui.server import bulk, clocks, notify, outgoing, schema, seats
from agent_tui.server.database import link
from agent_tui.server.log import LogRow
from agent_tui.server.unit import Draft, Unit

DAY_MS = 24 * 3600 * 1000
USE, MISS = "use", "miss"


def save(unit: Unit) -> list[LogRow]:
    """Write everything that `unit` recorded. Returns the new stretch of the log."""
    rows = _log_rows(unit)
    with bulk.together(unit.connection):
        if rows:
            bulk.insert(unit.connection, schema.event, [row.values() for row in rows])
        _save_conversations(unit)
        _save_timers(unit)
        seats.save(unit)
        _save_messages(unit)
        _save_clients(unit)
        _save_inbound(unit)
        _save_content(unit)
        _count(unit)
        outgoing.save(unit)
        for statement, values in unit.writes:
            unit.connection.execute(statement, values)
        if rows:
            _move_counter(unit, rows)
            notify.head(unit.connection, rows[-1].seq)
    return rows


def _log_rows(unit: Unit) -> list[LogRow]:
    rows: list[LogRow] = []
    chain = unit.chain
    for index, draft in enumerate(unit.drafts):
        body = msgspec.json.encode(draft.event)
        chain = link(chain, body)
        before, after = draft.before, draft.after
        rows.append(
            LogRow(
                seq=unit.seq(index),
                at=unit.at,
                by=draft.by,
                kind=str(draft.event.__struct_config__.tag),
                body=body,
                chain=chain,
                conversation=draft.conversation,
                client=draft.client,
                number=draft.number,
                team_before=before.team if before else None,
                owner_before=before.assignee if before else None,
                team_after=after.team if after else None,
                owner_after=after.assignee if after else None,
                visitor=after.visitor if after else None,
            )
        )
    return rows


def _move_counter(unit: Unit, rows: list[LogRow]) -> None:
    values = {"id": 1, "head": rows[-1].seq, "at": unit.at, "chain": rows[-1].chain}
    if any(draft.conversation is None for draft in unit.drafts if _shared(draft)):
        values["directory"] = rows[-1].seq
    bulk.update(unit.connection, schema.workspace, "id", [values])


def _shared(draft: Draft) -> bool:
    return not isinstance(draft.event, e.ClientEvent)


def _save_conversations(unit: Unit) -> None:
    touched = {d.conversation for d in unit.drafts if d.after is not None}
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for key in sorted(key for key in touched if key is not None):
        state = unit.states[key]
        values = {
            "id": key,
            "customer": state.customer.id,
            "visitor": state.visitor,
            "inbox": state.inbox,
            "team": state.team,
            "assignee": state.assignee,
            "status": state.status,
            "last_at": state.last_at,
            "state": msgspec.json.encode(state),
            "suggestions": len(state.open_suggestions),
        }
        if key in unit.stored:
            old.append(values)
        else:
            new.append(values)
    bulk.insert(unit.connection, schema.conversation, new)
    bulk.update(unit.connection, schema.conversation, "id", old)


def _save_timers(unit: Unit) -> None:
    timer = schema.timer
    clocks.save(unit)
    for draft in unit.drafts:
        state = draft.after
        if state is None or not isinstance(draft.event, e.StatusSet | e.CooledDown):
            continue
        if state.status is Status.SNOOZED:
            key = {"conversation": state.id, "kind": "snooze"}
            unit.connection.execute(
                delete(timer).where(timer.c.conversation == state.id, timer.c.kind == "snooze")
            )
            unit.connection.execute(
                insert(timer), key | {"generation": state.snoozes, "due": state.until}
            )


def _save_messages(unit: Unit) -> None:
    table = schema.message
    rows: list[dict[str, Any]] = []
    for index, draft in enumerate(unit.drafts):
        if draft.after is None or not isinstance(draft.event, e.ConversationEvent):
            continue
        message = message_of(draft.event, draft.after, unit.at, unit.seq(index))
        if message is not None:
            row = msgspec.structs.asdict(message)
            row["sources"] = "\n".join(message.sources)
            rows.append(row | {"conversation": draft.conversation})
    bulk.insert(unit.connection, table, rows)
    for index, draft in enumerate(unit.drafts):
        if isinstance(draft.event, e.NoteRemoved | e.MessageEdited):
            changed = (table.c.conversation == draft.conversation) & (table.c.no == draft.event.no)
            unit.connection.execute(update(table).where(changed).values(_change(unit, index)))


def _change(unit: Unit, index: int) -> dict[str, Any]:
    event = unit.drafts[index].event
    if isinstance(event, e.MessageEdited):
        return {"text": event.text, "edited": unit.at, "edited_seq": unit.seq(index)}
    return {"removed": True}


def _save_clients(unit: Unit) -> None:
    if not unit.results:
        return
    for row in unit.results:
        row["seq"] = unit.seq(row["seq"])
    bulk.insert(unit.connection, schema.result, unit.results)
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for key in sorted({row["client"] for row in unit.results}):
        client = unit.clients[key]
        values = {
            "id": key,
            "agent": client.agent,
            "last": client.last,
            "at": unit.at,
            "address": client.address,
        }
        (new if client.fresh else old).append(values)
    bulk.insert(unit.connection, schema.client, new)
    bulk.update(unit.connection, schema.client, "id", old)


def _save_inbound(unit: Unit) -> None:
    bulk.insert(
        unit.connection,
        schema.inbound,
        [
            {
                "inbox": inbox,
                "external": external,
                "conversation": row.conversation,
                "message": row.message,
                "seq": unit.seq(index),
                "at": unit.at,
            }
            for inbox, external, row, index in unit.inbound_new
        ],
    )


_UNPUBLISH = delete(schema.content).where(
    schema.content.c.kind == bindparam("gone_kind"), schema.content.c.id == bindparam("gone_id")
)


def _save_content(unit: Unit) -> None:
    last = {(each.kind, each.id): each for each in unit.content}
    rows = [msgspec.structs.asdict(each) for each in last.values() if each.body is not None]
    bulk.upsert(unit.connection, schema.content, ("kind", "id"), rows)
    gone = [
        {"gone_kind": each.kind, "gone_id": each.id} for each in last.values() if each.body is None
    ]
    if gone:
        unit.connection.execute(_UNPUBLISH, gone)


def _count(unit: Unit) -> None:
    found: Counter[tuple[str, str, str]] = Counter()
    for draft in unit.drafts:
        match draft.event:
            case e.ReplySent(sources=sources) if sources and draft.after is not None:
                found.update((USE, str(draft.after.team), source) for source in sources)
            case e.SearchesReported(misses=misses):
                for query, times in misses:
                    found[MISS, "", query] += times
    rows = [
        {"day": unit.at // DAY_MS, "kind": kind, "team": team, "name": name, "count": count}
        for (kind, team, name), count in sorted(found.items())
    ]
    keys = ("day", "kind", "team", "name")
    bulk.upsert(unit.connection, schema.tally, keys, rows, add=True)

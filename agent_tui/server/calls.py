"""Phone notes: who has the number, and that a call is taken once."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.calls import number_of
from agent_tui.domain.context import Context
from agent_tui.domain.ids import InboxId
from agent_tui.domain.model import Channel
from agent_tui.server import metrics, schema
from agent_tui.server.identity import newcomer
from agent_tui.server.unit import Unit


def key_of(call: c.NoteCall) -> tuple[InboxId, str]:
    """Under which a call is taken once, as every channel's messages are."""
    return call.inbox, call.message


def caller_of(call: c.NoteCall) -> tuple[InboxId, str]:
    """Who calls, as the inbox knows them."""
    return call.inbox, number_of(call.number)


def is_noted(unit: Unit, command: c.AgentCommand) -> bool:
    """Whether `command` is a call that was taken before."""
    return isinstance(command, c.NoteCall) and key_of(command) in unit.inbound


def with_caller(unit: Unit, call: c.NoteCall, context: Context) -> Context:
    """`context` with whose number it is: as known, or as somebody new, who is not stored yet."""
    known = unit.identities.get(caller_of(call))
    if known is None:
        number = number_of(call.number)
        made = newcomer(call.name or number, call.language, unit.now, number)
        return msgspec.structs.replace(context, caller=made)
    found = unit.customers[unit.customer_id(known)]
    return msgspec.structs.replace(context, caller=found, visitor=known)


def noted(
    unit: Unit, order: c.Order | None, event: e.ConversationOpened | e.CustomerWrote, index: int
) -> None:
    """What is remembered of a call that draft `index` tells of: whoever was not known, and that it
    was taken."""
    call = order.command if order is not None else None
    if not isinstance(call, c.NoteCall):
        return
    if isinstance(event, e.ConversationOpened):
        _meet(unit, call, event)
    else:
        unit.remember_inbound(*key_of(call), call.message, index)
        metrics.INBOUND.labels(Channel.PHONE).inc()


def _meet(unit: Unit, call: c.NoteCall, opened: e.ConversationOpened) -> None:
    inbox, number = key = caller_of(call)
    if key in unit.identities:
        return
    customer = opened.customer
    unit.put(unit.identities, key, customer.id)
    unit.put(unit.customers, customer.id, customer)
    state = msgspec.json.encode(customer)
    unit.writes.append((insert(schema.customer), {"id": customer.id, "state": state}))
    row = {"inbox": inbox, "external": number, "customer": customer.id}
    unit.writes.append((insert(schema.identity), row))

"""From which address came what the log holds: kept beside it, for the audit."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, or_, select

from agent_tui.domain.ids import ClientId
from agent_tui.server import schema
from agent_tui.server.log import LogRow
from agent_tui.server.unit import Unit
from agent_tui.text import clean_line

ADDRESS_CHARS = 45  # of the longest IPv6 address; a proxy may have said anything
NOBODYS = ClientId("")
_origin = schema.origin.c


def shown(address: str) -> str:
    """An address as it is kept; empty if it is not known."""
    return clean_line(address, ADDRESS_CHARS) if address != "?" else ""


def moved(unit: Unit, client: ClientId, first: int, address: str) -> None:
    """From draft `first` on, what `client` sends comes from `address`."""
    row = {"client": client, "seq": unit.seq(first), "address": address}
    unit.writes.append((insert(schema.origin), row))


def of_last(unit: Unit, address: str) -> None:
    """The event that was recorded last, of no client, came from `address`."""
    if address:
        moved(unit, NOBODYS, len(unit.drafts) - 1, address)


def find(connection: Connection, rows: Sequence[LogRow]) -> dict[int, str]:
    """The address of each of `rows`, by seq, where it is known."""
    clients = {row.client for row in rows if row.client is not None}
    if not rows:
        return {}
    top, bottom = max(row.seq for row in rows), min(row.seq for row in rows)
    known = or_(
        _origin.client.in_(sorted(clients)),
        (_origin.client == NOBODYS) & (_origin.seq >= bottom),
    )
    query = select(_origin.client, _origin.seq, _origin.address).where(known, _origin.seq <= top)
    places: dict[str, list[tuple[int, str]]] = {}
    for client, seq, address in connection.execute(query.order_by(_origin.seq)):
        places.setdefault(client, []).append((seq, address))
    own = dict(places.pop(NOBODYS, ()))
    found: dict[int, str] = {}
    for row in rows:
        if row.client is None:
            address = own.get(row.seq, "")
        else:
            since = places.get(row.client, [])
            at = bisect.bisect_right(since, row.seq, key=lambda each: each[0])
            address = since[at - 1][1] if at else ""
        if address:
            found[row.seq] = address
    return found


def forget(connection: Connection, floor: int) -> None:
    """What only tells of events up to `floor`, which are gone."""
    later = schema.origin.alias()
    follows = select(later.c.seq).where(
        later.c.client == _origin.client, later.c.seq > _origin.seq, later.c.seq <= floor + 1
    )
    over = or_(_origin.client == NOBODYS, follows.exists())
    connection.execute(delete(schema.origin).where(_origin.seq <= floor, over))

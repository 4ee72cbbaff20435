"""Who a customer is to their channel, and under which record they are known here."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, insert, select

from agent_tui.domain.ids import CustomerId, InboxId
from agent_tui.domain.model import Customer
from agent_tui.server import schema
from agent_tui.server.database import Database
from agent_tui.server.inbound import new_id
from agent_tui.server.unit import Needs, Unit
from agent_tui.text import clean_line

FALLBACK_NAME = {"zh": "访客", "en": "Visitor"}
_row = schema.identity.c


def newcomer(name: str, language: str, now: int, contact: str = "") -> Customer:
    """The record of somebody whom nobody knows yet, not stored. Chinese unless `language` says
    English; without a name one is made."""
    key = CustomerId(new_id("v"))
    spoken = "en" if language.lower().startswith("en") else "zh"
    return Customer(
        id=key,
        name=clean_line(name, 64) or f"{FALLBACK_NAME[spoken]} {key[-4:]}",
        language=spoken,
        contact=clean_line(contact, 128),
        since=now,
    )


def known(database: Database, inbox: InboxId, external: str) -> CustomerId | None:
    """The record of the customer whom the channel calls `external`."""
    with database.read() as connection:
        return _known(connection, inbox, external)


def _known(connection: Connection, inbox: InboxId, external: str) -> CustomerId | None:
    found: CustomerId | None = connection.execute(
        select(_row.customer).where(_row.inbox == inbox, _row.external == external)
    ).scalar()
    return found


class MeetCustomer:
    """A channel hears of a customer: the record is made once, whoever brings the news how often."""

    def __init__(self, inbox: InboxId, external: str, customer: Customer) -> None:
        self._inbox = inbox
        self._external = external
        self._customer = customer
        self._id = customer.id

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Write both rows, unless somebody else was first."""
        found = _known(unit.connection, self._inbox, self._external)
        if found is not None:
            self._id = found
            return
        state = msgspec.json.encode(self._customer)
        unit.writes.append((insert(schema.customer), {"id": self._customer.id, "state": state}))
        row = {"inbox": self._inbox, "external": self._external, "customer": self._customer.id}
        unit.writes.append((insert(schema.identity), row))

    def answer(self, unit: Unit) -> CustomerId:
        """The record's id."""
        return self._id

"""From a customer as their channel calls them to their record here, made if there is none."""

from __future__ import annotations

import anyio.to_thread

from agent_tui.channels.base import Inbound
from agent_tui.domain.ids import CustomerId, InboxId
from agent_tui.server import identity
from agent_tui.server.clock import now_ms
from agent_tui.server.identity import MeetCustomer
from agent_tui.server.service import Service


async def meet(service: Service, inbox: InboxId, found: Inbound) -> CustomerId:
    """The record of the customer whom `found` is from."""
    known = await anyio.to_thread.run_sync(identity.known, service.database, inbox, found.customer)
    if known is not None:
        return known
    customer = identity.newcomer(found.name, found.language, now_ms(), found.contact)
    met: CustomerId = await service.writer.submit(MeetCustomer(inbox, found.customer, customer))
    return met

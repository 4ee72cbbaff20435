"""Customers' pages: they hand a message in until somebody says that it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain.ids import InboxId
from agent_tui.server.inbound import Received, TakeInbound
from tests.sim.history import HandedIn
from tests.sim.replicas import pick

if TYPE_CHECKING:
    from tests.sim.world import World

INBOXES = (InboxId("web"), InboxId("web"), InboxId("parcels"))


def writes(world: World) -> None:
    """A customer writes; the page tries several times, sometimes through two replicas at once."""
    from tests.sim.world import CUSTOMERS

    rng = world.rng
    number = world.history.counts["customer messages"]
    world.history.counts["customer messages"] += 1
    customer = rng.choice(CUSTOMERS)
    inbox = rng.choice(INBOXES)
    external, text = f"{customer}/{number}", f"{customer} 写 {number}"

    async def hand_in() -> None:
        for _ in range(6):
            replica = pick(world.replicas, rng)
            await world.scheduler.sleep(world.network.latency(rng))
            if replica is None or not replica.alive or not replica.up:
                continue
            if world.network.chance(rng, 0.1, "message lost"):
                continue
            answer = await replica.do(TakeInbound(inbox, customer, external, text)).ended
            if world.network.chance(rng, 0.1, "message's answer lost"):
                continue
            if isinstance(answer, Received):
                world.history.handed_in.append(HandedIn(external, text, answer))
                return

    tries = 2 if world.network.chance(rng, 0.08, "message doubled") else 1
    for _ in range(tries):
        world.scheduler.spawn(hand_in(), world.network)

"""What can happen at one step of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from agent_tui.domain import events as e
from agent_tui.domain.ids import TeamId
from agent_tui.domain.model import Agent, Article, MacroSource, Role
from agent_tui.domain.policy import Policy
from agent_tui.server.accounts import disable, save_agent
from agent_tui.server.compaction import compact
from agent_tui.server.inbound import ConfirmReceipt, TakeRating
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Job
from agent_tui.store import sqlite as stores
from tests import factories as f
from tests.sim import agents, checker, customers, reactions
from tests.sim.replicas import pick
from tests.sim.storage import PostgresStorage
from tests.sim.wire import DEAD_SECONDS

if TYPE_CHECKING:
    from tests.sim.clients import SimClient
    from tests.sim.world import World

Step = Callable[["World"], None]
TEAMS = ("after-sales", "logistics")


def submit(world: World, job: Job) -> None:
    """An administrator's job through some replica; whether it survives a crash is left open."""
    replica = pick(world.replicas, world.rng)
    if replica is not None:
        replica.do(job)


# --- people --------------------------------------------------------------------------------------


def account_changes(world: World) -> None:
    """Somebody joins or leaves a team, becomes lead or agent, or is locked out and let in again."""
    rng = world.rng
    logins = sorted({client.login for client in world.clients.values()} - {"root"})
    agent = world.shadow.agent(rng.choice(logins), world.shadow.head)
    roll = rng.random()
    if agent.disabled:
        submit(world, save_agent(replace(agent, disabled=False)))
    elif roll < 0.2:
        submit(world, disable(agent))
    elif roll < 0.35:
        role = rng.choice((Role.AGENT, Role.LEAD, Role.TRAINEE))
        submit(world, save_agent(replace(agent, role=role)))
    else:
        teams = tuple(TeamId(team) for team in TEAMS if rng.random() < 0.6)
        submit(world, save_agent(replace(agent, teams=teams)))


def people_log_in(world: World) -> None:
    """Those whose login ended try a new one, if their account is open."""
    for client in world.clients.values():
        if client.running and client.engine.status.link == "logged_out":
            agent: Agent = world.shadow.agent(client.login, world.shadow.head)
            if not agent.disabled:
                client.log_in_again()


def content_changes(world: World) -> None:
    """Articles, macros and figures are published and withdrawn."""
    rng = world.rng
    key, version = f"a{rng.randint(1, 3)}", str(rng.randint(1, 99))
    event = rng.choice(
        (
            e.ArticleSaved(Article(id=key, title=version, body="好", lang="zh", version=version)),
            e.ArticleRemoved(key),
            e.MacroSaved(MacroSource(id=key, text=version, version=version)),
            e.MacroRemoved(key),
            e.PolicySaved(Policy(first_reply=rng.randint(60, 600))),
            e.TeamSaved(f.team("logistics", "物流", f"Logistics {version}")),
            e.InboxSaved(f.inbox("parcels", team="logistics", title_en=version)),
        )
    )
    submit(world, ChangeWorkspace([event]))


def customer_looks(world: World) -> None:
    """A customer's page shows what was written."""
    keys = sorted(world.shadow.versions)
    if keys:
        state = world.shadow.versions[world.rng.choice(keys)][-1][1]
        seen = world.rng.randint(0, state.messages)
        submit(world, ConfirmReceipt({state.id: (state.messages, seen)}))
        submit(world, TakeRating(state.id, 1 + seen % 5, "好" * (seen % 3)))


# --- machines ------------------------------------------------------------------------------------


def cable_pulled(world: World) -> None:
    """A client goes offline, or comes back."""
    client = world.rng.choice(list(world.clients.values()))
    client.online = not client.online


def client_dies(world: World) -> None:
    """Now, wherever it stands; or at one of its next commits, before or after it."""
    client = world.rng.choice(list(world.clients.values()))
    if world.rng.random() < 0.4:
        world.kill_client(client)
    elif client.running:
        client.doom = (world.rng.randint(0, 3), world.rng.choice(("before", "after")))


def replica_dies(world: World) -> None:
    """Now; or at its next commit, before it, or after it and before the answer."""
    if world.replicas:
        replica = world.rng.choice(world.replicas)
        if world.rng.random() < 0.3:
            world.kill_replica(replica)
        else:
            replica.database.doom = world.rng.choice(("before", "after"))


def cache_deleted(world: World) -> None:
    """Somebody removes cache.db, while the program runs or not."""
    client = world.rng.choice(list(world.clients.values()))
    world.history.counts["caches deleted"] += 1
    world.history.resets[client.name] += 1
    stores.remove(client.root / "cache.db")


def connections_cut(world: World) -> None:
    """The database ends every session; or one that is about to commit, or has just done so and
    nobody hears of it: the replicas live on and try again."""
    rng, storage = world.postgres_rng, world.storage
    assert isinstance(storage, PostgresStorage)
    world.history.counts["connections cut"] += 1
    if rng.random() < 0.3:
        storage.cut()
    elif world.replicas:
        rng.choice(world.replicas).database.doom = rng.choice(("cut before", "cut after"))


def time_passes(world: World) -> None:
    """Seconds to hours in which the line was dead; a request may come out of it at the end."""
    world.network.era += 1
    world.scheduler.run_until(world.scheduler.time + DEAD_SECONDS)
    world.network.era += 1  # what was sent meanwhile is lost, too
    world.skipped_ms += int(world.rng.choice((20, 150, 700, 4_000, 30_000)) * 1000)
    world.history.counts["time jumps"] += 1


# --- the database --------------------------------------------------------------------------------


def backup(world: World) -> None:
    """A copy of the server's database."""
    path = world.root / f"backup{len(world.backups)}.db"
    world.storage.save(path)
    world.backups.append((path, world.shadow.copy()))


def restore(world: World) -> None:
    """An older copy is put back. Often much is written before the clients see it."""
    if not world.backups:
        return
    rng = world.rng
    path, seen = rng.choice(world.backups)
    world.network.era += 1
    for replica in world.replicas:
        replica.die()
    world.replicas.clear()
    world.storage.fill(path)
    world.history.restored(seen)
    world.shadow = seen.copy()
    for number in range(world.size):
        world.start_replica(number)
    if rng.random() < 0.6:
        away = [client for client in world.clients.values() if rng.random() < 0.8]
        for client in away:
            client.online = False
        world.scheduler.run_until(world.scheduler.time + 0.1)
        for _ in range(rng.randint(3, 40)):
            rng.choice((customers.writes, customer_looks, content_changes))(world)
        world.scheduler.run_until(world.scheduler.time + 1.0)
        for client in away:
            client.online = True


def compacts(world: World) -> None:
    """The administrator folds a part of the log away."""
    shadow, replica = world.shadow, pick(world.replicas, world.rng)
    if replica is None or shadow.head < 30:
        return
    floor = shadow.head - world.rng.choice((0, 3, 15, 40))
    replica.database.doom = ""
    with replica.database.write() as connection:
        world.history.counts["compactions"] += bool(compact(connection, max(floor, 1)))


# --- versions ------------------------------------------------------------------------------------


def other_version(world: World) -> None:
    """A client is an older version for a while, which does not know some kinds of events; or the
    new one again."""
    client = world.rng.choice(list(world.clients.values()))
    kinds = [*sorted(e.kinds(e.ConversationEvent)), "article_saved", "macro_saved", "team_saved"]
    kinds.remove("conversation_opened")
    unknown = frozenset() if client.unknown else frozenset(world.rng.sample(kinds, 2))
    _install(world, client, unknown)


def _install(world: World, client: SimClient, unknown: frozenset[str]) -> None:
    if client.running:
        client.die()
    client.unknown = unknown
    world.history.counts["versions changed"] += 1
    world.start_client(client)


# --- watching ------------------------------------------------------------------------------------


def somebody_looks(world: World) -> None:
    """The observer compares one client with the server at the client's cursor."""
    checker.look_at(world, world.rng.choice(list(world.clients.values())))


ALWAYS: tuple[tuple[Step, float], ...] = (
    (customers.writes, 20),
    (customer_looks, 3),
    (agents.acts, 40),
    (agents.tidies_tray, 3),
    (cable_pulled, 5),
    (people_log_in, 2),
    (somebody_looks, 6),
)
POWERS: dict[str, tuple[tuple[Step, float], ...]] = {
    "accounts": ((account_changes, 2),),
    "content": ((content_changes, 3),),
    "client crashes": ((client_dies, 5),),
    "replica crashes": ((replica_dies, 4),),
    "cache": ((cache_deleted, 1),),
    "jumps": ((time_passes, 2),),
    "compaction": ((compacts, 1.5),),
    "versions": ((other_version, 1.5),),
    "restores": ((backup, 2), (restore, 0.8)),
}
ON_POSTGRES: dict[str, tuple[tuple[Step, float], ...]] = {
    "cut connections": ((connections_cut, 4),),
}
# Drawn from a source of its own: what seeds without it found, they find still.
REACTIONS: dict[str, tuple[tuple[Step, float], ...]] = {reactions.POWER: reactions.STEPS}
# Asked for by name, never drawn: what seldom meets by chance meets oftener.
FOCUS: dict[str, tuple[tuple[Step, float], ...]] = {
    "accounts often": ((account_changes, 12),),
    "content often": ((content_changes, 12),),
}


def table(powers: set[str]) -> list[tuple[Step, float]]:
    """The steps of a run with these powers, and their weights."""
    found = list(ALWAYS)
    for name, rows in (POWERS | ON_POSTGRES | REACTIONS | FOCUS).items():
        if name in powers:
            found.extend(rows)
    return found


def make_peace(world: World) -> None:
    """Everybody is let in, started and connected."""
    for client in world.clients.values():
        client.doom = None
        client.online = True
    for replica in world.replicas:
        replica.database.doom = ""
    world.network.calm = True
    for client in world.clients.values():
        if client.unknown:
            _install(world, client, frozenset())
    world.scheduler.run_until(world.scheduler.time + 5.5)  # who died is started again by now
    for login in sorted({client.login for client in world.clients.values()}):
        agent = world.shadow.agent(login, world.shadow.head)
        if agent.disabled:
            submit(world, save_agent(replace(agent, disabled=False)))
    world.scheduler.run_until(world.scheduler.time + 1.5)
    people_log_in(world)

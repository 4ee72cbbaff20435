"""What of the program is replaced during a run: chance, clocks, threads, sockets and constants."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx
import msgspec
import pytest

from agent_tui.domain.events import Recorded
from agent_tui.server import agent_api, assigning, endpoint, feed_api, hub, service, timers
from agent_tui.server import writer as writers
from agent_tui.store import cache as caches
from agent_tui.store import sqlite
from agent_tui.sync import answers, connection, engine, http, profile_store, upward
from tests.sim import clients
from tests.sim.scheduler import VirtualAsyncio
from tests.sim.wire import REQUEST_SECONDS, SimHttp

if TYPE_CHECKING:
    from tests.sim.world import World


@contextmanager
def applied(world: World) -> Iterator[None]:
    """Put the program into the simulation's hands."""
    with pytest.MonkeyPatch.context() as patch:
        _chance(world, patch)
        _time(world, patch)
        patch.setattr(anyio.to_thread, "run_sync", _hop(world))
        patch.setattr(httpx, "AsyncClient", lambda **given: SimHttp(world, **given))
        patch.setattr(sqlite, "transaction", clients.mortal_transactions(world))
        patch.setattr(caches, "shapes", clients.known_shapes(world))
        patch.setattr(sqlite, "connect", clients.quick_connections())
        patch.setattr(answers, "_RECORDED", Understanding(world))
        # Small, so that a short run goes over every edge.
        patch.setattr(hub, "RECENT", 60)
        patch.setattr(writers, "RETRY_SECONDS", 0.0)
        patch.setattr(feed_api, "PAGE", 25)
        patch.setattr(feed_api, "HEARTBEAT", 2.0)
        patch.setattr(hub, "POLL_SECONDS", 3.0)
        patch.setattr(timers, "EVERY_SECONDS", 3.0)
        patch.setattr(feed_api, "ADVANCE_EVERY", 0.5)
        patch.setattr(connection, "ANSWER_SECONDS", REQUEST_SECONDS)
        patch.setattr(http, "SILENCE_SECONDS", 5.0)
        patch.setattr(http, "GREETING_SECONDS", 1.5)
        patch.setattr(engine, "LONG_POLL", 2)
        patch.setattr(upward, "COMES_HOME_MS", 1_000)
        patch.setattr(engine, "POLL_IS_HELD_MS", 500)
        patch.setattr(engine, "STREAM_AGAIN_MS", 10_000)
        patch.setattr(engine.log, "disabled", True)
        patch.setattr(upward.log, "disabled", True)
        for module in (endpoint, writers):
            patch.setattr(module, "log", Reporter(world))
        yield


def _chance(world: World, patch: pytest.MonkeyPatch) -> None:
    import secrets

    rng = random.Random(world.seed + 1)

    def token_hex(size: int = 8) -> str:
        return rng.randbytes(size).hex()

    patch.setattr(secrets, "token_hex", token_hex)
    patch.setattr(secrets, "token_urlsafe", token_hex)


def _time(world: World, patch: pytest.MonkeyPatch) -> None:
    virtual = VirtualAsyncio(world.scheduler)
    for module in (hub, feed_api, assigning, timers, http, answers):
        patch.setattr(module, "asyncio", virtual)
    for reader in (agent_api, feed_api, assigning, timers, service):
        patch.setattr(reader, "now_ms", world.now_ms)

    def of_machine() -> int:
        client = world.acting()
        return world.now_ms() + (client.skew_ms if client is not None else 0)

    patch.setattr(profile_store, "now_ms", of_machine)


def _hop(world: World) -> Callable[..., Any]:
    async def run_sync(work: Callable[..., Any], *values: Any, **_: Any) -> Any:
        # To a thread and back: others get a turn before it and after it.
        task = world.scheduler.current
        assert task is not None
        if task.rng.random() < 0.5:
            await world.scheduler.sleep(task.rng.uniform(0, 0.004))
        found = work(*values)
        if task.rng.random() < 0.5:
            await world.scheduler.sleep(task.rng.uniform(0, 0.004))
        return found

    return run_sync


class Understanding:
    """Decodes feed events as the version would that the asking client runs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._decoder = msgspec.json.Decoder(Recorded)

    def decode(self, line: bytes | msgspec.Raw) -> Recorded:
        """Raises msgspec.ValidationError for a kind that came later."""
        found = self._decoder.decode(line)
        client = self._world.acting()
        if client is not None and client.unknown:
            kind = str(found.body.__struct_config__.tag)
            if kind in client.unknown:
                raise msgspec.ValidationError(f"Invalid value '{kind}' - at `$.body.kind`")
        return found


class Reporter(logging.Logger):
    """The server's log: an incident there is a fault of the program."""

    def __init__(self, world: World) -> None:
        super().__init__("sim")
        self._world = world

    def exception(self, msg: object, *args: object, **_: Any) -> None:
        """What only happens when something is wrong."""
        import sys

        words = str(msg) % args if args else str(msg)
        self._world.history.fault(f"{words}: {sys.exc_info()[1]!r}")

"""One question to the server, as whoever is logged in here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from agent_tui.errors import WireError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.bootstrap import Login
    from agent_tui.sync.http import HttpWire

T = TypeVar("T")
PATIENCE_SECONDS = 10.0


def ask(question: Callable[[HttpWire], Awaitable[T]], seconds: float = PATIENCE_SECONDS) -> T:
    """What the server answers within `seconds`. Raises Unauthorized if nobody is logged in,
    WireError."""
    from agent_tui import bootstrap

    login = bootstrap.require_login(bootstrap.default_profile())
    return asyncio.run(asked(login, question, seconds))


async def asked(
    login: Login,
    question: Callable[[HttpWire], Awaitable[T]],
    seconds: float = PATIENCE_SECONDS,
) -> T:
    """The same, on a running loop."""
    from agent_tui.sync.http import HttpWire

    wire = HttpWire(login.url, login.token)
    try:
        async with asyncio.timeout(seconds):
            return await question(wire)
    except TimeoutError:
        raise WireError(
            Both("服务端没有回答", "the server does not answer"),
            Both(
                "改动可能晚些才生效：先看看，再重试",
                "a change may still take effect later: look before you retry",
            ),
        ) from None
    finally:
        await wire.close()

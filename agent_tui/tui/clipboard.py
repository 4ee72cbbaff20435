"""The clipboard through tmux, which by default drops what a program inside it sends (OSC 52)."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Mapping

log = logging.getLogger(__name__)
SECONDS = 5.0


def within_tmux(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether tmux stands between this program and the terminal."""
    return bool(environment.get("TMUX")) and shutil.which("tmux") is not None


async def through_tmux(text: str) -> bool:
    """Give `text` to tmux, which hands it on to its terminal's clipboard; whether it took it."""
    process = await asyncio.create_subprocess_exec(
        "tmux",
        "load-buffer",
        "-w",
        "-",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            await process.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        process.kill()
        await process.wait()
        log.warning("tmux did not take the text within %s s", SECONDS)
    return process.returncode == 0

"""A change to a file is told within a second, however it was made."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent_tui.knowledge import watch as watching
from agent_tui.knowledge.watch import watch

PATIENCE = 20  # seconds, on a loaded machine


@dataclass
class Bell:
    """Counts what `watch` tells, and lets a test wait for more."""

    times: int = 0
    fail: bool = False
    rang: asyncio.Event = field(default_factory=asyncio.Event)

    async def ring(self) -> None:
        self.times += 1
        self.rang.set()
        if self.fail:
            raise RuntimeError("publishing failed")

    async def after(self, change: Callable[[], object]) -> float:
        """Make a change; the seconds until it was told."""
        await self.quiet()  # a save may be told in two parts
        self.rang.clear()
        started = time.monotonic()
        change()
        async with asyncio.timeout(PATIENCE):
            await self.rang.wait()
        return time.monotonic() - started

    async def quiet(self) -> None:
        """Wait until nothing was told for longer than changes are gathered."""
        before = -1
        while before != self.times:
            before = self.times
            await asyncio.sleep(3 * watching.DEBOUNCE / 1000)


@asynccontextmanager
async def watched(root: Path) -> AsyncIterator[Bell]:
    """A watch on `root` that stands: a first change was told."""
    bell, stop = Bell(), asyncio.Event()
    task = asyncio.create_task(watch(root, bell.ring, stop))
    try:
        async with asyncio.timeout(PATIENCE):
            while not bell.rang.is_set():  # what was written before it looked is nothing new
                with (root / "kb" / "first.md").open("a") as file:
                    file.write(".")
                await asyncio.sleep(0.05)
        yield bell
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kb" / "sub").mkdir(parents=True)
    (tmp_path / "macros").mkdir()
    (tmp_path / "kb" / "a.md").write_text("a")
    return tmp_path


async def test_every_kind_of_change_is_told(root: Path) -> None:
    article = root / "kb" / "a.md"

    def renamed_over() -> None:  # as vim and most others save
        new = article.with_name(".a.md.tmp")
        new.write_text("another text")
        os.replace(new, article)

    def checked_out() -> None:  # a whole folder appears at once
        made = root / "elsewhere"
        made.mkdir()
        (made / "x.md").write_text("x")
        made.rename(root / "kb" / "v1.2")

    def written_behind_a_link() -> None:
        (root / "beside" / "linked.md").write_text("seen through the link")

    (root / "beside").mkdir()
    (root / "kb" / "link").symlink_to(root / "beside")
    async with watched(root) as bell:
        await bell.after(lambda: article.write_text("more text"))
        await bell.after(written_behind_a_link)
        await bell.after(renamed_over)
        await bell.after(lambda: (root / "macros" / "m.md").write_text("m"))
        await bell.after(checked_out)
        await bell.after(lambda: shutil.rmtree(root / "kb" / "v1.2"))
        await bell.after(article.unlink)


async def test_a_save_is_told_within_a_second(root: Path) -> None:
    async with watched(root) as bell:
        took = [
            await bell.after(lambda n=n: (root / "kb" / "a.md").write_text("." * n))  # type: ignore[misc]
            for n in range(2, 9)
        ]
    # The machine may stall once or twice; the bound is the issue's.
    assert sorted(took)[len(took) // 2] < 1.0, took


async def test_what_is_not_content_is_not_told(root: Path) -> None:
    async with watched(root) as bell:
        for _ in range(5):  # a busy machine may tell of what was before only now
            await bell.quiet()
            before = bell.times
            for name in ("kb/.a.md.swp", "kb/.hidden.md", "kb/a.md~", "server.db", "kb/x.png"):
                (root / name).write_text("noise")
            await bell.quiet()
            if bell.times == before:
                break
        else:
            pytest.fail("each time it was told")
        await bell.after(lambda: (root / "kb" / "a.md").write_text("signal"))


async def test_a_folder_that_is_replaced_is_watched_again(root: Path) -> None:
    def replaced() -> None:
        (root / "kb").rename(root / "kb.old")
        (root / "kb").mkdir()
        (root / "kb" / "new.md").write_text("new")

    async with watched(root) as bell:
        await bell.after(replaced)
        await bell.after(lambda: (root / "kb" / "new.md").write_text("and newer"))


async def test_a_failure_does_not_end_the_watch(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(root) as bell:
        bell.fail = True
        await bell.after(lambda: (root / "kb" / "a.md").write_text("one"))
        bell.fail = False
        await bell.after(lambda: (root / "kb" / "a.md").write_text("three"))
    assert "publishing failed" in caplog.text


async def test_polling_where_the_kernel_tells_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_remote", lambda folders: True)
    async with watched(root) as bell:
        await bell.after(lambda: (root / "kb" / "a.md").write_text("polled"))


async def test_cancelling_leaves_the_callers_event_alone(root: Path) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(watch(root, Bell().ring, stop))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(PATIENCE):
            await task
    assert not stop.is_set()

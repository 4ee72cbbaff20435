"""Tells when files of a data folder change: kb/ and macros/, within a second of a save."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui import frontmatter

if TYPE_CHECKING:
    from watchfiles import Change

log = logging.getLogger(__name__)

FOLDERS = ("kb", "macros")
# Milliseconds: a burst of saves (a git checkout) is told at its end, but no later than this.
DEBOUNCE = 400
# Milliseconds between looks at whether the watched folders are still the same ones.
LOOK = 1_000
# The kernel tells nothing about what other machines write into these.
_REMOTE = ("nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph", "vboxsf", "vmhgfs", "drvfs")

State = dict[str, tuple[int, int, int]]


async def watch(root: Path, changed: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Await `changed` after each change to an article or macro file below `root`, until `stop`.

    Watches kb/ and macros/ in `root`, or `root` itself if it has neither. Where the kernel does not
    tell of changes (network folders, no watches left), it looks by itself. What `changed` raises
    is logged, and the watch goes on.
    """
    halt = asyncio.Event()  # awatch sets its event when it is cancelled: not the caller's
    forward = asyncio.create_task(_pass_on(stop, halt))
    seen: State | None = await asyncio.to_thread(_state, _folders(root))
    try:
        while not halt.is_set():
            folders = _folders(root)
            if folders:
                seen = await _watch(root, folders, seen, changed, halt)
            if not halt.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(halt.wait(), LOOK / 1000)
    finally:
        forward.cancel()


async def _pass_on(stop: asyncio.Event, halt: asyncio.Event) -> None:
    await stop.wait()
    halt.set()


async def _watch(
    root: Path,
    folders: list[Path],
    seen: State | None,
    changed: Callable[[], Awaitable[None]],
    halt: asyncio.Event,
) -> State | None:
    """Watch until `halt`, or until `folders` are no longer the folders to watch.

    `seen` is how the files were when they were last told of, if that is known. Returns the same
    of the end.
    """
    import watchfiles

    which = _identity(folders)
    polling = _remote(folders)
    caught_up = False
    while not halt.is_set():
        try:
            async for changes in watchfiles.awatch(
                *folders,
                watch_filter=_concerns,
                debounce=DEBOUNCE,
                stop_event=halt,
                rust_timeout=LOOK,
                yield_on_timeout=True,
                force_polling=polling or None,
                ignore_permission_denied=True,
            ):
                # What changed before the watch stood was not told to it. Nor is the content of a
                # folder that appeared: its files may have been there before it was watched.
                if caught_up and any(path.endswith(".md") for _, path in changes):
                    # No doubt, so no look: whoever is told looks through all files by himself.
                    await _tell(changed)
                    seen = None
                elif changes or not caught_up:
                    now = await asyncio.to_thread(_state, folders)
                    if now != seen:
                        await _tell(changed)
                    seen, caught_up = now, True
                if _folders(root) != folders or _identity(folders) != which:
                    return seen
        except (OSError, RuntimeError) as error:  # RuntimeError: of the watcher's inside
            if _folders(root) != folders:
                return seen
            if polling:
                raise
            log.warning("%s is not watched by the kernel (%s): polling", root, error)
            polling = True
    return seen


async def _tell(changed: Callable[[], Awaitable[None]]) -> None:
    try:
        await changed()
    except Exception:
        log.exception("what follows a change failed; the next change tries again")


def _concerns(change: Change, path: str) -> bool:
    """Not what editors keep for a moment. Folders with whatever name may hold articles."""
    return not Path(path).name.startswith(".")


def _folders(root: Path) -> list[Path]:
    inside = [folder for name in FOLDERS if (folder := root / name).is_dir()]
    return inside or [root] * root.is_dir()


def _identity(folders: list[Path]) -> list[tuple[int, int]]:
    """Tells a folder from another one of the same name: a mount, a checkout, a restored copy."""
    found = []
    for folder in folders:
        try:
            status = folder.stat()
        except OSError:
            found.append((0, 0))
        else:
            found.append((status.st_dev, status.st_ino))
    return found


def _state(folders: list[Path]) -> State:
    """(mtime in ns, size, inode) of every article and macro file below `folders`."""
    state: State = {}
    for folder in folders:
        for each in frontmatter.entries(folder, []):
            with suppress(OSError):  # gone since it was listed
                status = each.stat()
                state[each.path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return state


def _remote(folders: list[Path]) -> bool:
    """Whether one of `folders` lies on a file system that others write to. Linux only."""
    try:
        lines = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    mounts = [(fields[1], fields[2]) for line in lines if len(fields := line.split()) > 2]
    for folder in folders:
        real = folder.resolve()
        above = [(place, kind) for place, kind in mounts if real.is_relative_to(place)]
        if above and max(above, key=lambda each: len(each[0]))[1].startswith(_REMOTE):
            return True
    return False

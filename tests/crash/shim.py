"""Disks that fail on command: a preloaded library where there is a C compiler, and file limits."""

from __future__ import annotations

import atexit
import contextlib
import functools
import mmap
import resource
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")
NO_GROWTH = 4096  # bytes beyond which a limited process writes nothing


class Lacking(Exception):
    """A tool that this fault needs is not here."""


@functools.cache
def library() -> Path:
    """The compiled shim. Raises Lacking."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Lacking("a C compiler")
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    found = folder / "faults.so"
    build = [compiler, "-shared", "-fPIC", "-O1", "-o", str(found), str(SOURCE), "-ldl"]
    done = subprocess.run(build, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Lacking(f"a C compiler that works: {done.stderr}")
    return found


class Board:
    """The switches of children that were started with `environment`. Raises Lacking."""

    def __init__(self, folder: Path) -> None:
        path = folder / "switches"
        path.write_bytes(bytes(16))
        self.environment = {"LD_PRELOAD": str(library()), "CRASH_FAULTS": str(path)}
        with path.open("r+b") as file:
            self._place = mmap.mmap(file.fileno(), 16)

    def set(self, *, skip: int = 0, eio: int = 0, full: bool = False) -> None:
        """After `skip` more syncs `eio` of them fail (-1: all); `full`: no database grows."""
        struct.pack_into("3i", self._place, 0, skip, eio, full)

    @property
    def hits(self) -> int:
        """How often something was refused."""
        found: int = struct.unpack_from("i", self._place, 12)[0]
        return found


Fault = Callable[[int], Callable[[], None]]  # breaks the disk of a process; the answer mends it


def full_disk(board: Board) -> Fault:
    """ENOSPC."""

    def begin(pid: int) -> Callable[[], None]:
        board.set(full=True)
        return board.set

    return begin


def failing_syncs(board: Board, *, skip: int = 0, count: int = -1) -> Fault:
    """EIO from fsync and fdatasync."""

    def begin(pid: int) -> Callable[[], None]:
        board.set(skip=skip, eio=count)
        return board.set

    return begin


def file_limit(pid: int) -> Callable[[], None]:
    """No file may grow (EFBIG): what a disk without room is to somebody without any rights."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (NO_GROWTH, before[1]))

    def mend() -> None:
        with contextlib.suppress(ProcessLookupError):  # it was killed meanwhile
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    return mend

"""What the index costs: seconds and memory, each taken in a fresh process."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from syncing.children import resident_kib

from agent_tui.knowledge.index import SearchIndex
from searching.texts import entries


def in_child(measure: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """What `measure` finds in a process of its own."""
    # Unlike a Pool, an executor does not start another one for a child that died.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        return child.submit(measure, *arguments).result()


def building(count: int, seed: int, bodies: bool, folder: Path) -> dict[str, float]:
    """Seconds to build and save, MiB that the index takes beside its entries, and its files'."""
    given = entries(count, seed, bodies=bodies)
    before = _mib()
    started, used = time.perf_counter(), time.process_time()
    index = SearchIndex.build(given)
    built, used = time.perf_counter(), time.process_time() - used
    after = _mib()
    index.save(folder)
    saved = time.perf_counter()
    changes = _changes(index, given[:20])
    return {
        "build s": built - started,
        "build CPU s": used,
        "index beside its entries MiB": after - before,
        "peak while building MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "save s": saved - built,
        "files MiB": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        / 2**20,
        "update of one entry ms": 1000 * changes,
    }


def loading(folder: Path) -> dict[str, float]:
    """Seconds to load, to the first search, and MiB of entries and index together."""
    before = _mib()
    started = time.perf_counter()
    index = SearchIndex.load(folder)
    loaded = time.perf_counter()
    index.search("退货运费", 20)
    searched = time.perf_counter()
    return {
        "load s": loaded - started,
        "first search ms": 1000 * (searched - loaded),
        "loaded with its entries MiB": _mib() - before,
    }


def _changes(index: Any, some: list[Any]) -> float:
    seconds = []
    for entry in some:
        started = time.perf_counter()
        index.update([entry])
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[len(seconds) // 2]


def _mib() -> float:
    gc.collect()
    return resident_kib(os.getpid()) / 1024

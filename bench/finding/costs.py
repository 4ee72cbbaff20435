"""What the workstation holds in memory, in MiB."""

from __future__ import annotations

from pathlib import Path

import psutil

MIB = 2**20


def memory(pid: int, folder: Path) -> dict[str, float]:
    """Resident, its own share (PSS), what is its alone (USS), the most it ever was, and how much
    of the resident part is the index's files under `folder`, mapped."""
    told = psutil.Process(pid).memory_full_info()
    mapped = sum(
        each.rss
        for each in psutil.Process(pid).memory_maps(grouped=True)
        if each.path.startswith(str(folder))
    )
    return {
        "resident": told.rss / MIB,
        "PSS": told.pss / MIB,
        "USS": told.uss / MIB,
        "peak": _peak(pid) / MIB,
        "index files mapped": mapped / MIB,
    }


def children(pid: int) -> dict[int, float]:
    """The most that each of its children was so far, by their ids."""
    found = {}
    try:
        for child in psutil.Process(pid).children(recursive=True):
            found[child.pid] = _peak(child.pid) / MIB
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        pass
    return found


def _peak(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024
    return 0.0

"""Every test: its own home folders, Chinese interface, no skipping where all tools are required."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from agent_tui import lang
from tests import closing

settings.register_profile(
    "agent_tui",
    deadline=None,
    max_examples=100,
    database=None,
    # Where all is required a change is judged, and not the day's luck: the same examples each time.
    derandomize=os.environ.get("AGENT_TUI_REQUIRE_ALL") == "1",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("agent_tui")

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; a whole run leaves half a gigabyte behind


def pytest_configure() -> None:
    """Temporary files lie in memory where it has room, for worker and child processes too: nothing
    here outlives a loss of power, and each of many thousand commits would wait for the disk.

    TMPDIR, or pytest's --basetemp, says where else.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    here = os.statvfs(MEMORY)
    # Containers forbid to run what lies there; tests write scripts and a library.
    if here.f_bavail * here.f_frsize > ROOM and not here.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def pytest_collection_finish() -> None:
    """All modules are imported: the garbage collector need not look at them again with every few
    screens that come and go."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than the cores: a good half of a run waits, for servers, terminals and browsers."""
    return (os.cpu_count() or 1) + 2


def require(tool: str) -> str:
    """The path of a program that a test needs.

    Without it the test is skipped; with AGENT_TUI_REQUIRE_ALL=1, as in CI, it fails.
    """
    found = shutil.which(tool)
    if found is not None:
        return found
    lacking(f"{tool} is not installed")


def lacking(what: str) -> NoReturn:
    """Skip, or fail where everything is required."""
    if os.environ.get("AGENT_TUI_REQUIRE_ALL") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(autouse=True)
def closed_at_the_end() -> Iterator[None]:
    """No file stays open behind the test that opened it."""
    yield
    closing.now()


@pytest.fixture(autouse=True)
def own_place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Home and config folders that no other test and no person uses."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("AGENT_TUI_HOME", str(home / "data"))
    monkeypatch.setenv("AGENT_TUI_CONFIG", str(home / "config"))
    monkeypatch.delenv("AGENT_TUI_PROFILE", raising=False)
    return home


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    """The interface language is a global: leave it as it was found."""
    lang.use("zh")
    yield
    lang.use("zh")

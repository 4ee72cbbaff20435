"""The generated pages are current, and the README tells of what exists."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = runpy.run_path(str(ROOT / "docs" / "make.py"))["PAGES"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_current(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == PAGES[name](), f"run `make docs`: {name} is behind"


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), f"{name} links to {target}"


def test_architecture_names_files_that_exist() -> None:
    """With their folder, or alone beside others of it."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_0-9/]+\.py)`", text))
    assert len(named) > 100
    every = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/**/*.py")}
    assert {
        name for name in named if not any(f"/{each}".endswith(f"/{name}") for each in every)
    } == set()

"""The agent's own config.toml, read once, and the language it asks for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui import lang, paths

if TYPE_CHECKING:
    from agent_tui.config import Config


def location() -> Path:
    """Where the agent's config.toml is, or would be."""
    return paths.config_home() / "config.toml"


@cache
def _load(path: Path, stamp: float) -> Config:
    from agent_tui import config

    return config.load(path)


def load() -> Config:
    """The agent's settings. Raises ConfigError."""
    path = location()
    return _load(path, path.stat().st_mtime if path.exists() else 0.0)


def speak(preference: str = "") -> None:
    """Choose the language: `preference`, else the config's, else the locale's.

    A config that cannot be read decides nothing here; the command that needs it says what is wrong.
    """
    from agent_tui.errors import ConfigError

    if not preference and location().exists():
        try:
            preference = load().interface.language
        except ConfigError:
            preference = "auto"
    lang.use(lang.detect(preference or "auto"))

"""Where files live: shipped content, the agent's profile, the demo's folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped() -> Path:
    """The folder that holds the shipped kb/, macros/ and config.toml (in a wheel or a checkout)."""
    inside = PACKAGE / "_shipped"
    return inside if inside.is_dir() else PACKAGE.parent


def config_home() -> Path:
    """The agent's config folder: $AGENT_TUI_CONFIG, else the platform's own."""
    return _home("AGENT_TUI_CONFIG", "user_config_path")


def data_home() -> Path:
    """The agent's data folder: $AGENT_TUI_HOME, else the platform's own."""
    return _home("AGENT_TUI_HOME", "user_data_path")


def _home(variable: str, function: str) -> Path:
    value = os.environ.get(variable)
    if value:
        return Path(value).expanduser()
    import platformdirs

    found: Path = getattr(platformdirs, function)("agent-tui", appauthor=False)
    return found


@dataclass(frozen=True, slots=True)
class Profile:
    """One account on one server: the folder with its cache.db, outbox.db and login."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root / "cache.db"

    @property
    def first(self) -> Path:
        return self.root / "first.json"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox.db"

    @property
    def login(self) -> Path:
        return self.root / "login.json"

    @property
    def lock(self) -> Path:
        return self.root / "sync.lock"

    @property
    def log(self) -> Path:
        return self.root / "agent-tui.log"

    def create(self) -> Profile:
        """Make the folder, readable by its owner only."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self


def profile(name: str = "default") -> Profile:
    """The profile called `name` in the data folder."""
    return Profile(data_home() / "profiles" / name)


def default_profile() -> Profile:
    """$AGENT_TUI_PROFILE, a name or a folder, else `default`."""
    name = os.environ.get("AGENT_TUI_PROFILE") or "default"
    return Profile(Path(name).expanduser()) if os.sep in name else profile(name)

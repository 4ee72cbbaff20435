"""Opens the workstation on a profile."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent_tui import bootstrap, config, paths
from agent_tui.bootstrap import Login
from agent_tui.domain.protocol import Presence
from agent_tui.paths import Profile
from agent_tui.store.cache import Changes


def workstation(profile: Profile, login: Login, *, band: str = "", notice: str = "") -> int:
    """Run until the agent leaves; the exit code. Raises ConfigError, StoreError."""
    from agent_tui.tui.app import WorkstationApp

    source = paths.config_home() / "config.toml"
    settings = config.load(source)
    profile.create()
    _log_to(profile)
    desk = bootstrap.open_desk(profile, login)

    def connect(
        on_change: Callable[[Changes], None],
        on_link: Callable[[str, str], None],
        on_presence: Callable[[Presence], None],
    ) -> bootstrap.Link:
        return bootstrap.Link(
            profile, login, on_change=on_change, on_link=on_link, on_presence=on_presence
        )

    app = WorkstationApp(desk, settings, connect, source=str(source), band=band, notice=notice)
    app.run()
    return app.return_code or 0


def _log_to(profile: Profile) -> None:
    """What is worth knowing later goes to the profile's log; the terminal is the screen's."""
    from logging.handlers import RotatingFileHandler

    handler = RotatingFileHandler(profile.log, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)

"""The errors a person meets, each with a title and a way out.

DeskError                 base: title, hint, exit code
├── ConfigError           config.toml cannot be used (names file and path)
├── UsageError            the command line was given something it cannot take
├── ContentError          a macro or article file is wrong (names file and line)
├── StoreError            a local database cannot be read or written
├── ServerError           the server cannot start or refuses to (port, TLS, data folder)
├── WireError             the server cannot be reached or gave no usable answer
│   ├── Unauthorized      the token is unknown, expired or revoked
│   ├── Outdated          server and program are too many versions apart
│   └── FeedReset         the cursor is not of this feed any more: take a snapshot
└── NotFound              the named conversation, agent, team ... does not exist
"""

from __future__ import annotations

from agent_tui.lang import Both

# sysexits.h gives scripts a vocabulary; documented in docs/cli.md.
EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_FOUND = 3
EXIT_UNAVAILABLE = 69
EXIT_STORE = 74
EXIT_NO_PERMISSION = 77
EXIT_CONFIG = 78


class DeskError(Exception):
    """An expected trouble, told as a title (what happened) and a hint (the way out)."""

    exit_code = EXIT_FAILED

    def __init__(self, title: Both | str, hint: Both | str = "") -> None:
        self.title = title
        self.hint = hint
        super().__init__(str(title))

    def __str__(self) -> str:
        return f"{self.title}\n  {self.hint}" if str(self.hint) else str(self.title)


class ConfigError(DeskError):
    """config.toml cannot be used."""

    exit_code = EXIT_CONFIG


class UsageError(DeskError):
    """The command line was given something it cannot take."""

    exit_code = EXIT_USAGE


class ContentError(DeskError):
    """A macro or article file is wrong."""


class StoreError(DeskError):
    """A local database cannot be read or written."""

    exit_code = EXIT_STORE


class ServerError(DeskError):
    """The server cannot start, or refuses to."""


class WireError(DeskError):
    """The server cannot be reached or gave no usable answer; trying again later may help."""

    exit_code = EXIT_UNAVAILABLE

    def __init__(
        self, title: Both | str, hint: Both | str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(title, hint)
        self.retry_after = retry_after  # seconds, when the server said so


class Unauthorized(WireError):
    """The token is unknown, expired or revoked; only a new login helps."""

    exit_code = EXIT_NO_PERMISSION


class Outdated(WireError):
    """Server and program are too many versions apart to work together; an upgrade helps."""


class FeedReset(WireError):
    """The cursor is not of this feed any more; the client must take a snapshot.

    `code` is `feed_reset` (another feed, or a restored backup) or `scope_changed` (same feed, but
    the account may see other things now).
    """

    code = "feed_reset"


class NotFound(DeskError):
    """The named thing does not exist, or is outside what this account may see."""

    exit_code = EXIT_NOT_FOUND

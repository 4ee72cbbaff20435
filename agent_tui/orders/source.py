"""Where orders come from: what every source does, and how one is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agent_tui.errors import ConfigError, DeskError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.orders.model import Order
    from agent_tui.settings.server import Orders


class SourceBroken(DeskError):
    """The source gives no answer now. `code` is one of `agent_tui.orders.words.TROUBLE`. `alone`:
    it may be the one who was asked about, and has an answer for others."""

    def __init__(
        self, code: str, title: Both, hint: Both | str = "", *, alone: bool = False
    ) -> None:
        super().__init__(title, hint)
        self.code = code
        self.alone = alone


class Source(Protocol):
    """The shop's books. Calls block, for about the time-out of the settings at most, and may come
    from several threads."""

    def find(self, key: str) -> tuple[Order, ...]:
        """The orders of the customer who is called `key` there, newest first; () if nobody is.

        Raises SourceBroken.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def open_source(settings: Orders) -> Source | None:
    """The source that the settings name, not asked yet; None if they name none.

    Raises ConfigError for an address that cannot be meant so.
    """
    kind, _, place = settings.source.partition(":")
    if not settings.source:
        return None
    if kind in ("sqlite", "csv") and place:
        from agent_tui.orders import file

        return file.CsvSource(settings) if kind == "csv" else file.SqliteSource(settings)
    if kind in ("http", "https"):
        from agent_tui.orders import http

        return http.HttpSource(settings)
    raise ConfigError(
        Both(f"orders.source 看不懂：{settings.source}", f"orders.source: {settings.source}?"),
        Both(
            "写成 sqlite:文件、csv:文件，或带 {customer} 的网址",
            "write sqlite:FILE, csv:FILE, or an address with {customer}",
        ),
    )

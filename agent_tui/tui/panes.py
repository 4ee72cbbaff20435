"""The panes' widths, and what else the agent chose on the screen: applied, changed, kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from agent_tui import lang
from agent_tui.desk.boardorder import Order
from agent_tui.desk.rows import View
from agent_tui.lang import Both
from agent_tui.tui import layout
from agent_tui.tui.layout import LEAST, MOST, Layout

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

CHAT = 40  # cells that are left for the chat, whatever else there is
LEFT, SIDE = 36, 34  # as in styles.tcss
# From so many columns on, the chat has more than it can use.
ROOMY, ROOMY_LEFT, ROOMY_SIDE, WIDEST_SIDE = 160, 46, 44, 60
# A look aside: whoever begins a shift there would not see who waits.
PASSING = frozenset({View.SNOOZED, View.WAITING, View.UNSENT})


class Panes:
    """Where the terminal is wide; in a narrow one the widths are what styles.tcss says."""

    def __init__(self, screen: Workstation, folder: Path | None) -> None:
        self._screen = screen
        self._path = folder / layout.FILE if folder is not None else None
        self._layout = layout.load(self._path)
        self._started_in = lang.current()

    def start(self, theme: str) -> None:
        """Before the first drawing: what was chosen last time, `theme` being configured."""
        chosen = self._layout
        if chosen.language in ("zh", "en") and chosen.over_language == lang.current():
            lang.use("en" if chosen.language == "en" else "zh")
        kept = chosen.theme and chosen.over_theme == theme
        self._screen.ui.use_theme(chosen.theme if kept else theme)
        if chosen.view in {view.value for view in View}:
            self._screen.listing.view = View(chosen.view)
        self._screen.set_class(chosen.bare, "-bare")
        self._screen.tiles.wanted = chosen.tiles
        self.fit()

    def fit(self) -> None:
        """The widths for the terminal as wide as it is now."""
        widths = self.widths(tiled=self._screen.tiles.on)
        wide = self._screen.has_class("-wide")
        usual = (LEFT, SIDE)
        for pane, cells, plain in zip(("#left", "#side"), widths, usual, strict=True):
            there = cells if wide and cells != plain else None
            self._screen.query_one(pane).styles.width = there

    def widths(self, *, tiled: bool) -> tuple[int, int]:
        """Cells of the queue, and of search and card, where the terminal is wide: as they were
        chosen, else as much as a chat alone can spare; side by side (`tiled`), chats need all."""
        left, side, columns = LEFT, SIDE, self._screen.size.width
        if columns >= ROOMY and not tiled:
            left, side = ROOMY_LEFT, min(WIDEST_SIDE, ROOMY_SIDE + (columns - ROOMY) // 4)
        return self._layout.left or left, self._layout.side or side

    # --- changing --------------------------------------------------------------------------------

    def widen_left(self, step: int) -> None:
        """The queue, by `step` cells."""
        left, side = self.widths(tiled=self._screen.tiles.on)
        self._widen("left", left, side, step)

    def widen_side(self, step: int) -> None:
        """Search and card."""
        left, side = self.widths(tiled=self._screen.tiles.on)
        self._widen("side", side, left, step)

    def _widen(self, name: str, now: int, other: int, step: int) -> None:
        screen = self._screen
        if not screen.has_class("-wide"):
            screen.doing.say(Both("终端太窄，栏宽固定", "too narrow a terminal for other widths"))
            return
        beside = 0 if name == "left" and screen.has_class("-bare") else other
        room = screen.size.width - beside - CHAT
        cells = max(LEAST, min(MOST, room, now + step))
        self._keep(replace(self._layout, **{name: cells}))
        self.fit()

    def toggle_side(self) -> None:
        """With or without search and card; their keys show them all the same."""
        self._keep(replace(self._layout, bare=not self._layout.bare))
        self._screen.set_class(self._layout.bare, "-bare")
        self._screen.view.draw()

    def reset(self) -> None:
        """As it comes: widths and panes, not view, theme and language."""
        self._keep(replace(self._layout, left=0, side=0, bare=False))
        self._screen.remove_class("-bare")
        self.fit()

    def chose_tiles(self, tiles: bool) -> None:
        """Side by side, or one alone."""
        self._keep(replace(self._layout, tiles=tiles))

    @property
    def board(self) -> Order:
        """In which order the board's lines stand."""
        chosen = self._layout.board
        return Order(chosen) if chosen in set(Order) else Order.NAME

    def order_board(self) -> None:
        """In the next one."""
        self._keep(replace(self._layout, board=self.board.next().value))

    # --- keeping ---------------------------------------------------------------------------------

    def chose_theme(self, name: str) -> None:
        """The agent picked it on the screen."""
        over = self._screen.config.interface.theme
        self._keep(replace(self._layout, theme=name, over_theme=over))

    def chose_language(self) -> None:
        """The agent switched to the one in use now."""
        self._keep(replace(self._layout, language=lang.current(), over_language=self._started_in))

    def remember(self) -> None:
        """Now and then, and at the end: the view as it is."""
        view = self._screen.listing.view
        if view not in PASSING and view.value != (self._layout.view or View.WORK.value):
            self._keep(replace(self._layout, view=view.value))

    def _keep(self, changed: Layout) -> None:
        self._layout = changed
        layout.save(self._path, changed)

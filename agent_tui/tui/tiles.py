"""Several of my chats side by side, where the terminal is wide. One of them is written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical

from agent_tui.desk.rows import View
from agent_tui.domain.ids import ConversationId
from agent_tui.lang import Both
from agent_tui.tui.widgets.tile import Tile

if TYPE_CHECKING:
    from agent_tui.store.cache import Changes
    from agent_tui.tui.screens.workstation import Workstation

MOST = 6
WIDTH = 60  # columns that a tile needs


class Places:
    """Which chat stands where. A place changes hands only when its chat is done or somebody opens
    another one there; free places go to the most urgent."""

    def __init__(self) -> None:
        self.keys: list[ConversationId | None] = []
        self.active: int | None = None

    def resize(self, count: int) -> None:
        """There are `count` places now; the active chat keeps one."""
        if self.active is not None and self.active >= count:
            self.keys[count - 1], self.active = self.keys[self.active], count - 1
        self.keys = (self.keys + [None] * count)[:count]

    def open(self, key: ConversationId | None) -> None:
        """`key` is the chat being written to: in its own place, else in that of the last one."""
        if key is None:
            self.active = None
        elif key in self.keys:
            self.active = self.keys.index(key)
        else:
            free = self.keys.index(None) if None in self.keys else 0
            self.active = self.active if self.active is not None else free
            self.keys[self.active] = key

    def fill(self, mine: Sequence[ConversationId]) -> None:
        """`mine`, the most urgent first, are there for places; what is not among them goes."""
        here = set(mine)
        for place, key in enumerate(self.keys):
            if key not in here and place != self.active:
                self.keys[place] = None
        others = (key for key in mine if key not in set(self.keys))
        for place, key in enumerate(self.keys):
            if key is None:
                self.keys[place] = next(others, None)

    def beside(self, by: int) -> ConversationId | None:
        """The chat in the next place (1) or the one before (-1) that has one."""
        count = len(self.keys)
        start = self.active if self.active is not None else (-1 if by > 0 else 0)
        for step in range(1, count + 1):
            place = (start + by * step) % count
            key = self.keys[place]
            if key is not None and place != self.active:
                return key
        return None


class Tiles:
    """Puts the chats of `Places` on the screen.

    There are as many tiles as places; the active one is hidden, and the ordinary chat pane with its
    composer stands in its place.
    """

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self.wanted = False
        self._tiles: list[Tile] = []
        self._places = Places()
        self.on = False

    async def toggle(self) -> None:
        """Side by side, or one alone."""
        count, _ = self._room()
        if not self.on and count < 2:
            self._screen.doing.say(
                Both(
                    f"并排要 {self._needed} 列宽的窗口，现在 {self._screen.size.width} 列",
                    f"side by side needs {self._needed} columns; there are "
                    f"{self._screen.size.width}",
                )
            )
            return
        self.wanted = not self.wanted
        self._screen.panes.chose_tiles(self.wanted)
        first = next(iter(self._mine()), None)
        if self.wanted and self._screen.current is None and first is not None:
            self._screen.open(first)
        await self.resized()

    async def resized(self) -> None:
        """The terminal has another width, or tiles are `wanted` now, or no more."""
        screen = self._screen
        if not self.wanted and not self.on:
            return
        count, sideless = self._room()
        self.on = self.wanted and count > 1
        screen.panes.fit()
        screen.set_class(self.on, "-tiled")
        screen.set_class(self.on and sideless, "-sideless")
        if not self.on:
            for tile in self._tiles:
                tile.display = False
            self._middle.display = True
            screen.view.header()
            return
        fresh = [Tile(id=f"tile-{place}") for place in range(len(self._tiles), count)]
        self._tiles += fresh
        if fresh:
            await screen.query_one("#panes", Horizontal).mount(*fresh, before="#side")
        self._places.resize(count)
        self.follow()
        screen.view.header()

    def follow(self) -> None:
        """Another chat is written to, or chats came and went."""
        if not self.on:
            return
        self._places.open(self._screen.current)
        self._places.fill(self._mine())
        self._arrange()
        for place, key in enumerate(self._places.keys):
            if place != self._places.active and self._tiles[place].key != key:
                self._draw(place)

    def changed(self, changes: Changes) -> None:
        """The desk reads differently now."""
        if not self.on:
            return
        self.follow()
        for place, key in enumerate(self._places.keys):
            if place != self._places.active and (changes.all or key in changes.conversations):
                self._draw(place)

    def tick(self) -> None:
        """Once a second: the countdowns."""
        for place in range(len(self._places.keys)) if self.on else ():
            if place != self._places.active:
                self._head(place)

    def relabel(self) -> None:
        """The language changed."""
        for place in range(len(self._places.keys)) if self.on else ():
            self._draw(place)

    def step(self, by: int) -> bool:
        """Go to the tile on the right (1) or on the left (-1); whether there is one."""
        key = self._places.beside(by) if self.on else None
        if key is not None:
            self._screen.open(key)
        return key is not None

    # --- on the screen ---------------------------------------------------------------------------

    @property
    def _middle(self) -> Vertical:
        return self._screen.query_one("#middle", Vertical)

    @property
    def _needed(self) -> int:
        """Columns of a terminal in which two tiles fit, beside the queue alone."""
        return self._screen.panes.widths(tiled=True)[0] + 2 * WIDTH

    def _room(self) -> tuple[int, bool]:
        """How many tiles fit, and whether search and card must give way for that."""
        screen = self._screen
        left, side = screen.panes.widths(tiled=True)
        if screen.has_class("-bare"):
            side = 0
        width = screen.size.width - left
        beside, alone = (width - side) // WIDTH, width // WIDTH
        return min(MOST, max(beside, alone)), alone > beside and beside < MOST

    def _mine(self) -> list[ConversationId]:
        return [row.id for row in self._screen.desk.queue.shown(View.MINE)]

    def _arrange(self) -> None:
        """The chat pane stands where its chat's tile would."""
        places, middle = self._places, self._middle
        last = len(places.keys) - 1
        middle.display = places.active is not None or not any(places.keys)
        middle.set_class(places.active == last, "-last")
        for place, tile in enumerate(self._tiles):
            tile.display = place <= last and place != places.active
            tile.set_class(place == last, "-last")
        if places.active is not None:
            tile, siblings = self._tiles[places.active], list(middle.parent.children)  # type: ignore[union-attr]
            if siblings.index(middle) + 1 != siblings.index(tile):
                self._screen.query_one("#panes").move_child(middle, before=tile)

    def _draw(self, place: int) -> None:
        tile, key = self._tiles[place], self._places.keys[place]
        tile.key = key
        state = self._screen.desk.conversation(key) if key is not None else None
        read = state.read_no if state is not None and state.unread else 0
        self._screen.view.fill(tile.lines, state, read_no=read)
        self._head(place)

    def _head(self, place: int) -> None:
        key = self._places.keys[place]
        state = self._screen.desk.conversation(key) if key is not None else None
        self._screen.view.head(self._tiles[place].header, state, unread=True)

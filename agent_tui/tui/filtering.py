"""The filter on the queue: written in the box, in force while it can be understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agent_tui.desk.meant import shown_types, stranger, types
from agent_tui.desk.reasons import TYPES
from agent_tui.desk.rows import QueueRow
from agent_tui.desk.rows import View as Shown
from agent_tui.desk.tagnames import tag_name
from agent_tui.domain import filters
from agent_tui.domain.filters import Completion, Filter, FilterError
from agent_tui.lang import Both
from agent_tui.tui.widgets.filterbox import FilterBox

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

EVERYTHING = filters.parse("")


class Filtering:
    """Which rows pass. A filter looks through all chats; snoozed ones only if it names them."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._filter = EVERYTHING

    def start(self) -> None:
        """Wire the box."""
        box = self._box
        box.on_typed = self._typed
        box.on_done = self._done
        box.offer = self._offer

    @property
    def _box(self) -> FilterBox:
        return self._screen.query_one(FilterBox)

    @property
    def active(self) -> bool:
        """Whether anything is filtered."""
        return bool(self._filter)

    @property
    def text(self) -> str:
        """The filter as it is in force."""
        return self._filter.text.strip()

    @property
    def words(self) -> list[str]:
        """What it looks for as text."""
        return self._filter.words()

    @property
    def views(self) -> tuple[Shown, ...]:
        """Which views it looks through."""
        words = str(self._filter)
        return (Shown.ALL, Shown.SNOOZED) if "snoozed" in words else (Shown.ALL,)

    def begin(self) -> None:
        """Write one, or go on with the one in force."""
        self._box.open(self._filter.text)

    def use(self, text: str) -> None:
        """Put this filter in force, and go to the list."""
        self._filter = filters.parse(text)
        self._box.close()
        self._screen.set_focus(self._screen.queue)  # at once: what is typed behind it follows
        self._again()
        self._screen.queue.move(-100_000)

    def drop(self) -> None:
        """No filter."""
        self._filter = EVERYTHING
        self._box.close()
        self._screen.set_focus(self._screen.queue)  # at once: what is typed behind it follows
        self._again()

    def passing(self, rows: Sequence[QueueRow]) -> list[QueueRow]:
        """The rows that pass now."""
        if not self._filter:
            return list(rows)
        view = self._view()
        desk = self._screen.desk
        return [
            row
            for row in rows
            if (state := desk.conversation(row.id)) is not None
            and self._filter.matches(state, view)
        ]

    def _view(self, known: Mapping[str, Both] = TYPES) -> filters.View:
        desk, names = self._screen.desk, self._screen.names
        return filters.View.over(
            desk.clock(),
            desk.directory.policy,
            desk.me.id,
            agents=names.agents.values(),
            teams=names.teams.values(),
            inboxes=desk.directory.inboxes().values(),
            types=known,
            chats=desk.conversations.ids(),
            plan=desk.directory.plan,
        )

    def _typed(self, text: str) -> None:
        try:
            found: Filter | None = filters.parse(text)
        except FilterError as error:
            self._box.show(error)
            return
        assert found is not None
        self._filter = found
        self._box.show(self._stranger(found, text, typing=True))
        self._again()

    def _done(self, keep: bool) -> None:
        if not keep:
            self.drop()
            return
        text = self._box.text
        try:
            wrong = self._stranger(filters.parse(text), text)
        except FilterError as error:
            wrong = error
        if wrong is not None:
            self._box.show(wrong)
        else:
            self.use(text)

    def _stranger(self, found: Filter, text: str, *, typing: bool = False) -> FilterError | None:
        """A team or an agent that nobody is, or a type that there is not: an empty list would pass
        for good news."""
        names, every = self._screen.names, types(self._screen.desk)
        for kind, name in found.strangers(self._view(every)):
            if typing and text.endswith(name) and self._offer(text, self._box.caret):
                continue  # it may become a name yet
            if typing and kind == "id" and text.endswith(name):
                continue
            if kind == "type":
                return stranger(text, kind, name, every, shown_types(every))
            known = names.teams.keys() if kind == "team" else names.agents.keys()
            return stranger(text, kind, name, known)
        return None

    def _again(self) -> None:
        self._screen.queue.unfreeze()
        self._screen.listing.reorder()
        self._screen.draw_status()
        # The box is gone, and the title has its room, once that is drawn.
        self._screen.call_after_refresh(self._screen.listing.title)

    def _offer(self, text: str, caret: int) -> Sequence[Completion]:
        if not text[:caret].strip():
            return ()
        desk, names = self._screen.desk, self._screen.names
        tags = sorted(
            {
                tag
                for state in desk.conversations.live()
                for tag in (*state.tags, *state.customer.tags)
            }
        )
        return filters.complete(
            text,
            caret,
            {
                "team": [(t.id, f"{t.name_zh}/{t.name_en}") for t in names.teams.values()],
                "agent": [(a.id, a.name) for a in names.agents.values() if not a.disabled],
                "type": [(key, f"{words.zh}/{words.en}") for key, words in TYPES.items()],
                "inbox": [
                    (i.id, f"{i.title_zh}/{i.title_en}") for i in desk.directory.inboxes().values()
                ],
                "tag": [(tag, tag_name(tag)) for tag in tags],
            },
        )

"""The card at work: whose it shows, when orders are looked up, what goes into a reply."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from agent_tui.domain.ids import ConversationId
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.tui.screens.pick import Choice, Picker
from agent_tui.tui.widgets.card import CustomerCard

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

SHOWN_SECONDS = 60.0  # after which the chat on the screen is looked up again
MINE_SECONDS = 900.0  # the same of one's other chats: what is known of them is there offline
MINE_EVERY = 3  # ticks between two of those
DRAW_EVERY = 10
REMEMBERED = 5_000  # chats that were looked up
SHOWN, ALL, PEEK = "-side", "-card", "-peek"


class Inserted(NamedTuple):
    """The order that a key put into a reply last, and in which words."""

    conversation: ConversationId
    place: int
    text: str


class CardWork:
    """Shows the card of the open chat; while it was opened from the list, of the row there."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._asked: dict[ConversationId, float] = {}
        self._ticks = 0
        self._inserted: Inserted | None = None

    # --- showing ---------------------------------------------------------------------------------

    def draw(self) -> None:
        """The card as the desk reads now."""
        screen = self._screen
        key = self._key()
        state = screen.desk.conversation(key) if key else None
        card = screen.desk.customers.card(state) if state is not None else None
        names = {str(key): agent.name for key, agent in screen.names.agents.items()}
        screen.query_one(CustomerCard).show(card, screen.desk.clock(), names)

    def _key(self) -> ConversationId | None:
        return self._screen.queue.cursor if self._screen.has_class(PEEK) else self._screen.current

    def toggle(self) -> None:
        """The whole card; from the list, that of the row under the cursor, beside the list."""
        screen = self._screen
        if screen.has_class(ALL):
            self.hide()
            return
        screen.add_class(SHOWN, ALL)
        screen.set_class(screen.queue.has_focus, PEEK)
        self._look_up()
        self.draw()

    def open(self) -> None:
        """The whole card, if it is not there."""
        if not self._screen.has_class(ALL):
            self.toggle()

    def hide(self) -> bool:
        """Back to what was there; False if the card was not opened by its key."""
        screen = self._screen
        if not screen.has_class(ALL):
            return False
        screen.remove_class(SHOWN, ALL, PEEK)
        self.draw()
        return True

    def opened(self) -> None:
        """Another chat came to the screen."""
        if self._screen.has_class(PEEK):
            self._screen.remove_class(SHOWN, ALL, PEEK)
        self._look_up()

    def changed(self, changes: Changes) -> None:
        """News of the chat whose card stands beside the list: that of the open one is drawn with
        the rest."""
        if self._screen.has_class(PEEK) and (changes.all or self._key() in changes.conversations):
            self.draw()

    def moved(self) -> None:
        """The cursor of the list moved: the card beside it follows."""
        if self._screen.has_class(PEEK):
            self.draw()

    # --- looking up ------------------------------------------------------------------------------

    def tick(self) -> None:
        """Once a second: what is shown is kept fresh, and one's own chats are looked up in turn."""
        self._ticks += 1
        self._look_up()
        if self._ticks % DRAW_EVERY == 0:
            self.draw()  # ages and clocks
        if self._ticks % MINE_EVERY == 0 and self._screen.ui.link == "online":
            me = self._screen.desk.me.id
            for row in self._screen.desk.queue.rows():
                if row.assignee == me and self._due(row.id, MINE_SECONDS):
                    self._ask(row.id)
                    break

    def _look_up(self) -> None:
        key = self._key()
        if key is not None and self._screen.ui.link == "online" and self._due(key, SHOWN_SECONDS):
            self._ask(key)

    def _due(self, key: ConversationId, seconds: float) -> bool:
        return time.monotonic() - self._asked.get(key, float("-inf")) >= seconds

    def _ask(self, key: ConversationId) -> None:
        if len(self._asked) >= REMEMBERED:
            self._asked.clear()
        self._asked[key] = time.monotonic()
        self._screen.ui.look_up(key)

    # --- inserting -------------------------------------------------------------------------------

    def insert_order(self) -> None:
        """The order of this chat, in a sentence at the cursor; pressed again, the next older one in
        its place, and after the last the first."""
        screen = self._screen
        screen.doing.open_target()
        state = screen.doing.state()
        orders = screen.desk.customers.by_place(state) if state is not None else ()
        if state is None or not orders:
            screen.doing.say(Both("没有查到订单", "no order is known"))
            return
        place = 0
        last, composer = self._inserted, screen.composer
        if last is not None and last.conversation == state.id and self._takes_back(last.text):
            place = (last.place + 1) % len(orders)
        text = screen.desk.customers.sentence(orders[place], state.customer.language)
        composer.put_block(text)
        self._inserted = Inserted(state.id, place, text)
        screen.set_focus(composer)
        if len(orders) > 1:
            count = f"{place + 1}/{len(orders)}"
            again = Both(f"订单 {count}，再按换下一单", f"order {count}; again: the next")
            screen.doing.say(again, seconds=2)

    def _takes_back(self, text: str) -> bool:
        """Remove `text` if it stands right before the cursor."""
        composer = self._screen.composer
        row, column = composer.cursor_location
        if not composer.document.get_line(row)[:column].endswith(text):
            return False
        start = (row, column - len(text))
        composer.delete(start, (row, column), maintain_selection_offset=False)
        return True

    async def insert_field(self) -> None:
        """Pick a value of the card, and put it at the cursor."""
        screen = self._screen
        key = screen.doing.target()
        state = screen.desk.conversation(key) if key else None
        if state is None:
            return
        fields = screen.desk.customers.fields(state)
        choices = [
            Choice(str(number), field.value, str(field.title), f"{field.title} {field.name}")
            for number, field in enumerate(fields)
        ]
        title = screen.doing.about(Both("插入客户资料", "Insert from the customer's card"))
        chosen = await screen.app.push_screen_wait(Picker(title, choices))
        if chosen is None or screen.desk.conversation(state.id) is None:
            return
        if state.id != screen.current:
            screen.open(state.id)
        screen.composer.put(fields[int(chosen)].value)
        screen.set_focus(screen.composer)

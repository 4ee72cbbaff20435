"""The line that tells where a guided flow stands, and the key that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from agent_tui.desk.reasons import TYPES, word
from agent_tui.domain.model import Conversation, Status
from agent_tui.lang import Both
from agent_tui.text import clean_line
from agent_tui.tui import versions
from agent_tui.tui.offers import Strip
from agent_tui.tui.screens.pick import Choice, Picker
from agent_tui.tui.widgets.keyline import BETWEEN, ending

if TYPE_CHECKING:
    from agent_tui.macros.flows import Moment, Place
    from agent_tui.macros.library import Library
    from agent_tui.macros.model import Macro
    from agent_tui.tui.screens.workstation import Workstation

SHORT, LONG = 24, 60  # characters of a step's name, of several titles
NAME = 6  # cells of a name in which it still says something, with its colon
COLON = Both("：", ": ")


class Flows:
    """The open conversation's place in a flow, and what follows the last reply."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._drawn: object = None

    def draw(self) -> None:
        """The line for the open conversation; cheap while nothing changed."""
        screen = self._screen
        state = screen.desk.conversation(screen.current) if screen.current else None
        # While the line is hidden it has no width of its own: it will have its pane's.
        width = screen.transcript.outer_size.width - 2
        seen = (state, screen.desk.macros.own, str(Both("zh", "en")), width)
        if seen == self._drawn or not screen.desk.macros.are_read:
            return  # they are read soon after the start, and not under a key that opens a chat
        self._drawn = seen
        strip = screen.query_one("#flow", Strip)
        words = self._words(state) if state is not None else None
        line = _in_a_line(*words, width) if words else None
        strip.show(Content.assemble((line, "$secondary")) if line else None)

    def _words(self, state: Conversation) -> tuple[str, str] | None:
        """`complaint 2/4: own it` and `Alt+C → the way out`; or only what a reply leads to."""
        taken = self._screen.desk.canned.taken(state.id)
        if state.status is Status.RESOLVED or not (taken or state.type):
            return None
        from agent_tui.macros import flows

        moment = self._moment(state)
        place = flows.place(moment, taken)
        key = self._screen.keymap.shown("next_step")
        if place is not None and place.next is not None:
            library = moment.library
            return title_of(library, place), f"{key} → {_step(library, place.next)}"
        if place is None:
            first = next(iter(flows.beginnings(moment)), None)
            if first is not None and first.head.flow == state.type:
                return word(TYPES, state.type), f"{key} → {_step(moment.library, first)}"
        if not any(flows.follows(moment.library, each, state.last_reply_no) for each in taken):
            return None
        named = flows.following(moment, taken, state.last_reply_no)
        return ("", f"{key} → {_titles(moment.library, named)}") if named else None

    def _moment(self, state: Conversation) -> Moment:
        from agent_tui.macros.model import Situation

        moment = self._screen.inserting.moment()
        return moment._replace(language=state.customer.language, situation=Situation.of(state))

    async def next(self) -> None:
        """Insert the flow's next step; where several macros may follow, one of them."""
        from agent_tui.macros import flows

        screen = self._screen
        state = screen.doing.state()
        if state is None:
            return
        taken = screen.desk.canned.taken(state.id)
        found = flows.following(self._moment(state), taken, state.last_reply_no)
        inside = {each.source for each in screen.inserting.left(screen.composer.texts()[0])}
        if screen.current == state.id and any(f"macro:{macro.id}" in inside for macro in found):
            screen.doing.say(
                Both("这一步已在输入框里，先发送", "this step is written: send it first")
            )
            return
        if not found:
            screen.doing.say(Both("没有下一步", "there is no next step"))
            return
        chosen = found[0] if len(found) == 1 else await self._choose(found)
        if chosen is not None:
            screen.inserting.from_key(chosen, state.id)

    async def _choose(self, found: list[Macro]) -> Macro | None:
        library = self._screen.desk.macros.library()
        choices = [
            Choice(m.id, versions.title_of(library, m), f"/{m.head.short}", m.head.short)
            for m in found
        ]
        title = str(Both("接下来", "What follows"))
        chosen = await self._screen.app.push_screen_wait(Picker(title, choices))
        return next((macro for macro in found if macro.id == chosen), None)


def _in_a_line(where: str, ahead: str, cells: int) -> str:
    """What lies ahead is there in any width; the name of the step behind gives way to it, and then
    how far one is."""
    far, _, name = where.partition(str(COLON))
    room = cells - cell_len(f"{BETWEEN}{ahead}")
    short = name and cell_len(where) > room and room < cell_len(far) + NAME
    return ending(far if short else where, ahead, cells)


def title_of(library: Library, place: Place) -> str:
    """`complaint 2/4: own it`."""
    name = word(TYPES, place.flow)
    title = _step(library, place.last)
    far = f"{name} {place.done}/{place.total}"
    return f"{far}{COLON}{title}"


def _step(library: Library, macro: Macro) -> str:
    return clean_line(versions.step_of(library, macro), SHORT)


def _titles(library: Library, macros: list[Macro]) -> str:
    return clean_line(" / ".join(versions.title_of(library, macro) for macro in macros), LONG)

"""Guided flows and chains: where a conversation stands, and what may come next.

Nothing is stored for it: replies tell which macros they came from, so the place is a fold of what
was sent, the same on every machine and after every restart.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from agent_tui.macros.library import Library
from agent_tui.macros.model import Macro, Situation

MACRO = "macro:"


class Taken(NamedTuple):
    """A reply, by its number in the conversation, came from `source` ("macro:returns/process")."""

    no: int
    source: str


class Place(NamedTuple):
    """How far a flow is: `done` of `total` steps; `next`: the one that follows, None at the end."""

    flow: str
    done: int
    total: int
    last: Macro
    next: Macro | None


class Moment(NamedTuple):
    """What decides which macros are offered."""

    library: Library
    language: str
    now: datetime.datetime
    situation: Situation | None = None

    def offered(self) -> list[Macro]:
        """The macros that are."""
        return self.library.offered(self.language, self.now, self.situation)

    def by_key(self, key: str) -> Macro | None:
        """The macro on a function key."""
        return self.library.by_key(key, self.language, self.now, self.situation)

    def by_short(self, short: str) -> Macro | None:
        """The macro called `/short`."""
        return self.library.by_short(short, self.language, self.now, self.situation)

    def version(self, key: str) -> Macro | None:
        """The macro that `key` names, in the language in which it is offered."""
        return self.library.version(key, self.language, self.now, self.situation)


def place(moment: Moment, taken: Sequence[Taken]) -> Place | None:
    """Where the conversation stands in the flow it was taken through last; None in none.

    `taken` is in the order of the replies. Beginning a flow anew starts it over.
    """
    for each in reversed(taken):
        macro = _macro(moment.library, each)
        if macro is not None and macro.head.flow:
            return _place(moment, macro)
    return None


def _place(moment: Moment, last: Macro) -> Place:
    flow, done = last.head.flow, last.head.step
    everyone = [m for m in moment.library.all.values() if m.head.flow == flow]
    total = max(m.head.step for m in everyone)
    ahead = [m for m in moment.offered() if m.head.flow == flow and m.head.step > done]
    return Place(flow, done, total, last, min(ahead, key=lambda m: m.head.step, default=None))


def following(moment: Moment, taken: Sequence[Taken], last_reply: int) -> list[Macro]:
    """What may come next, best first: the flow's next step, then what the last reply's macros name.

    In no flow and with nothing named: how one begins.
    """
    found: list[Macro] = []
    where = place(moment, taken)
    if where is not None and where.next is not None:
        found.append(where.next)
    for each in taken:
        macro = _macro(moment.library, each)
        if macro is None or each.no != last_reply:
            continue
        for key in macro.head.then:
            named = moment.version(key)
            if named is not None and named not in found:
                found.append(named)
    return found or beginnings(moment)


def beginnings(moment: Moment) -> list[Macro]:
    """The first step of the flow that is called like the question's type; if there is none, of all
    flows."""
    found = [macro for macro in moment.offered() if macro.head.step == 1]
    kind = moment.situation.type if moment.situation is not None else ""
    return [macro for macro in found if macro.head.flow == kind] or found


def follows(library: Library, taken: Taken, last_reply: int) -> bool:
    """Whether the last reply came from this macro, and it names what may come next."""
    macro = _macro(library, taken) if taken.no == last_reply else None
    return macro is not None and bool(macro.head.then)


def _macro(library: Library, taken: Taken) -> Macro | None:
    if not taken.source.startswith(MACRO):
        return None
    return library.all.get(taken.source.removeprefix(MACRO))

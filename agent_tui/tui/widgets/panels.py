"""The small panes: a chat's header, the customer's card, the status line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rich.cells import cell_len
from textual.content import Content

from agent_tui.desk.reasons import STATUSES, TYPES, word
from agent_tui.domain import sla
from agent_tui.domain.model import Conversation
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Urgency
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.words import Words

COLORS = {
    Urgency.CALM: "$secondary",
    Urgency.WARNING: "$warning bold",
    Urgency.BREACH: "$error bold",
}


class ChatHeader(Words):
    """Who, channel, team, owner, the running clock, and who types just now."""

    DEFAULT_CSS = """
    ChatHeader { height: 1; padding: 0 1; background: $panel; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._again: Callable[[], None] = lambda: None

    def on_resize(self) -> None:
        """Another width: the same, cut and spaced for it."""
        self._again()

    def show(
        self,
        state: Conversation | None,
        policy: Policy,
        plan: Plan,
        now: int,
        *,
        me: str,
        names: Mapping[str, str],
        presence: str,
        number: int | None = None,
        unread: int = 0,
        here: bool = False,
    ) -> None:
        """Draw the line for `state` at `now` (ms), if it looks different from what is there.

        `number` is the chat's in the ring; `here` marks the one of several that is written to.
        """
        self._again = partial(
            self.show,
            state,
            policy,
            plan,
            now,
            me=me,
            names=names,
            presence=presence,
            number=number,
            unread=unread,
            here=here,
        )
        if state is None:
            self.say(Content(""))
            return
        width = max(10, self.size.width - 2)
        due = sla.due(state, policy, plan)
        urgency = sla.urgency_of(due, state.channel, state.waiting_since, policy, now)
        right = word(STATUSES, state.status) if due is None else fmt.deadline(due, now)
        if due is not None and urgency is not Urgency.CALM:
            right += f" {fmt.SIGNS[urgency]}"
        owner = str(Both("我", "me")) if state.assignee == me else state.assignee
        # Each with how much it matters: a late chat's clock leaves little room.
        facts = [
            (0, presence),
            (2, "VIP" if sla.is_vip(state) else ""),
            (4, state.channel),
            (3, names.get(state.team, state.team)),
            (1, f"@{owner}" if owner else str(Both("无人认领", "unclaimed"))),
            (5, word(TYPES, state.type) if state.type else ""),
        ]
        slot = ("▸ " if here else "") + (f"{number} " if number is not None else "")
        new = f" *{min(unread, 99)}" if unread else ""
        room = width - cell_len(slot + new + right) - 1
        name = clip(state.customer.name, max(4, room // 2))
        left = _told([fact for fact in facts if fact[1]], room - cell_len(name))
        taken = cell_len(slot + name + new + left + right)
        self.say(
            Content.assemble(
                (slot, "$accent"),
                (name, "bold"),
                (new, "$primary bold"),
                (left + " " * max(1, width - taken), "$secondary"),
                (right, COLORS[urgency]),
            )
        )


def _told(facts: Sequence[tuple[int, str]], room: int) -> str:
    """Of `facts`, each with its rank, what there is room for, the first rank first, in the order
    given; the first is cut if need be."""
    kept: list[tuple[int, str]] = []
    for fact in sorted(facts):
        more = [each for each in facts if each in kept or each == fact]
        if kept and cell_len(_joined(more)) > room:
            continue
        kept = more
    return clip(_joined(kept), max(0, room))


def _joined(facts: Sequence[tuple[int, str]]) -> str:
    return "  " + " · ".join(fact for _, fact in facts)


class StatusLine(Words):
    """Link, what is unsent, time; then the next useful keys. What does not fit is left out whole:
    half a hint says another thing."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 1; background: $panel; color: $secondary; }
    """

    def show(
        self,
        *,
        link: Content,
        duty: tuple[str, str],
        marks: Sequence[str],
        time: str,
        reasons: Sequence[str],
        keys: Sequence[tuple[str, str]],
        vital: int = 0,
    ) -> None:
        """Draw the line; of `marks`, `reasons` and `keys` the last are the first to give way. To
        the `vital` first reasons the clock gives way, and before it the duty that has no colour."""
        left = max(10, self.size.width - 2) - cell_len(link.plain)
        waiting = "".join(fitting([f" {mark}" for mark in marks], left))
        left -= cell_len(waiting)
        needed = cell_len(" · ".join(reasons[:vital])) + 3 if vital else 0
        said, color = duty
        loud = "".join(fitting([said], left)) if color else ""
        left -= cell_len(loud)
        clock = "".join(fitting([f" {time} "], left - needed))
        left -= cell_len(clock)
        calm = "" if color else "".join(fitting([said], left - needed))
        left -= cell_len(calm)
        shown: list[tuple[str, str]] = []
        if reasons and left > 3:
            every = [reasons[0], *(f" · {each}" for each in reasons[1:])]
            # What weighs besides gives way to the first key: without one, nobody knows what to do.
            first = cell_len("".join(keys[0])) + 5 if keys else 0
            room = max(left - 3 - first, cell_len("".join(every[:vital])))
            whole = fitting(every, min(left - 3, room))
            text = f"│ {''.join(whole) or clip(reasons[0], left - 3)} "
            shown.append((text, "$foreground"))
            left -= cell_len(text)
        for key, title in keys:
            left -= cell_len(key) + cell_len(title) + 4
            if left < 0:
                break
            shown += [("│ " if not shown else "· ", ""), (key, "$accent bold"), (f" {title} ", "")]
        self.say(
            Content.assemble(
                link,
                (loud, color),
                (calm, ""),
                (waiting, "$warning" if waiting else ""),
                (clock or " ", ""),
                *shown,
            )
        )


def fitting(parts: Sequence[str], room: int) -> list[str]:
    """The first of `parts` that fit `room` cells together."""
    found: list[str] = []
    for part in parts:
        room -= cell_len(part)
        if room < 0:
            break
        found.append(part)
    return found

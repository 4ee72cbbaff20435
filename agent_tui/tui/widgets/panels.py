"""The small panes: a chat's header, the customer's card, the status line."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from agent_tui.desk.reasons import DEADLINES, PRIORITIES, STATUSES, TYPES, word
from agent_tui.domain import sla
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Urgency
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui import format as fmt

COLORS = {
    Urgency.CALM: "$secondary",
    Urgency.WARNING: "$warning bold",
    Urgency.BREACH: "$error bold",
}


class ChatHeader(Static):
    """Who, channel, team, owner, the running clock, and who types just now."""

    DEFAULT_CSS = """
    ChatHeader { height: 1; padding: 0 1; background: $panel; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, markup=False)

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
    ) -> None:
        """Draw the line for `state` at `now` (ms)."""
        if state is None:
            self.update("")
            return
        width = max(10, self.size.width - 2)
        due = sla.due(state, policy, plan)
        urgency = sla.urgency_of(due, state.channel, state.waiting_since, policy, now)
        right = word(STATUSES, state.status) if due is None else fmt.deadline(due, now)
        if due is not None and urgency is not Urgency.CALM:
            right += f" {fmt.SIGNS[urgency]}"
        owner = str(Both("我", "me")) if state.assignee == me else state.assignee
        facts = [
            "VIP" if sla.is_vip(state) else "",
            state.channel,
            names.get(state.team, state.team),
            f"@{owner}" if owner else str(Both("无人认领", "unclaimed")),
            word(TYPES, state.type) if state.type else "",
        ]
        left = "  " + " · ".join(fact for fact in facts if fact)
        if presence:
            left = f"  {presence}"
        room = width - cell_len(right) - 1
        name = clip(state.customer.name, max(4, room // 2))
        left = clip(left, max(0, room - cell_len(name)))
        gap = " " * max(1, width - cell_len(name) - cell_len(left) - cell_len(right))
        self.update(
            Content.assemble((name, "bold"), (left + gap, "$secondary"), (right, COLORS[urgency])),
            layout=False,
        )


class CustomerCard(Static):
    """Who the customer is, and what is known of this conversation."""

    DEFAULT_CSS = """
    CustomerCard { height: 1fr; padding: 0 1; border-top: solid $border; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, markup=False)

    def show(self, state: Conversation | None, now: int) -> None:
        """Draw the card."""
        if state is None:
            self.update("")
            return
        customer = state.customer
        rows: list[tuple[Both, str]] = [
            (Both("等级", "tier"), customer.tier),
            (Both("语言", "language"), {"zh": "中文", "en": "English"}.get(customer.language, "")),
            (Both("标签", "tags"), " ".join((*customer.tags, *state.tags))),
            (Both("状态", "status"), word(STATUSES, state.status)),
            (Both("类型", "type"), word(TYPES, state.type) if state.type else ""),
            (Both("优先级", "priority"), word(PRIORITIES, state.priority)),
            (Both("开始", "since"), fmt.local(state.opened_at).strftime("%m-%d %H:%M")),
            (Both("消息", "messages"), str(state.messages)),
        ]
        if state.status is Status.SNOOZED and state.until:
            until = fmt.local(state.until).strftime("%m-%d %H:%M")
            rows.insert(4, (Both("到", "until"), until))
        for clock in state.clocks:
            left = fmt.countdown(clock.due - now)
            if not clock.due:
                left = str(Both("暂停，还有 ", "stands, left ")) + fmt.countdown(clock.left)
            rows.append((Both("时限", "clock"), f"{word(DEADLINES, clock.clock)} {left}"))
        parts: list[tuple[str, str]] = [(f"{customer.name}\n", "bold")]
        for title, value in rows:
            if value:
                parts += [(f"{title} ", "$secondary"), (f"{value}\n", "")]
        parts.append((f"{state.id}", "$secondary"))
        self.update(Content.assemble(*parts))


class StatusLine(Static):
    """Link, unsent, time; then the next useful keys."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 1; background: $panel; color: $secondary; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, markup=False)

    def show(
        self, *, link: Content, unsent: str, time: str, reason: str, keys: list[tuple[str, str]]
    ) -> None:
        """Draw the line; keys that do not fit are left out from the end."""
        width = max(10, self.size.width - 2)
        parts: list[tuple[str, str]] = [(unsent, "$warning" if unsent else ""), (f" {time} ", "")]
        used = cell_len(link.plain) + sum(cell_len(text) for text, _ in parts)
        shown: list[tuple[str, str]] = []
        if reason:
            text = f"│ {clip(reason, max(0, width - used - 3))} "
            shown.append((text, "$foreground"))
            used += cell_len(text)
        for key, title in keys:
            size = cell_len(key) + cell_len(title) + 4
            if used + size > width:
                break
            shown += [("│ " if not shown else "· ", ""), (key, "$accent bold"), (f" {title} ", "")]
            used += size
        self.update(Content.assemble(link, *parts, *shown), layout=False)

"""The customer's card: who they are, what they bought and where it is, what was before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.cells import cell_len
from textual import events
from textual.content import Content

from agent_tui import lang
from agent_tui.desk.customer import Card
from agent_tui.desk.reasons import DEADLINES, PRIORITIES, STATUSES, TYPES, word
from agent_tui.desk.tagnames import tag_name
from agent_tui.domain.model import Clock, Priority, Status
from agent_tui.domain.ratings import BEST
from agent_tui.lang import Both
from agent_tui.orders import words
from agent_tui.orders.model import Order
from agent_tui.text import clip, wrap
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.words import Words

Line = list[tuple[str, str]]  # pieces and their styles
LABEL = "$secondary"
LOUD = frozenset({"returning", "refunding", "cancelled", "closed"})
POOR = 2  # a rating from which down it is told loudly
OTHERS = 4  # orders beside the one that is shown whole
NOTE_LINES = 2
DAY_MS = 86_400_000
LANGUAGES = {"zh": "中文", "en": "English"}


class CustomerCard(Words):
    """Draws one card; what does not fit is cut off, so the order stands before the rest."""

    DEFAULT_CSS = """
    CustomerCard { height: 1fr; padding: 0 1; border-top: solid $border; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._card: Card | None = None
        self._now = 0
        self._names: Mapping[str, str] = {}

    def show(self, card: Card | None, now: int, names: Mapping[str, str]) -> None:
        """Draw `card` as of `now` (ms); `names` are those of agents."""
        self._card, self._now, self._names = card, now, names
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Lines depend on the width."""
        self._draw()

    def _draw(self) -> None:
        width = max(12, self.content_size.width)
        card, now = self._card, self._now
        lines = list(_lines(card, now, width, self._names)) if card is not None else []
        pieces: Line = []
        for line in lines:
            pieces += [*line, ("\n", "")]
        self.say(Content.assemble(*pieces[:-1]))


def _lines(card: Card, now: int, width: int, names: Mapping[str, str]) -> Iterator[Line]:
    yield from _who(card, now, width)
    yield from _orders(card, now, width)
    yield from _before(card, now, width, names)
    yield from _chat(card, now, width)
    yield _pair(Both("编号", "id"), card.state.id, width)


def _who(card: Card, now: int, width: int) -> Iterator[Line]:
    customer = card.state.customer
    name = clip(customer.name, width - cell_len(customer.tier) - 1 if customer.tier else width)
    yield [(name, "bold"), (f" {clip(customer.tier, 12)}" if customer.tier else "", "$accent bold")]
    facts = [LANGUAGES.get(customer.language, customer.language), customer.contact]
    if 0 < customer.since < now - DAY_MS:
        since = fmt.local(customer.since).strftime("%Y-%m")
        facts.append(str(Both(f"{since} 起", f"since {since}")))
    yield [(clip(" · ".join(filter(None, facts)), width), LABEL)]
    tags = " · ".join(map(tag_name, (*customer.tags, *card.state.tags)))
    if tags:
        yield _pair(Both("标签", "tags"), tags, width)
    yield from _rating(card, width)


def _rating(card: Card, width: int) -> Iterator[Line]:
    """How they were served: this time, and on average of the chats before."""
    state = card.state
    title = Both("满意度", "rated")
    if state.rating:
        marks = "★" * state.rating + "☆" * (BEST - state.rating)
        style = "$warning bold" if state.rating <= POOR else ""
        yield [(f"{title} ", LABEL), (f"{state.rating}/{BEST} {marks}", style)]
        for line in wrap(state.rating_comment.replace("\n", " "), width - 2)[:NOTE_LINES]:
            yield [(f"  {clip(line, width - 2)}", "")]
    before = [each.rating for each in card.past if each.rating]
    if before:
        mean = f"{sum(before) / len(before):.1f}/{BEST}"
        count = len(before)
        told = Both(f"之前 {mean}（{count} 次）", f"{mean} before ({count})")
        yield _pair(title, str(told), width)


# --- orders --------------------------------------------------------------------------------------


def _orders(card: Card, now: int, width: int) -> Iterator[Line]:
    answer = card.answer
    if answer is not None and answer.off:
        return
    title = str(
        Both("订单", "Orders") if not card.named else Both("提到的订单", "Order named here")
    )
    if answer is None:
        yield [(title, "bold"), (str(Both(" 还没查到", " not looked up yet")), LABEL)]
        return
    head: Line = [(title, "bold")]
    if answer.at:
        ago = fmt.ago(now - answer.at)
        head.append((str(Both(f" · {ago} 前", f" · {ago} ago")), LABEL))
    yield head
    if answer.failing_since:
        why = words.TROUBLE.get(answer.trouble)
        since = _moment(answer.failing_since, now)
        reason = f"：{why.zh}" if why else "", f": {why.en}" if why else ""
        trouble = Both(f"! {since} 起查不到{reason[0]}", f"! unknown since {since}{reason[1]}")
        yield [(clip(str(trouble), width), "$warning")]
    if not card.orders:
        if not answer.failing_since:
            yield [(str(Both("没有订单", "none")), LABEL)]
        return
    yield from _whole(card.orders[0], now, width)
    for order in card.orders[1 : OTHERS + 1]:
        amount = words.money(order.amount, order.currency)
        right = f"{words.state(order.state, lang.current())} {amount}".strip()
        yield _ends(_short(order.no), right, width, "", LABEL)
    if len(card.orders) > OTHERS + 1:
        more = len(card.orders) - OTHERS - 1
        yield [(str(Both(f"还有 {more} 单", f"{more} more")), LABEL)]


def _whole(order: Order, now: int, width: int) -> Iterator[Line]:
    state = words.state(order.state, lang.current())
    loud = "$warning bold" if order.state in LOUD else "bold"
    if order.delivered_at and order.state == "delivered":
        state += " " + _moment(order.delivered_at, now)
    fits = cell_len(order.no) + 1 + cell_len(state) <= width
    yield _ends(order.no if fits else _short(order.no), state, width, "$accent", loud)
    amount = words.money(order.amount, order.currency)
    bought = words.items(order, lang.current())
    yield _ends(f"  {bought}", amount, width, "", "bold")
    parcel = words.parcel(order)
    if parcel:
        yield [(clip(f"  {parcel}", width), "")]
    today = fmt.local(now).date().isoformat()
    if words.is_late(order, today):
        late = Both(f"  原定 {order.eta}，已过 !", f"  expected {order.eta}, overdue !")
        yield [(clip(str(late), width), "$warning bold")]
    elif order.eta and order.state in words.IN_TRANSIT:
        yield [(clip(str(Both(f"  预计 {order.eta}", f"  expected {order.eta}")), width), "")]
    elif order.placed_at:
        placed = _moment(order.placed_at, now)
        yield [(clip(str(Both(f"  {placed} 下单", f"  placed {placed}")), width), LABEL)]


def _short(no: str) -> str:
    """2231…8921: what tells orders apart."""
    return no if len(no) <= 10 else f"{no[:4]}…{no[-4:]}"


def _moment(at: int, now: int) -> str:
    """14:03 today; else 11-20, or 2025-11-20 in another year."""
    then, today = fmt.local(at), fmt.local(now)
    if then.date() == today.date():
        return then.strftime("%H:%M")
    return then.strftime("%m-%d" if then.year == today.year else "%Y-%m-%d")


# --- past and present chats ----------------------------------------------------------------------


def _before(card: Card, now: int, width: int, names: Mapping[str, str]) -> Iterator[Line]:
    if card.past_count:
        last = card.past[0] if card.past else None
        when = f"{_moment(last.last_at, now)} {_topic(last.subject, last.type)}" if last else ""
        count = card.past_count
        past = Both(f"{count} 次，上次 {when}", f"{count}, last {when}")
        yield _pair(Both("往来", "chats"), str(past).strip(), width)
    for note in card.notes:
        label = f"{_moment(note.at, now)} {names.get(note.author, note.author)} "
        text = wrap(label + note.text.replace("\n", " "), width - 2)
        for number, line in enumerate(text[:NOTE_LINES]):
            cut = len(text) > NOTE_LINES and number == NOTE_LINES - 1
            shown = clip(line + "……" if cut else line, width - 2)
            yield [("▪ " if not number else "  ", "$warning"), (shown, "")]


def _topic(subject: str, kind: str) -> str:
    return subject or (word(TYPES, kind) if kind else "")


def _chat(card: Card, now: int, width: int) -> Iterator[Line]:
    state = card.state
    status = word(STATUSES, state.status)
    if state.status is Status.SNOOZED and state.until:
        until = fmt.local(state.until).strftime("%m-%d %H:%M")
        status += str(Both(f" 到 {until}", f" until {until}"))
    rows = [
        (Both("状态", "status"), status),
        (Both("类型", "type"), word(TYPES, state.type) if state.type else ""),
        (
            Both("优先级", "priority"),
            word(PRIORITIES, state.priority) if state.priority is not Priority.NORMAL else "",
        ),
        (
            Both("开始", "since"),
            f"{fmt.local(state.opened_at).strftime('%m-%d %H:%M')} · "
            + str(Both(f"{state.messages} 条", f"{state.messages} line{_s(state.messages)}")),
        ),
    ]
    for clock in state.clocks:
        if state.status is Status.RESOLVED and clock.clock is not Clock.FOLLOW_UP:
            continue  # kept for an undo
        left = fmt.countdown(clock.due - now)
        if not clock.due:
            left = str(Both("暂停，还有 ", "stands, left ")) + fmt.countdown(clock.left)
        rows.append((Both("时限", "clock"), f"{word(DEADLINES, clock.clock)} {left}"))
    for title, value in rows:
        if value:
            yield _pair(title, value, width)


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _pair(title: Both, value: str, width: int) -> Line:
    room = width - cell_len(str(title)) - 1
    return [(f"{title} ", LABEL), (clip(value, room), "")]


def _ends(left: str, right: str, width: int, style: str, right_style: str) -> Line:
    """`left`, and `right` at the edge: it stays whole where it can."""
    right = clip(right, max(0, width - 4))
    room = width - cell_len(right) - (1 if right else 0)
    left = clip(left, room)
    gap = " " * (width - cell_len(left) - cell_len(right))
    return [(left, style), (gap, ""), (right, right_style)]

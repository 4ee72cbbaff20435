"""Agents' numbered commands: each decided once, in order, and never lost."""

from __future__ import annotations

from typing import Any

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain import searches
from agent_tui.domain.context import Context
from agent_tui.domain.decide import decide
from agent_tui.domain.ids import ConversationId, CustomerId, MessageId
from agent_tui.domain.model import Agent
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected
from agent_tui.domain.protocol import (
    CommandResult,
    CommandsAnswer,
    CommandsRequest,
    OrderHead,
    RawCommandsRequest,
    order_hash,
    raw_hash,
)
from agent_tui.errors import DeskError, UsageError
from agent_tui.lang import Both
from agent_tui.server import calls, metrics, origins, results
from agent_tui.server.cleaning import cleaned
from agent_tui.server.consequences import merge_everywhere, publish
from agent_tui.server.unit import ClientRow, Needs, Unit
from agent_tui.text import clean

_ORDER = msgspec.json.Decoder(c.Order)
_HEAD = msgspec.json.Decoder(OrderHead)
# A request that may have been longer on its way is not decided: by the time that its answer names,
# its client sends again what still waits. More than the largest takes on the slowest line.
LONGEST_WAY_MS = 600_000


class Conflict(DeskError):
    """A client's numbering does not fit: `code` is `gap`, `lost`, `reused` or `not_your_client`."""

    def __init__(self, code: str, title: Both, last: int = 0) -> None:
        super().__init__(
            title,
            Both(
                "客户端会换新的编号并重新同步", "the client takes a new client id and syncs again"
            ),
        )
        self.code = code
        self.last = last


class Numbered(msgspec.Struct, frozen=True):
    """An order as it came. `order` is None where this version does not understand the command."""

    head: OrderHead | c.Order
    digests: tuple[bytes, ...]  # the first is stored; older programs stored the others
    order: c.Order | None


def numbered(raw: bytes | msgspec.Raw) -> Numbered:
    """Read one order. Raises msgspec.ValidationError if not even its number can be told."""
    digest = raw_hash(raw)
    try:
        order = _ORDER.decode(raw)
    except msgspec.ValidationError:
        return Numbered(_HEAD.decode(raw), (digest,), None)
    return Numbered(order, (digest, order_hash(order)), order)


class SubmitOrders:
    """Apply a client's numbered commands, each once."""

    def __init__(
        self, agent: Agent, request: CommandsRequest | RawCommandsRequest, address: str = ""
    ) -> None:
        """`address`: where the request came from. Raises UsageError, msgspec.ValidationError."""
        self._agent_id = agent.id
        self._request = request
        try:
            self._orders = [
                numbered(msgspec.json.encode(each) if isinstance(each, c.Order) else each)
                for each in request.orders
            ]
        except RecursionError as error:
            raise UsageError(Both("请求嵌套太深", "the request is nested too deep")) from error
        self.size = len(self._orders)
        self._results: list[CommandResult] = []
        self._last = 0
        self._way_ms = 0
        self._address = origins.shown(address)

    def needs(self) -> Needs:
        """The client's row, the conversations named, and what else the commands name."""
        conversations: list[ConversationId] = []
        customers: list[CustomerId] = []
        messages: list[MessageId] = []
        articles: list[str] = []
        noted: list[c.NoteCall] = []
        for order in (each.order for each in self._orders if each.order is not None):
            conversations.append(order.conversation)
            if isinstance(order.command, c.NoteCall):
                noted.append(order.command)
            for part in c.parts_of(order.command):
                if isinstance(part, c.MergeCustomer):
                    customers.append(part.into)
                elif isinstance(part, c.UnmergeCustomer):
                    customers.append(part.customer.id)
                elif isinstance(part, c.RemoveNote | c.EditMessage):
                    messages.append(part.message)
                elif isinstance(part, c.SuggestArticle | c.AcceptSuggestion):
                    articles.append(part.article)
        return Needs(
            clients=(self._request.client,),
            conversations=tuple(conversations),
            customers=tuple(customers),
            messages=tuple(messages),
            articles=tuple(articles),
            inbound=tuple(map(calls.key_of, noted)),
            identities=tuple(map(calls.caller_of, noted)),
        )

    def run(self, unit: Unit) -> None:
        """Raises Conflict for a gap, a loss, a reused number, or somebody else's client id."""
        self._results = []  # a batch that failed is run again
        reckoned = self._request.reckoned
        self._way_ms = max(0, unit.now - reckoned) if reckoned is not None else 0
        client = self._request.client
        row = unit.clients.get(client)
        if row is None:
            row = ClientRow(self._agent_id, 0, fresh=True)
        if row.agent != self._agent_id:
            raise Conflict(
                "not_your_client",
                Both("客户端编号属于别的账号", "that client id is another account's"),
            )
        # The account may have changed since the request was authenticated: ask the directory anew.
        actor = unit.directory.agents.get(self._agent_id)
        last = row.last
        if self._request.acked > last:
            # A backup was restored, or a copy that lagged behind took over.
            raise Conflict(
                "lost", Both("确认过的命令丢失了", "acknowledged commands were lost"), last
            )
        first, address = len(unit.drafts), row.address
        for each in self._orders:
            number = each.head.number
            if number <= last:
                self._results.append(self._again(unit, each))
                continue
            if number != last + 1:
                raise Conflict("gap", Both("编号不连续", "the numbers have a gap"), last)
            if self._way_ms > LONGEST_WAY_MS:
                break
            self._apply(unit, each, actor)
            last = number
        if last > row.last and self._address not in ("", address):
            address = self._address
            origins.moved(unit, client, first, address)
        unit.put(unit.clients, client, ClientRow(row.agent, last, row.fresh, address))
        unit.writes += results.forget_old(client, row.last, last)
        self._last = last

    def answer(self, unit: Unit) -> CommandsAnswer:
        """Results by number."""
        return CommandsAnswer(last=self._last, results=tuple(self._results), now=unit.now)

    def _again(self, unit: Unit, each: Numbered) -> CommandResult:
        client, number = self._request.client, each.head.number
        for row in unit.results:
            if row["client"] == client and row["number"] == number:
                known, outcome, reason = row["hash"], row["outcome"], row["reason"]
                break
        else:
            known, outcome, reason = results.stored(unit.connection, client, number)
        if known not in each.digests:
            raise Conflict(
                "reused", Both("同一编号的内容不同", "that number was used for something else")
            )
        return CommandResult(number, outcome, reason)

    def _decide(self, unit: Unit, order: c.Order | None, actor: Agent | None) -> Outcome:
        if order is None:
            return Rejected(Reason.NOT_UNDERSTOOD)
        state = unit.states.get(order.conversation)
        command = cleaned(order.command)
        if calls.is_noted(unit, command):
            return ()
        context = Context(
            actor=actor,
            now=unit.now,
            policy=unit.directory.policy,
            age=max(0, self._request.sent_at - order.queued_at) + self._way_ms,
            roster=unit.directory.agents,
            teams=unit.directory.teams,
            customers=unit.customers,
            messages=unit.messages,
            articles=unit.articles,
            plan=unit.directory.plan,
            inboxes=unit.directory.inboxes,
        )
        if state is None and isinstance(command, c.NoteCall):
            context = calls.with_caller(unit, command, context)
        return decide(state, command, context, conversation=order.conversation)

    def _apply(self, unit: Unit, each: Numbered, actor: Agent | None) -> None:
        order = each.head
        state = unit.states.get(order.conversation)
        outcome = self._decide(unit, each.order, actor)
        cause: dict[str, Any] = {"client": self._request.client, "number": order.number}
        by = self._agent_id
        detail = ""
        match outcome:
            case Rejected() | Held():
                held = isinstance(outcome, Held)
                verdict, reason = ("held" if held else "refused"), str(outcome.reason)
                detail = outcome.detail
                if isinstance(outcome, Rejected) and state is not None:
                    for event in outcome.events:
                        unit.record(event, by=by, conversation=order.conversation, **cause)
                index = unit.record(
                    e.CommandRefused(
                        client=self._request.client,
                        number=order.number,
                        code=outcome.reason,
                        held=held,
                        conversation=order.conversation,
                        detail=outcome.detail,
                    ),
                    by=by,
                    **cause,
                )
            case ():
                verdict, reason = "applied", ""
                index = unit.record(self._settled(each), by=by, **cause)
            case _:
                verdict, reason = "applied", ""
                if each.order is not None and state is not None and actor is not None:
                    publish(unit, each.order.command, outcome, state, actor)
                for event in outcome:
                    index = unit.record(event, by=by, conversation=order.conversation, **cause)
                    if isinstance(event, e.CustomerMerged):
                        index = merge_everywhere(unit, event, by, cause, index)
                    elif isinstance(event, e.ConversationOpened | e.CustomerWrote):
                        calls.noted(unit, each.order, event, index)
        metrics.COMMANDS.labels(verdict).inc()
        unit.results.append(
            {
                "client": self._request.client,
                "number": order.number,
                "hash": each.digests[0],
                "seq": index,
                "outcome": verdict,
                "reason": reason,
                "conversation": order.conversation if reason else None,
                "detail": detail,
            }
        )
        self._results.append(CommandResult(order.number, verdict, reason))

    def _settled(self, each: Numbered) -> e.LoggedEvent:
        """What is said of a command without an effect on its conversation."""
        client, number = self._request.client, each.head.number
        command = each.order.command if each.order is not None else None
        if isinstance(command, c.ReportSearches):
            harmless = [(clean(query), times) for query, times in command.misses]
            if misses := searches.counted(harmless):
                return e.SearchesReported(client=client, number=number, misses=misses)
        return e.CommandSettled(client=client, number=number)

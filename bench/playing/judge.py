"""Whether a day's log is as it should be. Judges read the log and the model, and have their own
notion of who may have what; they never ask the product's routing or clocks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from agent_tui.domain import events as e
from agent_tui.domain.model import Agent
from playing import judge_clocks
from playing.facts import RESOLVED, Chat, Facts
from playing.house import SYSTEM, Log, Row
from playing.model import Model
from playing.staff import Person

KEPT = 10  # findings of one kind that are kept word for word


@dataclass
class Verdict:
    """What was checked how often, and what was found wrong."""

    checked: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def found(self, kind: str, what: str) -> None:
        """One finding."""
        self.wrong[kind] += 1
        if self.wrong[kind] <= KEPT:
            self.findings.append(f"{kind}: {what}")


class Rules:
    """Who may have which chat, by the model alone."""

    def __init__(self, model: Model, people: tuple[Person, ...]) -> None:
        self.model = model
        self.agents: dict[str, Agent] = {each.agent.id: each.agent for each in people}
        self._skills = {each.name: each.skill for each in model.types}
        self._service = (model.at(model.opens), model.at(model.quiet))
        self._shifts = {
            each.name: tuple(
                (model.at(a), model.at(model.quiet if each.stays and b == each.hours[-1][1] else b))
                for a, b in each.hours
            )
            for each in model.shifts
        }

    def helpers(self, chat: Chat, now: int) -> list[str]:
        """The chat's team, and those that help it by now."""
        found = [chat.team]
        waited = now - (chat.waits_since or chat.opened_at)
        while waited >= self.model.shop.overflow_after * 1000:
            into = self.model.teams[found[-1]].overflow
            if not into:
                break
            found.append(into)
        return found

    def is_open(self, now: int) -> bool:
        """Whether the shop is."""
        return self._service[0] <= now < self._service[1]

    def works(self, agent: Agent, now: int) -> bool:
        """Whether it is within the agent's hours."""
        return any(start <= now < end for start, end in self._shifts[agent.shift])

    def fits(self, agent: Agent, chat: Chat, now: int) -> bool:
        """Whether the agent may have the chat, however much they have already."""
        skill = self._skills.get(chat.kind, "")
        return (
            self.is_open(now)
            and self.works(agent, now)
            and any(team in agent.teams for team in self.helpers(chat, now))
            and chat.language in agent.languages
            and (not skill or skill in agent.skills)
        )

    def has_room(self, facts: Facts, agent: str) -> bool:
        """For one more chat."""
        return facts.loads.get(agent, 0) + 1 <= self.model.shop.capacity


def judge(log: Log, model: Model, people: tuple[Person, ...], written: int, until: int) -> Verdict:
    """Everything. `written` is how many messages customers sent; the log is judged up to `until`
    (ms)."""
    verdict = Verdict()
    rules = Rules(model, people)
    rounds = iter(log.rounds)
    following = next(rounds, None)
    facts = Facts()
    for row in log.rows:
        while following is not None and following.seq < row.seq:
            _nobody_waits_in_vain(verdict, rules, facts, following.at)
            following = next(rounds, None)
        chat = facts.take(row)
        if chat is not None and row.by == SYSTEM and isinstance(row.event, e.Assigned):
            _given(verdict, rules, facts, row, chat)
    while following is not None:
        _nobody_waits_in_vain(verdict, rules, facts, following.at)
        following = next(rounds, None)
    _nothing_lost(verdict, facts, log, written)
    judge_clocks.check(verdict, log.rows, model, people, until)
    return verdict


def _nothing_lost(verdict: Verdict, facts: Facts, log: Log, written: int) -> None:
    logged = sum(isinstance(row.event, e.CustomerWrote) for row in log.rows)
    if logged != written:
        verdict.found("lost", f"{written} messages were written, {logged} are in the log")
    for chat in facts.chats.values():
        verdict.checked["chats that ended replied, or are open with a reason"] += 1
        if chat.status == RESOLVED:
            if chat.waits_since is not None:
                verdict.found("lost", f"{chat.key} was closed and never answered")
        elif chat.owner is None and not chat.held:
            verdict.found("lost", f"{chat.key} is open, with nobody, and no reason is said")
        else:
            verdict.checked["of these, open at the end with a reason"] += 1


def _nobody_waits_in_vain(verdict: Verdict, rules: Rules, facts: Facts, now: int) -> None:
    """At the end of a round of giving out: whoever waits is one that nobody with room may have."""
    verdict.checked["rounds of giving out"] += 1
    if not facts.queue:
        return
    free = [
        agent
        for key, agent in rules.agents.items()
        if key in facts.online and rules.has_room(facts, key)
    ]
    for chat in facts.queue.values():
        verdict.checked["chats left waiting after a round"] += 1
        if not chat.held:
            verdict.found("unassigned", f"{chat.key} waits, and no reason is said")
        for agent in free:
            if rules.fits(agent, chat, now):
                if agent.id in chat.declined:
                    verdict.checked["exceptions: it came back from this one"] += 1
                    continue
                verdict.found("unassigned", f"{chat.key} waits, {agent.id} has room, at {now}")
                break


def _given(verdict: Verdict, rules: Rules, facts: Facts, row: Row, chat: Chat) -> None:
    """A chat was given to somebody: may they have it, and was it its turn?"""
    owner = chat.owner
    if owner is None:
        return
    agent = rules.agents[owner]
    verdict.checked["chats given to an agent"] += 1
    if facts.loads[owner] > rules.model.shop.capacity:
        verdict.found("over capacity", f"{owner} has {facts.loads[owner]} with {chat.key}")
    if owner not in facts.online or not rules.fits(agent, chat, row.at):
        verdict.found("not theirs", f"{owner} may not have {chat.key}, at {row.at}")
    place = chat.order
    for other in facts.queue.values():
        if other.order < place and rules.fits(agent, other, row.at):
            if owner in other.declined:
                verdict.checked["exceptions: it came back from this one"] += 1
                continue
            verdict.found("out of order", f"{owner} got {chat.key} before {other.key}")
            break

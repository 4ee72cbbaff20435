"""One deed to many conversations: planned first, looked at, done at once, undone at once.

Every command is guarded by what it was planned on, so that what changed meanwhile is left as it
is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from agent_tui.desk.desk import Desk
from agent_tui.desk.loads import How, Load, LoadBook, Turn
from agent_tui.desk.reasons import REASONS, both
from agent_tui.domain import commands as c
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Conversation, Role, Status
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.domain.routing import Floor, availability
from agent_tui.domain.sla import never_answered
from agent_tui.domain.staffing import Availability
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.store.bulks import Bulk as Deed

SHOWN = 3  # reasons of a deed's refusals, the most frequent ones
Skipped = tuple[ConversationId, Both]
SAME = Both("已是这样", "it is so already")
UNFIT = Both("不适用", "it does not apply here")


class Step(msgspec.Struct, frozen=True):
    """A guarded command for one conversation."""

    conversation: ConversationId
    command: c.AgentCommand


class DryRun(msgspec.Struct, frozen=True):
    """What would be done; nothing has been. `notes` are what to mind, such as a full agent."""

    title: Both
    steps: tuple[Step, ...]
    loads: tuple[Load, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[Both, ...] = ()


class Applied(msgspec.Struct, frozen=True):
    """How many commands were queued, and which were not, since the dry run was made."""

    queued: int
    skipped: tuple[Skipped, ...]


# --- planning ------------------------------------------------------------------------------------


def assign(
    desk: Desk, marked: Iterable[ConversationId], to: Sequence[AgentId], how: How = "least-loaded"
) -> DryRun:
    """Spread `marked` over the agents `to`, in the order given, whoever has them now.

    Whoever has room is taken before whoever has none: `least-loaded` by load over capacity,
    `round-robin` in turn. Raises NotFound, UsageError for agents that cannot have chats.
    """
    targets = [_receiver(desk, key) for key in dict.fromkeys(to)]
    if not targets:
        raise UsageError(
            Both("没有说给谁", "nobody was named to get them"), Both("给出坐席", "name an agent")
        )
    floor = desk.directory.floor(desk.clock())
    book = LoadBook(desk)
    states, skipped = _states(desk, marked)
    for state in states:
        book.take(state)
    turn = Turn(targets, floor, how)
    steps: list[Step] = []
    given: list[tuple[Agent, TeamId]] = []
    for state in states:
        agent = turn.choose(state, book)
        command = c.Assign(agent=agent.id, epoch=state.epoch, owner=state.assignee)
        outcome = desk.doing.foresee(state.id, command)
        if isinstance(outcome, tuple) and outcome:
            book.give(replace(state, assignee=agent.id))
            steps.append(Step(state.id, command))
            given.append((agent, state.team))
        else:
            book.give(state)
            skipped.append((state.id, words(outcome or None)))
    names = [each.name for each in targets]
    title = Both(f"转给{'、'.join(names)}", f"assign to {', '.join(names)}")
    loads = book.loads([each.id for each in targets] if steps else [])
    notes = (*away(targets, floor), *outside(desk, given), *_over(loads)) if steps else ()
    return DryRun(title, tuple(steps), loads, tuple(skipped), notes)


def act(
    desk: Desk,
    marked: Iterable[ConversationId],
    make: Callable[[Conversation], c.AgentCommand | None],
    title: Both,
) -> DryRun:
    """What `make` says for each of `marked`; None leaves a conversation out."""
    book = LoadBook(desk)
    states, skipped = _states(desk, marked)
    steps: list[Step] = []
    unheard = 0
    for state in states:
        made = make(state)
        if made is None:
            skipped.append((state.id, UNFIT))
            continue
        command = guarded(state, made)
        outcome = desk.doing.foresee(state.id, command)
        if isinstance(outcome, Rejected | Held) or not outcome:
            skipped.append((state.id, words(outcome or None)))
            continue
        after = state
        for event in outcome:
            after = evolve(after, event, conversation=state.id, at=desk.clock())
        book.take(state)
        book.give(after)
        steps.append(Step(state.id, command))
        unheard += after.status is Status.RESOLVED and never_answered(after)
    loads = book.loads(())
    notes = (*_over(loads), *_unheard(unheard))
    return DryRun(title, tuple(steps), loads, tuple(skipped), notes)


def guarded(state: Conversation, command: c.AgentCommand) -> c.AgentCommand:
    """`command`, to be refused if what it changes is not what `state` shows.

    Going back to the queue becomes an assignment to nobody, which says whose the chat was. Of a
    Batch the first change of each kind is guarded: the next ones build upon it.
    """
    if isinstance(command, c.ReportSearches | c.NoteCall):
        return command
    if not isinstance(command, c.Batch):
        return _guard(state, command)
    seen: set[str] = set()
    parts: list[c.AgentPart] = []
    for part in command.parts:
        kind = "owner" if isinstance(part, c.Claim | c.Release | c.Assign) else type(part).__name__
        parts.append(part if kind in seen else _guard(state, part))
        seen.add(kind)
    return c.Batch(tuple(parts))


def _guard(state: Conversation, part: c.AgentPart) -> c.AgentPart:
    match part:
        case c.Release():
            return c.Assign(None, None, state.epoch, state.assignee)
        case c.Assign() if part.epoch is None:
            return replace(part, epoch=state.epoch, owner=state.assignee)
        case c.SetStatus() if part.expect is None:
            return replace(part, expect=state.status)
        case c.SetPriority() if part.expect is None:
            return replace(part, expect=state.priority)
        case c.SetType() if part.expect is None:
            return replace(part, expect=state.type)
        case _:
            return part


# --- doing ---------------------------------------------------------------------------------------


def apply(desk: Desk, run: DryRun, progress: Callable[[int], None] | None = None) -> Applied:
    """Queue every step in one transaction, as one entry to undo.

    What changed since the dry run was made is not queued; what the server finds changed is told in
    `Pending.bulks`. `progress` is told how many steps were looked at.
    """
    steps = [(step.conversation, step.command) for step in run.steps]
    left = desk.doing.do_all(steps, title=run.title, progress=progress)
    skipped = tuple((key, words(why)) for key, why in left.items())
    return Applied(len(steps) - len(left), skipped)


def words(refused: object) -> Both:
    """Why something was left out; None stands for what is so already."""
    if not isinstance(refused, Rejected | Held):
        return SAME
    return REASONS[refused.reason].format(detail=refused.detail or "?")


def refusals(deed: Deed) -> Both:
    """What the server left as it was, of a deed that has come home: how many, and why."""
    count, left = deed.last - deed.first + 1, len(deed.refused)
    whys = Counter(both(code, detail) for _, code, detail in deed.refused).most_common(SHOWN)
    zh = "；".join(f"{each} 个{why[0]}" for why, each in whys)
    en = "; ".join(f"{each} {why[1]}" for why, each in whys)
    return Both(
        f"{deed.title.zh}：{count} 个中有 {left} 个没动：{zh}",
        f"{deed.title.en}: {left} of {count} left as they are: {en}",
    )


def _states(
    desk: Desk, marked: Iterable[ConversationId]
) -> tuple[list[Conversation], list[Skipped]]:
    found: list[Conversation] = []
    skipped: list[Skipped] = []
    for key in dict.fromkeys(marked):
        state = desk.conversation(key)
        if state is None:
            skipped.append((key, REASONS["no_such_conversation"]))
        else:
            found.append(state)
    return found, skipped


def _receiver(desk: Desk, key: AgentId) -> Agent:
    agent = desk.directory.agents().get(key)
    if agent is None or agent.disabled or agent.role is Role.TRAINEE:
        raise NotFound(
            Both(f"没有能接会话的坐席 {key}", f"there is no agent {key} who can have chats"),
            Both("看看 agent-tui agents", "see `agent-tui agents`"),
        )
    return agent


def away(agents: Iterable[Agent], floor: Floor) -> Iterator[Both]:
    """Who of them takes no new chats now."""
    for each in agents:
        match availability(floor.duties, each.id):
            case Availability.OFFLINE:
                yield Both(
                    f"{each.name} 不在线：等回复的会话会退回队列",
                    f"{each.name} is offline: chats that wait for an answer go back to the queue",
                )
            case Availability.AWAY:
                yield Both(f"{each.name} 离开了", f"{each.name} is away")
            case Availability.BUSY:
                yield Both(f"{each.name} 忙碌", f"{each.name} is busy")
            case _:
                pass


def outside(desk: Desk, given: Iterable[tuple[Agent, TeamId]]) -> Iterator[Both]:
    """Who of them does not work for the team of a chat that is theirs to be, and helps in no surge
    of it."""
    floor, known = desk.directory.floor(desk.clock()), desk.directory.teams()
    missing: dict[AgentId, list[Both]] = {}
    names: dict[AgentId, str] = {}
    for agent, team in dict.fromkeys(given):
        if floor.works_for(agent, team):
            continue
        found = known.get(team)
        name = Both(found.name_zh, found.name_en) if found else Both(team, team)
        names[agent.id] = agent.name
        missing.setdefault(agent.id, []).append(name)
    for key, teams in missing.items():
        zh, en = "、".join(each.zh for each in teams), ", ".join(each.en for each in teams)
        yield Both(f"{names[key]} 不在{zh}", f"{names[key]} is not in {en}")


def _over(loads: Iterable[Load]) -> Iterator[Both]:
    for each in loads:
        if each.over and each.after > each.before:
            yield Both(
                f"{each.name} 超出上限（{each.after:g}/{each.capacity:g}）",
                f"{each.name} gets more than the limit ({each.after:g} of {each.capacity:g})",
            )


def _unheard(chats: int) -> Iterator[Both]:
    if chats:
        are = "chat was" if chats == 1 else "chats were"
        yield Both(f"{chats} 个会话还没有人回复过", f"{chats} {are} never answered")

"""How a scripted customer behaves: a pure function over state, event and time.

What a customer has said is in the ids of their messages (`beat/line`), so one who was interrupted
goes on from the transcript alone. Times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from agent_tui.domain.ratings import BEST
from agent_tui.practice import topics
from agent_tui.practice.scenario import OPEN, Silence
from agent_tui.practice.script import OTHERWISE, SILENCE, Script

QUIET_LEAVE_MS = 20 * 60_000
AGENT_TYPES_MS = 12_000
MOST_BEATS = 2


class Planned(msgspec.Struct, frozen=True):
    """A line on its way: the customer types from `starts` and sends at `due`."""

    beat: str
    index: int
    text: str
    starts: int
    due: int
    last: bool
    patience: int = 0

    @property
    def id(self) -> str:
        """The message's id, unique for its customer."""
        return f"{self.beat}/{self.index}"


class State(msgspec.Struct, frozen=True):
    """Where a customer stands."""

    plan: tuple[Planned, ...] = ()
    done: frozenset[str] = frozenset()  # beats begun
    heard: str = ""  # what the agent wrote since the customer last reacted
    read_at: int = 0  # when that will have been read
    quiet_since: int | None = None  # waiting for an answer since then
    quiet_until: int = 0  # no impatience before this
    idle_since: int = 0
    left: bool = False

    def typing(self, now: int) -> bool:
        """Whether the customer is writing a line."""
        return bool(self.plan) and self.plan[0].starts <= now < self.plan[0].due


class Heard(msgspec.Struct, frozen=True):
    """The agent wrote."""

    text: str


class AgentTypes(msgspec.Struct, frozen=True):
    """The agent is writing."""


class Tick(msgspec.Struct, frozen=True):
    """Time went by."""


class Said(msgspec.Struct, frozen=True):
    """A message to send now."""

    id: str
    text: str


class Spoken(msgspec.Struct, frozen=True):
    """A line of an earlier transcript; `id` is empty for the agent's."""

    id: str
    text: str


Event = Heard | AgentTypes | Tick


def begin(script: Script, now: int) -> State:
    """The customer arrives: the first line goes out at once."""
    state = _plan(script, State(idle_since=now), OPEN, now)
    first = state.plan[0]
    early = first.due - now if script.lines(OPEN)[0].pause is None else 0
    plan = tuple(replace(p, starts=p.starts - early, due=p.due - early) for p in state.plan)
    return replace(state, plan=plan)


def resume(script: Script, transcript: Iterable[Spoken], now: int) -> State:
    """The customer as the transcript left them, impatience counted anew from `now`."""
    state = State(idle_since=now)
    beat, index = "", -1
    for line in transcript:
        if not line.id:
            heard = f"{state.heard}\n{line.text}".strip()
            state = replace(state, heard=heard, read_at=now + script.reading(heard))
            continue
        beat, _, number = line.id.partition("/")
        index = int(number) if number.isdigit() else 0
        state = replace(state, done=state.done | {beat}, heard="")
    if not beat:
        return begin(script, now)
    state = _plan(script, state, beat, now, skip=index + 1)
    said_all = not state.plan
    return replace(
        state,
        left=said_all and script.ends(beat),
        quiet_since=now if said_all and not state.heard else None,
    )


def step(script: Script, state: State, event: Event, now: int) -> tuple[State, tuple[Said, ...]]:
    """The state after `event`, and what the customer sends."""
    match event:
        case Heard(text):
            heard = f"{state.heard}\n{text}".strip()
            read_at = now + script.reading(text)
            state = replace(state, heard=heard, read_at=read_at, quiet_since=None, idle_since=now)
        case AgentTypes():
            until = now + script.ms(AGENT_TYPES_MS / 1000)
            # People look at "is typing" before they answer, too.
            read_at = max(state.read_at, now + script.ms(2)) if state.heard else state.read_at
            state = replace(state, quiet_until=until, read_at=read_at)
        case Tick():
            pass
    state, said = _send(script, state, now)
    if not state.plan and not state.left:
        if state.heard and state.read_at <= now:
            state = _react(script, state, now)
        elif not state.heard:
            state = _wait(script, state, now)
    return state, said


def wake_at(script: Script, state: State) -> int | None:
    """When the customer does something next unless something happens; None once they have left."""
    if state.left:
        return None
    if state.plan:
        return state.plan[0].due
    if state.heard:
        return state.read_at
    silence = _next_silence(script, state)
    if silence is not None and state.quiet_since is not None:
        return max(state.quiet_since + script.ms(silence[1].after), state.quiet_until)
    return state.idle_since + script.ms(QUIET_LEAVE_MS / 1000)


def rating(script: Script, state: State) -> int:
    """How the customer was served, 1 to 5: who had to ask again, or came angry, gives less."""
    asked_again = sum(beat.startswith(SILENCE) for beat in state.done)
    missed = sum(beat.startswith(OTHERWISE) for beat in state.done)
    angry = script.scenario.mood == "angry"
    return max(1, BEST - asked_again - missed - angry)


# --- reacting ------------------------------------------------------------------------------------


def _send(script: Script, state: State, now: int) -> tuple[State, tuple[Said, ...]]:
    said: list[Said] = []
    while state.plan and state.plan[0].due <= now:
        line, *rest = state.plan
        said.append(Said(line.id, line.text))
        state = replace(state, plan=tuple(rest), idle_since=now)
        if not line.last:
            continue
        if script.ends(line.beat):
            state = replace(state, left=True, plan=(), quiet_since=None)
        elif not line.beat.startswith(SILENCE) and not state.heard:
            until = now + line.patience
            state = replace(state, quiet_since=until)
    return state, tuple(said)


def _react(script: Script, state: State, now: int) -> State:
    beats, settled = _beats(script, state)
    # A promise to look into it is waited for; after anything else that needs no answer, nothing is.
    waits = not beats and topics.sounds(state.heard, "wait")
    state = replace(
        state,
        heard="",
        quiet_since=now if waits else None,
        idle_since=now,
        done=state.done | settled,
    )
    for beat in beats:
        state = _plan(script, state, beat, now)
    return state


def _beats(script: Script, state: State) -> tuple[list[str], set[str]]:
    """What the reply calls for, and the steps that it settles without a word.

    First an answer to its words, and to what it asks for; else a step that fits any reply; else a
    stock phrase. Other things that the reply deals with need not be brought up any more.
    """
    fitting = [
        each
        for each in script.scenario.steps
        if each.id not in state.done
        and state.done.issuperset(each.after)
        and state.done.isdisjoint(each.unless)
        and each.when.matches(state.heard)
    ]
    asked = [each for each in fitting if each.when.asks is not None]
    words = [each for each in fitting if each.when.asks is None and not each.when.is_empty]
    if asked:
        # Nobody says "I'll wait", "never mind" or good-bye to a question.
        words = [each for each in words if each.when.sounds is None and not each.ends]
    found = [*words[:1], *asked][:MOST_BEATS]
    settled = {each.id for each in words[1:] if each.when.sounds is None and not each.ends}
    if not found:
        found = [each for each in fitting if each.when.is_empty][:1]
    if found:
        return [each.id for each in found], settled
    spent = sum(beat.startswith(OTHERWISE) for beat in state.done)
    return ([f"{OTHERWISE}-{spent}"] if spent < len(script.scenario.otherwise) else []), settled


def _wait(script: Script, state: State, now: int) -> State:
    due = wake_at(script, state)
    if due is None or now < due:
        return state
    silence = _next_silence(script, state)
    if silence is None or state.quiet_since is None:
        return replace(state, left=True)
    return _plan(script, state, silence[0], now)


def _next_silence(script: Script, state: State) -> tuple[str, Silence] | None:
    used = sum(beat.startswith(SILENCE) for beat in state.done)
    if used >= len(script.scenario.silence):
        return None
    return f"{SILENCE}-{used}", script.scenario.silence[used]


# --- planning ----------------------------------------------------------------------------------


def _plan(script: Script, state: State, beat: str, now: int, skip: int = 0) -> State:
    """`state` with the lines of `beat` from `skip` on behind what is planned already."""
    at = max(now, state.plan[-1].due) if state.plan else now
    planned: list[Planned] = list(state.plan)
    lines = script.lines(beat)
    for index, line in enumerate(lines):
        if index < skip:
            continue
        typing, thinking = script.typing(beat, index, line)
        starts = at + thinking
        at = starts + typing
        last = index == len(lines) - 1
        planned.append(
            Planned(beat, index, line.text, starts, at, last, script.patience(beat) if last else 0)
        )
    return replace(state, plan=tuple(planned), done=state.done | {beat})

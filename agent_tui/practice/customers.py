"""One scripted customer on the public web channel: what the persona decides, done over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from agent_tui.practice import persona
from agent_tui.practice.channel import AgentTyping, RatingAsked, Refused, Visit, WebLine
from agent_tui.practice.persona import AgentTypes, Event, Heard, Spoken, State, Tick
from agent_tui.practice.script import Script

TYPING_EVERY_MS = 3_000
LINGER_SECONDS = 90.0
log = logging.getLogger(__name__)

Clock = Callable[[], int]


class Customer:
    """Lives until the persona leaves; then reads along for a while, as an open page would."""

    def __init__(self, script: Script, visit: Visit, clock: Clock) -> None:
        self._script = script
        self._visit = visit
        self._clock = clock
        self._state = State()
        self._events: asyncio.Queue[tuple[Event | RatingAsked, int]] = asyncio.Queue()
        self._asked = False  # how it was, and has not said
        self._seq = 0  # the agent's last message that arrived here
        self._read = 0
        self._told_typing = 0

    async def run(self, history: Sequence[WebLine] = ()) -> None:
        """Begin, or go on where `history` ends."""
        now = self._clock()
        if history:
            spoken = (Spoken(_own_id(line), line.text) for line in history)
            self._state = persona.resume(self._script, spoken, now)
        else:
            self._state = persona.begin(self._script, now)
        last = max((line.seq for line in history), default=0)
        follower = asyncio.create_task(self._follow(last), name="follow")
        try:
            while not self._state.left:
                await self._live()
            async with asyncio.timeout(LINGER_SECONDS * self._script.pace):
                while True:
                    if self._asked:
                        self._asked = False
                        with contextlib.suppress(Refused):  # it was taken up again meanwhile
                            await self._visit.rate(persona.rating(self._script, self._state))
                    event, self._seq = await self._events.get()
                    self._asked = isinstance(event, RatingAsked)
                    await self._receipt(read=self._seq)
        except TimeoutError:
            pass
        except Refused as refused:
            log.warning("%s leaves: %s", self._script.part.name, refused)
        finally:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)

    async def _follow(self, after: int) -> None:
        async for item in self._visit.follow(after):
            if isinstance(item, AgentTyping):
                self._events.put_nowait((AgentTypes(), self._seq))
            elif isinstance(item, RatingAsked):
                if not item.given:
                    self._events.put_nowait((item, self._seq))
            elif item.from_ == "agent":
                self._events.put_nowait((Heard(item.text), item.seq))

    async def _live(self) -> None:
        """Wait for something to happen or for the time to act, and do what follows."""
        event = await self._next()
        self._state, said = persona.step(self._script, self._state, event, self._clock())
        if isinstance(event, Heard):
            await self._receipt(read=self._read)
        for each in said:
            await self._visit.write(each.id, each.text)
        if self._seq > self._read and not self._state.heard:
            await self._receipt(read=self._seq)
        now = self._clock()
        if self._state.typing(now) and now - self._told_typing >= TYPING_EVERY_MS:
            self._told_typing = now
            await self._visit.typing()

    async def _next(self) -> Event:
        now = self._clock()
        due = persona.wake_at(self._script, self._state) or now
        plan = self._state.plan
        if plan and plan[0].starts < plan[0].due:
            notice = plan[0].starts if now < plan[0].starts else self._told_typing + TYPING_EVERY_MS
            due = min(due, max(notice, now))
        try:
            async with asyncio.timeout(max(0, due - now) / 1000):
                event, seq = await self._events.get()
        except TimeoutError:
            return Tick()
        self._seq = max(self._seq, seq)
        if isinstance(event, RatingAsked):
            self._asked = True  # they say it when they are through
            return Tick()
        return event

    async def _receipt(self, read: int) -> None:
        self._read = read
        await self._visit.receipt(self._seq, read)


def _own_id(line: WebLine) -> str:
    return "" if line.from_ == "agent" else line.id

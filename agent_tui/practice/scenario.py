"""Scenario files: a customer's character, what they write first, and how they answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent_tui.errors import ContentError
from agent_tui.lang import Both
from agent_tui.practice import topics

FOLDER = Path(__file__).parent / "scenarios"
OPEN = "open"
_PLACE = re.compile(r"\{(\w*)\}")

Mood = Literal["calm", "cheerful", "worried", "hurried", "confused", "angry"]
Seconds = Annotated[float, Meta(ge=0, le=3600)]
Text = Annotated[str, Meta(min_length=1, max_length=4000)]
StepId = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,30}$")]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table in a scenario file."""


class Line(Section, frozen=True):
    """One message. `pause`: how long after the one before; without it, as long as typing takes."""

    text: Text
    pause: Seconds | None = None


class When(Section, frozen=True):
    """What the agent's reply must be like: all conditions that are given. Empty: any reply."""

    any_of: tuple[Text, ...] = msgspec.field(name="any", default=())
    all_of: tuple[Text, ...] = msgspec.field(name="all", default=())
    none_of: tuple[Text, ...] = msgspec.field(name="none", default=())
    asks: topics.Ask | None = None
    sounds: topics.Tone | None = None

    @property
    def is_empty(self) -> bool:
        """Whether any reply will do."""
        return self == When()

    def matches(self, reply: str) -> bool:
        """Whether `reply` is like that. Letter case does not count."""
        text = reply.casefold()
        if self.any_of and not any(word.casefold() in text for word in self.any_of):
            return False
        if not all(word.casefold() in text for word in self.all_of):
            return False
        if any(word.casefold() in text for word in self.none_of):
            return False
        if self.asks is not None and not topics.asks(reply, self.asks):
            return False
        return self.sounds is None or topics.sounds(reply, self.sounds)


class Step(Section, frozen=True):
    """An answer, given once: `after` these steps were said, `unless` one of those was. `patience`:
    how many seconds longer the customer then waits before growing impatient. `ends`: good-bye."""

    id: StepId
    say: tuple[Text | Line, ...]
    when: When = When()
    after: tuple[StepId, ...] = ()
    unless: tuple[StepId, ...] = ()
    patience: Seconds = 0
    ends: bool = False


class Silence(Section, frozen=True):
    """What the customer says when nobody has answered for `after` seconds."""

    after: Seconds
    say: tuple[Text | Line, ...]
    ends: bool = False


class Piece(Section, frozen=True):
    """One line of an order; `price` is of one piece."""

    name: Text
    price: str = ""
    count: Annotated[int, Meta(ge=1, le=99)] = 1


class Bought(Section, frozen=True):
    """An order that the shop has of the customer when they come in. `placed` and `delivered` as
    `practice.orders.moment` reads them; `eta` in days from now; `#` stands for a digit."""

    no: Text
    placed: Text
    state: Text
    items: Annotated[tuple[Piece, ...], Meta(min_length=1)]
    amount: str = ""
    carrier: str = ""
    tracking: str = ""
    delivered: str = ""
    eta: int | None = None


class Scenario(Section, frozen=True):
    """One file. Texts may hold `{name}` and the facts' names in braces; `vary` gives other values
    for them, `#` standing for a digit. `at` is the customer's arrival, seconds after the start;
    `since` how many days they have been known."""

    title: Text
    title_en: Text
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    language: Literal["zh", "en"]
    mood: Mood
    opening: tuple[Text | Line, ...] = msgspec.field(name=OPEN)
    steps: tuple[Step, ...]
    silence: tuple[Silence, ...]
    id: str = ""
    at: Seconds = 0
    tier: str = ""
    tags: tuple[str, ...] = ()
    since: Annotated[int, Meta(ge=0, le=10_000)] = 0
    otherwise: tuple[Text, ...] = ()
    facts: dict[str, str] = {}
    vary: dict[str, Annotated[tuple[str, ...], Meta(min_length=1)]] = {}
    orders: tuple[Bought, ...] = ()


def load(path: Path) -> Scenario:
    """The scenario in `path`; its id is the file's name. Raises ContentError."""
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Scenario)
    except OSError as error:
        why = str(error.strerror)
        raise _wrong(path, Both(f"读不了：{why}", f"cannot read: {why}")) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise _wrong(path, Both(str(error), str(error))) from error
    for problem in _problems(found):
        raise _wrong(path, problem)
    return msgspec.structs.replace(found, id=path.stem)


def load_all(folder: Path = FOLDER) -> tuple[Scenario, ...]:
    """Every scenario, by arrival. Raises ContentError."""
    found = [load(path) for path in sorted(folder.glob("*.toml"))]
    if not found:
        raise ContentError(
            Both(f"{folder} 里没有场景文件", f"there is no scenario in {folder}"),
            Both("重新安装 agent-tui", "install agent-tui again"),
        )
    return tuple(sorted(found, key=lambda each: (each.at, each.id)))


def line_of(line: str | Line) -> Line:
    """A line that was given as a bare string."""
    return Line(text=line) if isinstance(line, str) else line


def fill(text: str, facts: dict[str, str]) -> str:
    """`text` with its places filled; every place is known, `load` has seen to that."""
    return _PLACE.sub(lambda place: facts[place.group(1)], text)


def _wrong(path: Path, what: Both) -> ContentError:
    return ContentError(
        Both(f"场景 {path.name}：{what.zh}", f"scenario {path.name}: {what.en}"),
        Both(f"修改 {path}", f"mend {path}"),
    )


def _problems(scenario: Scenario) -> Iterator[Both]:
    ids = [step.id for step in scenario.steps]
    for key in ids:
        if key == OPEN or ids.count(key) > 1:
            yield Both(f"步骤 {key} 重名", f"two steps are called {key}")
    for step in scenario.steps:
        for key in (*step.after, *step.unless):
            if key not in ids:
                yield Both(f"{step.id}：没有步骤 {key}", f"{step.id}: there is no step {key}")
        if not step.say:
            yield Both(f"{step.id}：没有台词", f"{step.id}: says nothing")
    if not scenario.opening or not any(step.ends for step in scenario.steps):
        yield Both("要有开场白和一个 ends 步骤", "there must be opening lines and a step that ends")
    if [each.after for each in scenario.silence] != sorted(each.after for each in scenario.silence):
        yield Both("silence 要按时间排列", "silences must be in order of time")
    known = {"name", *scenario.facts}
    for key in {"name", "tier"} & scenario.facts.keys():
        yield Both(f"facts 里不能有 {key}", f"{key} is no fact")
    for key in scenario.vary.keys() - known - {"tier"}:
        yield Both(f"vary 里的 {key} 不是 facts", f"vary: {key} is not among the facts")
    for text in _texts(scenario):
        for key in _PLACE.findall(text):
            if key not in known:
                yield Both(f"不认识 {{{key}}}", f"unknown place {{{key}}}")


def _texts(scenario: Scenario) -> Iterator[str]:
    lines = [*scenario.opening, *scenario.otherwise]
    for say in (*(s.say for s in scenario.steps), *(s.say for s in scenario.silence)):
        lines.extend(say)
    for line in lines:
        yield line_of(line).text
    for order in scenario.orders:
        yield from (order.no, order.placed, order.delivered, order.amount, order.tracking)
        yield from (text for item in order.items for text in (item.name, item.price))

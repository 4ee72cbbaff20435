"""What a macro file holds."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from agent_tui import frontmatter
from agent_tui.domain.model import Channel, Clock, Conversation, Priority, Status
from agent_tui.frontmatter import Malformed
from agent_tui.lang import Both
from agent_tui.macros.slots import KEYS
from agent_tui.text import clean

RESERVED = frozenset({"customer", "agent", "shop", "order", "now"})  # what variables begin with
PERSONAL = "personal"
SHORT = re.compile(r"[a-z0-9]{1,16}")
_SLOT_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SCOPE = re.compile(r"all|team:[\w-]+|personal")
_FLOW = re.compile(r"[\w-]{1,40}")
_PICTURE = re.compile(r"https?://[^\s<>\"'{}]{1,500}")
_LANGUAGE = re.compile(r"\.(zh|en)\Z")


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something the agent fills in. `pattern` must match all of it; `default` is a template."""

    prompt: str
    pattern: str = ""
    default: str = ""


class Valid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a macro is offered: dates (inclusive), hours of the day ("09:00-24:00"), and, with
    `surge`, only while a team of the agent's has a rush."""

    from_: datetime.date | None = msgspec.field(name="from", default=None)
    to: datetime.date | None = None
    hours: str = ""
    surge: bool = False


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the open conversation must be: each field that is given holds one of its values, or
    several of which one must fit. `tag` is any of its tags."""

    type: str | tuple[str, ...] = ()
    tier: str | tuple[str, ...] = ()
    language: str | tuple[str, ...] = ()
    tag: str | tuple[str, ...] = ()
    priority: Priority | tuple[Priority, ...] = ()
    status: Status | tuple[Status, ...] = ()


class Situation(msgspec.Struct, frozen=True):
    """What a macro's channels and conditions are compared with."""

    channel: str
    type: str = ""
    tier: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    priority: str = Priority.NORMAL
    status: str = Status.OPEN

    @classmethod
    def of(cls, state: Conversation) -> Situation:
        """A conversation's; its own tags and its customer's count alike."""
        return cls(
            channel=state.channel,
            type=state.type,
            tier=state.customer.tier,
            language=state.customer.language,
            tags=(*state.tags, *state.customer.tags),
            priority=state.priority,
            status=state.status,
        )


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing done beside the reply; exactly one field is set."""

    tag: str | None = None
    untag: str | None = None
    priority: Priority | None = None
    type: str | None = None
    status: Literal["open", "pending", "resolved"] | None = None
    clock: Clock | None = None


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A test in the file itself: values given, pieces of text expected."""

    given: dict[str, str] = {}
    expect: tuple[str, ...] = ()


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Front matter of a macro; every field is told in docs/macros.md."""

    title: str
    lang: Literal["zh", "en"] = "zh"
    key: str = ""
    short: str = ""
    tags: tuple[str, ...] = ()
    scope: str = "all"
    channels: tuple[Channel, ...] = ()
    valid: Valid = Valid()
    when: When = When()
    ask: dict[str, Slot] = {}
    picture: str = ""
    actions: tuple[Action, ...] = ()
    after: Literal["stay", "next"] = "stay"
    then: tuple[str, ...] = ()
    flow: str = ""
    step: int = 0
    step_title: str = ""
    note: str = ""
    source: str = ""
    tests: tuple[Example, ...] = ()


class Macro(msgspec.Struct, frozen=True):
    """A canned reply. `id` is the path below macros/; `group` is the same in every language."""

    id: str
    head: Head
    body: str
    body_line: int = 1

    @property
    def group(self) -> str:
        """What the language versions of one macro share."""
        return group_of(self.id)

    @property
    def rank(self) -> int:
        """Whose goes first of those on one key: one's own, a team's, everyone's."""
        return {PERSONAL: 0, "all": 2}.get(self.head.scope, 1)

    @property
    def special(self) -> int:
        """How much it asks of a conversation: of two on one key, who asks more goes first."""
        return len(list(conditions(self.head.when))) + bool(self.head.channels)

    def offered(self, today: datetime.date, minute: int, *, surge: bool = False) -> bool:
        """Whether the validity window covers this local day and minute of the day."""
        valid = self.head.valid
        if valid.surge and not surge:
            return False
        if (valid.from_ and today < valid.from_) or (valid.to and today > valid.to):
            return False
        if not valid.hours:
            return True
        start, end = hours(valid.hours)
        return start <= minute < end

    def unfit(self, situation: Situation) -> Both | None:
        """Why it is not for a conversation like this; None if it is."""
        head = self.head
        if head.channels and situation.channel not in head.channels:
            only = "、".join(head.channels), ", ".join(head.channels)
            return Both(f"只用于渠道 {only[0]}", f"for {only[1]} only")
        for name, wanted in conditions(head.when):
            there = situation.tags if name == "tag" else (getattr(situation, name),)
            if set(wanted).isdisjoint(there):
                said = "/".join(wanted)
                return Both(f"条件不合：{name} 应为 {said}", f"needs {name} {said}")
        return None


def group_of(key: str) -> str:
    """What the language versions of macro `key` share."""
    return _LANGUAGE.sub("", key)


def conditions(when: When) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name, values of which one must fit) of each condition that is set."""
    for name in when.__struct_fields__:
        wanted: str | tuple[str, ...] = getattr(when, name)
        if wanted:
            yield name, (wanted,) if isinstance(wanted, str) else tuple(wanted)


def hours(text: str) -> tuple[int, int]:
    """Minutes of the day of "09:00-24:00". Raises ValueError."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", text)
    if not found:
        raise ValueError(text)
    h1, m1, h2, m2 = (int(part) for part in found.groups())
    start, end = h1 * 60 + m1, h2 * 60 + m2
    if not (m1 < 60 and m2 < 60 and start < end <= 24 * 60):
        raise ValueError(text)
    return start, end


def parse(key: str, text: str) -> Macro:
    """The macro in `text`; `key` is its path below macros/. Raises Malformed."""
    data, body, line = frontmatter.split(text)
    if "attach" in data:
        raise Malformed(
            frontmatter.line_of(text, "attach"),
            Both(
                "不能附文件：把图片放到网上，写 picture: https://…",
                "files cannot be attached: put the picture on the web, write picture: https://…",
            ),
        )
    head = frontmatter.convert(data, Head, text)
    for field, zh, en in _wrong(head):
        raise Malformed(frontmatter.line_of(text, field), Both(zh, en))
    if not body.strip():
        raise Malformed(line, Both("没有正文", "there is no text"))
    return Macro(id=key, head=head, body=clean(body), body_line=line)


Wrong = tuple[str, str, str]  # field, and what is wrong with it in both languages


def _wrong(head: Head) -> Iterator[Wrong]:
    if not head.title.strip():
        yield "title", "标题为空", "the title is empty"
    if head.key and head.key not in KEYS:
        choices = " ".join(KEYS)
        yield "key", f"key 只能是 {choices}", f"key is one of {choices}"
    if head.short and not SHORT.fullmatch(head.short):
        yield "short", "short 用 1–16 个小写字母或数字", "short: 1–16 small letters or digits"
    if not _SCOPE.fullmatch(head.scope):
        yield "scope", "scope 是 all、team:名称 或 personal", "scope: all, team:NAME, personal"
    if head.picture and not _PICTURE.fullmatch(head.picture):
        yield "picture", "picture 是一个 https:// 网址", "picture is an https:// address"
    yield from _wrong_window(head.valid)
    yield from _wrong_flow(head)
    yield from _wrong_slots(head)
    for action in head.actions:
        values: dict[str, Any] = msgspec.structs.asdict(action)
        if sum(value is not None for value in values.values()) != 1:
            yield "actions", "每个动作只写一项", "one thing in each action"


def _wrong_window(valid: Valid) -> Iterator[Wrong]:
    if valid.hours and not _accepts(hours, valid.hours):
        yield "valid", 'hours 写成 "09:00-24:00"', 'hours is written "09:00-24:00"'
    if valid.from_ and valid.to and valid.from_ > valid.to:
        yield "valid", "有效期的开始晚于结束", "valid: from is after to"


def _accepts(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _wrong_flow(head: Head) -> Iterator[Wrong]:
    if head.flow and not _FLOW.fullmatch(head.flow):
        yield "flow", "flow 用字母、数字、_ 和 -", "flow: letters, digits, _ and -"
    if bool(head.flow) != bool(head.step) or head.step < 0:
        field = "flow" if head.flow else "step"
        yield field, "flow 和 step（从 1 起）要一起写", "flow and step (from 1) go together"
    if head.step_title and not head.flow:
        yield "step_title", "step_title 要和 flow 一起写", "step_title goes with flow"


def _wrong_slots(head: Head) -> Iterator[Wrong]:
    for name, slot in head.ask.items():
        if not _SLOT_NAME.fullmatch(name) or name in RESERVED:
            yield (
                name,
                f"{name} 不能作填空名：用小写字母、数字和下划线，且不与变量同名",
                f"{name} is no slot name: small letters, digits and _, no variable's first word",
            )
        try:
            re.compile(slot.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            yield name, f"pattern 有误：{error}", f"bad pattern: {error}"

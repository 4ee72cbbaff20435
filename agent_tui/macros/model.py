"""What a macro file holds."""

from __future__ import annotations

import datetime
import re
from typing import Any, Literal

import msgspec

from agent_tui import frontmatter
from agent_tui.domain.model import Channel, Clock, Priority
from agent_tui.frontmatter import Malformed
from agent_tui.lang import Both
from agent_tui.macros.slots import KEYS
from agent_tui.text import clean

RESERVED = frozenset({"customer", "agent", "shop", "order", "now"})  # what variables begin with
_SLOT_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something the agent fills in. `pattern` must match all of it; `default` is a template."""

    prompt: str
    pattern: str = ""
    default: str = ""


class Valid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a macro is offered: dates (inclusive), hours of the day ("09:00-24:00"), and, with
    `surge`, only while a team of the agent's has a rush."""

    from_: datetime.date | None = msgspec.field(name="from", default=None)
    to: datetime.date | None = None
    hours: str = ""
    surge: bool = False


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing done beside the reply; exactly one field is set."""

    tag: str | None = None
    untag: str | None = None
    priority: Priority | None = None
    type: str | None = None
    status: Literal["open", "pending", "resolved"] | None = None
    clock: Clock | None = None


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test in the file itself: values given, pieces of text expected."""

    given: dict[str, str] = {}
    expect: tuple[str, ...] = ()


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Front matter of a macro."""

    title: str
    lang: Literal["zh", "en"] = "zh"
    key: str = ""
    short: str = ""
    tags: tuple[str, ...] = ()
    scope: str = "all"
    channels: tuple[Channel, ...] = ()
    valid: Valid = Valid()
    ask: dict[str, Slot] = {}
    actions: tuple[Action, ...] = ()
    after: Literal["stay", "next"] = "stay"
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
        return re.sub(r"\.(zh|en)$", "", self.id)

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
    head = frontmatter.convert(data, Head, text)

    def fail(field: str, zh: str, en: str) -> Malformed:
        return Malformed(frontmatter.line_of(text, field), Both(zh, en))

    if not head.title.strip():
        raise fail("title", "标题为空", "the title is empty")
    if not body.strip():
        raise Malformed(line, Both("没有正文", "there is no text"))
    if head.key and head.key not in KEYS:
        choices = " ".join(KEYS)
        raise fail("key", f"key 只能是 {choices}", f"key is one of {choices}")
    if head.short and not re.fullmatch(r"[a-z0-9]{1,16}", head.short):
        raise fail("short", "short 用 1–16 个小写字母或数字", "short: 1–16 small letters or digits")
    if head.scope != "all" and not re.fullmatch(r"team:[\w-]+|personal", head.scope):
        raise fail(
            "scope", "scope 是 all、team:名称 或 personal", "scope: all, team:NAME, personal"
        )
    if head.valid.hours:
        try:
            hours(head.valid.hours)
        except ValueError:
            raise fail(
                "valid", 'hours 写成 "09:00-24:00"', 'hours is written "09:00-24:00"'
            ) from None
    for name, slot in head.ask.items():
        if not _SLOT_NAME.fullmatch(name) or name in RESERVED:
            raise fail(
                name,
                f"{name} 不能作填空名：用小写字母、数字和下划线，且不与变量同名",
                f"{name} is no slot name: small letters, digits and _, no variable's first word",
            )
        try:
            re.compile(slot.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise fail(name, f"pattern 有误：{error}", f"bad pattern: {error}") from None
    for action in head.actions:
        if len(msgspec.structs.asdict(action)) - _unset(action) != 1:
            raise fail("actions", "每个动作只写一项", "one thing in each action")
    return Macro(id=key, head=head, body=clean(body), body_line=line)


def _unset(action: Action) -> int:
    values: dict[str, Any] = msgspec.structs.asdict(action)
    return sum(value is None for value in values.values())

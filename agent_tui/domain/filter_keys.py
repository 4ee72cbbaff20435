"""What a filter may ask for: its keys in both languages, what each takes, and one line about it."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from agent_tui.domain.model import Channel, Priority, Status
from agent_tui.lang import Both

# What NFKC makes of the characters for which alone it would have to rewrite most Chinese lines:
# to replace them first is ten times as fast.
_COMMON = tuple(zip("，？！：；（）～", ",?!:;()~", strict=True))


def fold(text: str) -> str:
    """`text` as it is compared: NFKC, and no difference of case."""
    if not text.isascii():
        for wide, plain in _COMMON:
            text = text.replace(wide, plain)
        text = unicodedata.normalize("NFKC", text)
    return text.casefold()


class Takes(StrEnum):
    """What stands behind a key."""

    NAME = "name"  # an id, a name, or how an id begins
    WORD = "word"  # the whole of what is there
    TEXT = "text"  # a part of what is there
    CHOICE = "choice"  # one of few
    AGE = "age"  # compared with a length of time
    NUMBER = "number"
    NOTHING = "nothing"  # it stands alone


COMPARED = frozenset({Takes.AGE, Takes.NUMBER})


class Choice(msgspec.Struct, frozen=True):
    """A value that a key knows of itself."""

    value: str
    shown: Both
    others: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way to write it, folded."""
        return tuple(fold(each) for each in (self.value, self.shown.zh, *self.others))


class Key(msgspec.Struct, frozen=True):
    """A key. With `alone`, it also means something without a value."""

    name: str
    takes: Takes
    doc: Both
    aliases: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    alone: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)

    @property
    def operators(self) -> tuple[str, ...]:
        """What may follow it."""
        if self.takes is Takes.NOTHING:
            return ()
        return (">=", "<=", ">", "<", "=") if self.takes in COMPARED else (":",)

    @property
    def example(self) -> str:
        """How it is written."""
        if self.takes is Takes.NOTHING:
            return self.name
        if self.takes in COMPARED:
            return f"{self.name}>{'5m' if self.takes is Takes.AGE else '5'}"
        return f"{self.name}:{self.choices[0].value if self.choices else 'x'}"


_CHANNELS = {
    "web": Choice("web", Both("网页", "web"), ("在线",)),
    "mail": Choice("mail", Both("邮件", "mail"), ("email", "邮箱")),
    "wechat": Choice("wechat", Both("微信", "WeChat")),
    "wecom": Choice("wecom", Both("企业微信", "WeCom"), ("企微",)),
    "phone": Choice("phone", Both("电话", "phone")),
}
_STATUSES = {
    "open": Choice("open", Both("处理中", "open")),
    "pending": Choice("pending", Both("等客户", "waiting for customer")),
    "snoozed": Choice("snoozed", Both("已搁置", "snoozed"), ("搁置",)),
    "resolved": Choice("resolved", Both("已解决", "resolved"), ("解决",)),
}
_PRIORITIES = {
    "low": Choice("low", Both("低", "low")),
    "normal": Choice("normal", Both("普通", "normal")),
    "high": Choice("high", Both("高", "high")),
    "urgent": Choice("urgent", Both("紧急", "urgent")),
}
# What an agent's place may say instead of a name; quotes make a name of it again.
_WHO = (
    Choice("me", Both("我", "me")),
    Choice("none", Both("无", "nobody"), ("没有",)),
)


def _choices(kind: Iterable[str], known: Mapping[str, Choice]) -> tuple[Choice, ...]:
    return tuple(known.get(each, Choice(each, Both(each, each))) for each in map(str, kind))


KEYS: tuple[Key, ...] = (
    Key(
        "team",
        Takes.NAME,
        Both("团队的编号、名称，或编号的开头", "a team: its id, its name, or how the id begins"),
        ("团队", "组"),
    ),
    Key("type", Takes.WORD, Both("问题类型", "question type"), ("类型", "问题类型")),
    Key(
        "tag",
        Takes.WORD,
        Both("会话或客户的标签", "a tag of the conversation or the customer"),
        ("标签", "tags"),
    ),
    Key(
        "priority",
        Takes.CHOICE,
        Both("优先级：low、normal、high、urgent", "low, normal, high or urgent"),
        ("优先级",),
        _choices(Priority, _PRIORITIES),
    ),
    Key(
        "status",
        Takes.CHOICE,
        Both("状态：open、pending、snoozed、resolved", "open, pending, snoozed or resolved"),
        ("状态",),
        _choices(Status, _STATUSES),
    ),
    Key(
        "channel",
        Takes.CHOICE,
        Both("渠道，如 web、mail、wechat", "the way it came: web, mail, wechat ..."),
        ("渠道",),
        _choices(Channel, _CHANNELS),
    ),
    Key("inbox", Takes.WORD, Both("收件箱", "an inbox"), ("收件箱",)),
    Key(
        "agent",
        Takes.NAME,
        Both("负责的坐席；agent:me 是我，agent:none 是没有人", "who has it; also me and none"),
        ("assignee", "坐席", "客服", "负责人"),
        _WHO,
    ),
    Key(
        "customer",
        Takes.TEXT,
        Both("客户姓名的一部分，或客户编号", "a part of the customer's name, or their id"),
        ("客户", "顾客"),
    ),
    Key("tier", Takes.WORD, Both("客户等级", "the customer's tier"), ("等级",)),
    Key(
        "language",
        Takes.WORD,
        Both("客户的语言，如 zh、en", "the customer's language: zh, en ..."),
        ("语言", "lang"),
    ),
    Key("reason", Takes.TEXT, Both("分流原因里的字", "words of why it was routed"), ("原因",)),
    Key(
        "id",
        Takes.WORD,
        Both("会话编号或其开头", "the conversation's id, or how it begins"),
        ("编号",),
    ),
    Key(
        "waiting",
        Takes.AGE,
        Both("客户在等；waiting>5m 等了多久", "the customer waits; waiting>5m: for how long"),
        ("等待",),
        alone=True,
    ),
    Key(
        "due",
        Takes.AGE,
        Both("离最先到的时限还有多久；超时为负", "time left to the first deadline; late is < 0"),
        ("剩余", "时限"),
    ),
    Key("age", Takes.AGE, Both("会话开始了多久", "time since it was opened"), ("时长",)),
    Key("idle", Takes.AGE, Both("多久没有动静", "time since anything happened"), ("闲置",)),
    Key("messages", Takes.NUMBER, Both("消息数", "how many messages it has"), ("消息数",)),
    Key(
        "unread",
        Takes.NUMBER,
        Both("有未读消息；unread>3 未读条数", "has unread messages; unread>3: how many"),
        ("未读",),
        alone=True,
    ),
    Key(
        "rating",
        Takes.NUMBER,
        Both("客户给了评价；rating<3 几分（1 到 5）", "the customer rated it; rating<3: 1 to 5"),
        ("评价", "满意度"),
        alone=True,
    ),
    Key("assigned", Takes.NOTHING, Both("有人负责", "somebody has it"), ("已分配",), alone=True),
    Key("mine", Takes.NOTHING, Both("我负责的", "I have it"), ("我的",), alone=True),
    Key(
        "late",
        Takes.NOTHING,
        Both("已到或已过时限", "its deadline has come"),
        ("超时",),
        alone=True,
    ),
    Key("vip", Takes.NOTHING, Both("VIP 客户", "of a VIP"), ("贵宾",), alone=True),
    Key("complaint", Takes.NOTHING, Both("投诉", "a complaint"), ("投诉",), alone=True),
    Key("failed", Takes.NOTHING, Both("有未送达的回复", "a reply failed"), ("未送达",), alone=True),
    Key("open", Takes.NOTHING, Both("处理中", "is open"), ("处理中",), alone=True),
    Key(
        "pending", Takes.NOTHING, Both("等客户", "waits for the customer"), ("等客户",), alone=True
    ),
    Key("snoozed", Takes.NOTHING, Both("已搁置", "is snoozed"), ("已搁置", "搁置"), alone=True),
    Key("resolved", Takes.NOTHING, Both("已解决", "is resolved"), ("已解决",), alone=True),
)
BY_NAME = {fold(name): key for key in KEYS for name in key.names}
HELP: tuple[tuple[str, Both], ...] = tuple(
    (key.name, Both(f"{'、'.join(key.aliases)}：{key.doc.zh}", key.doc.en)) for key in KEYS
)


def chosen(key: Key, text: str) -> str | None:
    """The value of `key`'s choices that `text` writes, or None."""
    folded = fold(text)
    return next((each.value for each in key.choices if folded in each.spellings), None)


def near(text: str, names: Iterable[str], alike: float = 0.5) -> str | None:
    """Which of `names` may have been meant by `text`, if one is so much `alike` (to 1)."""
    found = difflib.get_close_matches(fold(text)[:64], list(names), n=1, cutoff=alike)
    return found[0] if found else None

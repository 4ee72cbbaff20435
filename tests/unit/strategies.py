"""Hypothesis strategies: any well-typed value of the domain, and hostile text."""

from __future__ import annotations

import types
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from agent_tui.domain import commands as c
from agent_tui.domain.context import Context, MessagePlace
from agent_tui.domain.ids import AgentId, CustomerId, InboxId, MessageId, SuggestionId, TeamId
from agent_tui.domain.model import (
    Agent,
    Article,
    Clock,
    Conversation,
    Customer,
    DeliveryState,
    Inbox,
    Priority,
    Role,
    Status,
    Team,
)
from agent_tui.domain.policy import Policy

# What breaks terminals, joins emoji, runs from right to left, or stacks on a letter.
NASTY = (
    "\x1b\x07\x00\x7f\x9b\x9d\r\n\t\v\f\x85\u2028\u2029"
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\u00ad\u061c\u2060\u180e"
    "\u0300\u0301\u0489\u064b\u0650\u094d\u09cd\u0dca\u20e3\ufe0e\ufe0f"
    "مرحباשלוםنी東京运费ｆ。，！🏳🌈👩💻❤☺1#*aZ {}[/]|\\'\"\U000e0041\ufffe\u3164"
)
raw_texts = st.text(st.sampled_from(NASTY) | st.characters(exclude_categories=()), max_size=40)
texts = st.text(st.sampled_from(NASTY) | st.characters(exclude_categories=["Cs"]), max_size=40)
# Few enough that commands, states and rosters meet each other.
IDS = st.sampled_from(["a", "b", "anna", "c1", "after-sales", "m1", "", "x y", "\n"])
NUMBERS = st.integers(-3, 9) | st.integers(-(2**70), 2**70)


def well_typed(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of `kind`: structs, enums, ids, numbers, text, unions and tuples of them."""
    origin = get_origin(kind)
    if isinstance(kind, NewType):
        return IDS
    if origin is Annotated:
        return _bounded(*get_args(kind))
    if origin is Literal:
        return st.sampled_from(get_args(kind))
    if origin in (Union, types.UnionType):
        return st.one_of([well_typed(each) for each in get_args(kind)])
    if origin is tuple:
        return st.lists(well_typed(get_args(kind)[0]), max_size=3).map(tuple)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        return st.builds(kind, **{name: well_typed(hint) for name, hint in hints.items()})
    plain: dict[Any, st.SearchStrategy[Any]] = {
        int: NUMBERS,
        str: texts,
        bool: st.booleans(),
        float: st.floats(0.1, 1000),
        type(None): st.none(),
        msgspec.UnsetType: st.just(msgspec.UNSET),
    }
    return plain[kind]


def _bounded(kind: Any, *extras: Any) -> st.SearchStrategy[Any]:
    meta = next(each for each in extras if isinstance(each, msgspec.Meta))
    if kind is int:
        return st.integers(int(meta.ge or 0), int(meta.le or 2**52))
    return well_typed(kind)


commands = well_typed(c.AgentCommand) | well_typed(c.ChannelCommand)
conversations = well_typed(Conversation)
agents = st.builds(
    Agent,
    id=st.sampled_from([AgentId("anna"), AgentId("bo"), AgentId("a")]),
    name=texts,
    role=st.sampled_from(Role),
    teams=st.lists(IDS, max_size=3).map(tuple),
    disabled=st.booleans(),
)
contexts = st.builds(
    Context,
    actor=st.none() | agents,
    now=st.integers(0, 2**45),
    policy=st.just(Policy()) | well_typed(Policy),
    age=st.integers(0, 2**40),
    roster=st.none() | st.lists(agents).map(lambda found: {each.id: each for each in found}),
    teams=st.none() | st.dictionaries(IDS.map(TeamId), well_typed(Team)),
    customers=st.none() | st.dictionaries(IDS.map(CustomerId), well_typed(Customer)),
    messages=st.none()
    | st.dictionaries(IDS.map(MessageId), st.none() | well_typed(MessagePlace), max_size=3),
    articles=st.none() | st.dictionaries(IDS, st.none() | well_typed(Article), max_size=3),
    inboxes=st.none() | st.dictionaries(IDS.map(InboxId), well_typed(Inbox), max_size=3),
    caller=st.none() | well_typed(Customer),
    visitor=st.none() | IDS.map(CustomerId),
)

# --- what really happens -------------------------------------------------------------------------

ANNA = Agent(AgentId("anna"), "Anna", Role.AGENT, (TeamId("after-sales"),))
PEOPLE = (
    ANNA,
    Agent(AgentId("bo"), "Bo", Role.AGENT, (TeamId("after-sales"), TeamId("logistics"))),
    Agent(AgentId("lee"), "Lee", Role.LEAD, (TeamId("after-sales"),)),
    Agent(AgentId("root"), "Root", Role.ADMIN),
)
_people = st.sampled_from([person.id for person in PEOPLE])
_messages = st.integers(0, 10**6).map(lambda n: MessageId(f"m{n}"))
_suggestions = st.sampled_from([SuggestionId("s1"), SuggestionId("s2"), SuggestionId("s3")])
_small = st.integers(0, 12)
_tags = st.sampled_from(["VIP", "退货", "投诉", "late"])
parts: st.SearchStrategy[c.AgentPart] = st.one_of(
    st.builds(c.Claim),
    st.builds(c.Release),
    st.builds(
        c.Assign,
        agent=st.none() | _people,
        team=st.sampled_from([None, TeamId("after-sales"), TeamId("logistics")]),
        epoch=st.none() | _small,
    ),
    st.builds(
        c.SendReply,
        message=_messages,
        text=st.sampled_from(["好的", "ok", " "]),
        epoch=_small,
        seen=_small,
        force=st.booleans(),
        sources=st.sampled_from([(), ("article:a",), ("macro:b", "article:a")]),
    ),
    st.builds(
        c.SuggestArticle,
        suggestion=_suggestions,
        title=st.sampled_from(["标题", " "]),
        body=st.just("正文"),
        lang=st.sampled_from(["zh", "en"]),
        article=st.sampled_from(["", "a"]),
    ),
    st.builds(
        c.AcceptSuggestion,
        suggestion=_suggestions,
        article=st.sampled_from(["a", "b", "../c"]),
        title=st.just("标题"),
        body=st.just("定稿"),
    ),
    st.builds(c.DeclineSuggestion, suggestion=_suggestions),
    st.builds(c.AddNote, message=_messages, text=st.sampled_from(["看一下", "look"])),
    st.builds(c.EditMessage, message=_messages, no=_small, text=st.sampled_from(["改", " "])),
    st.builds(c.Tag, tag=_tags),
    st.builds(c.Untag, tag=_tags),
    st.builds(c.SetPriority, priority=well_typed(Priority)),
    st.builds(c.SetType, type=st.sampled_from(["", "refund", "complaint"])),
    st.builds(
        c.SetStatus, status=well_typed(Status), until=st.none() | st.integers(2 * 10**12, 2**41)
    ),
    st.builds(c.MarkRead, no=_small),
    st.builds(c.StartClock, clock=well_typed(Clock)),
    st.builds(c.StopClock, clock=well_typed(Clock)),
    st.builds(c.RetryDelivery, message=_messages),
    st.builds(c.SettleDelivery, message=_messages),
    st.builds(c.UnsettleDelivery, message=_messages, state=well_typed(DeliveryState)),
)
_calls = st.builds(
    c.NoteCall,
    message=_messages,
    number=st.sampled_from(["138 0013 8000", "x"]),
    text=st.sampled_from(["想退货", " "]),
    inbox=st.just(InboxId("phone")),
)
agent_commands = (
    parts | _calls | st.lists(parts, min_size=1, max_size=4).map(lambda p: c.Batch(tuple(p)))
)
__all__ = [
    "ANNA",
    "PEOPLE",
    "agent_commands",
    "commands",
    "contexts",
    "conversations",
    "parts",
    "raw_texts",
    "texts",
    "well_typed",
]

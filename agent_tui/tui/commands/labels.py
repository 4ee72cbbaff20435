"""What a conversation is called: its tags, its type, its priority."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.desk.reasons import PRIORITIES, TYPES
from agent_tui.desk.tagnames import tag_name
from agent_tui.domain import commands as c
from agent_tui.domain.model import Priority
from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.screens.pick import Choice, Picker

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

COMMON_TAGS = ("退货", "退款", "换货", "物流", "发票", "质量", "投诉", "尺码", "VIP", "回访")


class AddTag(Intent):
    id = "tag"
    default_keys = "ctrl+t"
    letters = "t"
    title = Both("标签", "tag")
    doc = Both("加标签；可以输入新的", "Add a tag; a new one may be typed")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        state = screen.doing.state()
        if state is None:
            return
        used = {tag for row in screen.doing.states() for tag in row.tags}
        known = dict.fromkeys((*COMMON_TAGS, *sorted(used)))
        marked = screen.bulk.marked()
        choices = [_of_tag(tag) for tag in known if marked or tag not in state.tags]
        title = screen.doing.about(Both("加标签", "Add a tag"), marked)
        picker = Picker(title, choices, free=True)
        chosen = await screen.app.push_screen_wait(picker)
        if not chosen:
            return
        words = Both(f"标签 {chosen}", f"tag {tag_name(chosen)}")
        if marked:
            screen.bulk.act(marked, lambda _: c.Tag(chosen), words)
        else:
            screen.doing.act(c.Tag(chosen), words, key=state.id)


def _of_tag(tag: str) -> Choice:
    name = tag_name(tag)
    return Choice(tag, name, "" if name == tag else tag, tag)


class RemoveTag(Intent):
    id = "untag"
    letters = "T"
    title = Both("去标签", "untag")
    doc = Both("去掉一个标签", "Take a tag off")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        target, marked = screen.doing.target(), screen.bulk.marked()
        states = map(screen.desk.conversation, marked) if marked else [screen.doing.state()]
        tags = dict.fromkeys(tag for state in states if state is not None for tag in state.tags)
        if not tags:
            screen.doing.say(Both("没有标签", "there are no tags"))
            return
        title = screen.doing.about(Both("去掉哪个标签", "Take off which tag"), marked)
        chosen = await screen.app.push_screen_wait(Picker(title, [_of_tag(tag) for tag in tags]))
        if not chosen:
            return
        words = Both(f"去掉 {chosen}", f"untag {tag_name(chosen)}")
        if marked:
            screen.bulk.act(marked, lambda _: c.Untag(chosen), words)
        else:
            screen.doing.act(c.Untag(chosen), words, key=target)


class SetType(Intent):
    id = "set_type"
    default_keys = "ctrl+y"
    letters = "y"
    title = Both("类型", "type")
    doc = Both("改问题类型", "Change the question type")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        choices = [Choice(key, str(text), key, text.zh) for key, text in TYPES.items()]
        target, marked = screen.doing.target(), screen.bulk.marked()
        title = screen.doing.about(Both("问题类型", "Question type"), marked)
        chosen = await screen.app.push_screen_wait(Picker(title, choices))
        if chosen and marked:
            name = TYPES[chosen]
            words = Both(f"类型 {name.zh}", f"type {name.en}")
            screen.bulk.act(marked, lambda _: c.SetType(chosen), words)
        elif chosen:
            screen.doing.act(c.SetType(chosen), Both("改类型", "type"), key=target)


class SetPriority(Intent):
    id = "set_priority"
    letters = "p"
    title = Both("优先级", "priority")
    doc = Both("改优先级", "Change the priority")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        choices = [Choice(key, str(text), key) for key, text in reversed(PRIORITIES.items())]
        target, marked = screen.doing.target(), screen.bulk.marked()
        title = screen.doing.about(Both("优先级", "Priority"), marked)
        chosen = await screen.app.push_screen_wait(Picker(title, choices, filtered=False))
        if chosen and marked:
            name = PRIORITIES[chosen]
            words = Both(f"优先级 {name.zh}", f"priority {name.en}")
            screen.bulk.act(marked, lambda _: c.SetPriority(Priority(chosen)), words)
        elif chosen:
            words = Both("改优先级", "priority")
            screen.doing.act(c.SetPriority(Priority(chosen)), words, key=target)

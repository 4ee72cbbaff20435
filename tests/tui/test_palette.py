"""The palette and the help page: every intent is found, and keys are shown as they are."""

from __future__ import annotations

import time

import pytest
from pypinyin import Style, lazy_pinyin
from textual.widgets import Input, OptionList, Static

from agent_tui.config import Config
from agent_tui.settings.workstation import Interface
from agent_tui.tui import lookup
from agent_tui.tui.commands import INTENTS
from agent_tui.tui.commands.base import Intent
from tests.tui.driver import ME, Person, World, sit_down

NEAR = 3  # rows within which one sees it at once


def called(intent: type[Intent]) -> dict[str, str]:
    title = intent.title
    return {
        "Chinese": title.zh,
        "pinyin": "".join(lazy_pinyin(title.zh)),
        "initials": "".join(lazy_pinyin(title.zh, style=Style.FIRST_LETTER)),
        "English": title.en,
        "id": intent.id,
    }


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.id)
def test_every_intent_is_found(intent: type[Intent]) -> None:
    places = {}
    for way, text in called(intent).items():
        found = lookup.found(text)
        # Some are called alike: then all of them stand on top.
        alike = sum(text.lower() in map(str.lower, called(each).values()) for each in INTENTS)
        if intent not in found[: max(NEAR, alike)]:
            places[way] = (text, [each.id for each in found[:NEAR]])
    assert not places


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zhuanjiao", "assign"),
        ("zhuanj", "assign"),
        ("zj", "assign"),
        ("转交", "assign"),
        ("转给", "assign"),
        ("shnooze", "snooze"),
        ("搁置", "snooze"),
        ("撤销", "undo"),
        ("cx", "undo"),
        ("undo the last", "undo"),
        ("ZHUTI", "switch_theme"),
        ("theme", "switch_theme"),
        ("high contrast", "switch_theme"),
    ],
)
def test_what_people_type(typed: str, meant: str) -> None:
    assert meant in [intent.id for intent in lookup.found(typed)[:NEAR]]


def test_a_key_takes_no_longer_than_a_frame() -> None:
    lookup.found("warm")
    texts = ["z", "zh", "zhu", "zhuan", "转", "resolve and", "什么都没有的一句长话"]
    started = time.process_time()
    for _ in range(10):
        for text in texts:
            lookup.found(text)
    assert (time.process_time() - started) / (10 * len(texts)) < 0.016


async def test_a_command_is_found_by_pinyin_and_done(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("palette")
        assert "── 查看" in agent.sees()
        await agent.types("renling")
        await agent.press("enter")
        await agent.until(lambda: agent.app.screen is agent.screen)
        await agent.until(
            lambda: agent.desk.conversation("c1").assignee == ME.id  # type: ignore[union-attr, arg-type]
        )


async def test_a_burst_ends_with_the_command_that_it_names(world: World) -> None:
    """Text and Enter from an input method or a lagging line, faster than anything is drawn."""
    from textual import events

    async with sit_down(world) as agent:
        await agent.does("palette")
        for char in "beizhu":
            agent.app.post_message(events.Key(char, char))
        agent.app.post_message(events.Key("enter", "\r"))
        await agent.until(lambda: agent.screen.composer.note)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_palette_speaks_the_language_of_the_screen(world: World, language: str) -> None:
    async with sit_down(world, language=language) as agent:
        await agent.does("palette")
        seen = agent.sees()
        assert ("── looking around" in seen) == (language == "en")
        placeholder = agent.app.screen.query_one(Input).placeholder
        assert placeholder.isascii() == (language == "en")
        await agent.types("qqqqqq")
        assert ("there is no such command" in agent.sees()) == (language == "en")


async def test_headings_are_passed_over(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("palette")
        listed = agent.app.screen.query_one(OptionList)
        first, second, *_ = [at for at, each in enumerate(listed.options) if each.disabled]
        await agent.press("up")
        assert listed.highlighted == first + 1
        listed.highlighted = second - 1
        for key, reached in (("down", second + 1), ("up", second - 1), ("pagedown", second + 10)):
            await agent.press(key)
            assert listed.highlighted == reached


async def help_says(agent: Person) -> str:
    return str(agent.app.screen.query_one("#help-keys", Static).content)


async def test_help_shows_the_keys_that_are_set_and_finds_them(world: World) -> None:
    config = Config(
        interface=Interface(preset="vim"), keys={"claim": "ctrl+underscore"}, letters={"tag": "tt"}
    )
    async with sit_down(world, config=config) as agent:
        await agent.does("help")
        said = await help_says(agent)
        assert "vim" in said and "Ctrl+_ · c" in said and "gg" in said and "tt" in said
        await agent.types("jiejue")
        said = await help_says(agent)
        assert said.splitlines()[0].startswith("Ctrl+D · dd D")
        assert "认领会话" not in said
        for _ in "jiejue":
            await agent.press("backspace")
        await agent.types("ctrl+_")
        assert "认领会话" in (await help_says(agent)).splitlines()[0]
        for _ in "ctrl+_":
            await agent.press("backspace")
        await agent.types("qqqqqq")
        assert await help_says(agent) == "没有找到"
        await agent.press("escape")
        assert agent.app.screen is agent.screen


def test_every_command_stands_under_what_it_is_about() -> None:
    groups = {intent.id: lookup.group_of(intent).en for intent in INTENTS}
    assert {groups[name] for name in ("editor", "attach", "insert_order")} == {"writing"}
    assert groups["tag"] == groups["claim"] == "the chat"
    assert set(groups.values()) == {group.en for group in lookup.GROUPS.values()}


def test_every_command_stands_under_a_heading() -> None:
    assert {lookup.group_of(intent) for intent in INTENTS} <= set(lookup.GROUPS.values())

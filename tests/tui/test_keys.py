"""Keys as people set them: presets, [keys], [letters], and what is refused."""

from __future__ import annotations

import pytest

from agent_tui.config import Config
from agent_tui.errors import ConfigError
from agent_tui.settings.workstation import Interface
from agent_tui.tui.commands import INTENTS
from agent_tui.tui.keychecks import checked
from agent_tui.tui.keymap import PRESETS, KeyMap, table
from agent_tui.tui.keynames import is_typed, key_name
from tests.tui.driver import ME, World, sit_down


def with_preset(name: str, **tables: dict[str, str]) -> Config:
    return Config(interface=Interface(preset=name), **tables)  # type: ignore[arg-type]


@pytest.mark.parametrize("preset", PRESETS)
def test_no_key_of_a_preset_has_two_meanings(preset: str) -> None:
    keymap = checked(with_preset(preset), "config.toml")
    assert keymap == KeyMap.of(with_preset(preset))
    for intent in INTENTS:
        pressed = [*keymap.everywhere[intent.id], *keymap.letters[intent.id]]
        assert all(key_name(key) for key in pressed)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"keys": {"resolve_nxt": "ctrl+d"}}, "no intent resolve_nxt.*did you mean resolve_next"),
        ({"letters": {"clam": "x"}}, "letters: no intent clam.*did you mean claim"),
        ({"keys": {"claim": "ctrl+n"}}, r"Ctrl\+N is both next_urgent's and claim's"),
        ({"letters": {"claim": "r"}}, "r is both claim's and release's"),
        ({"letters": {"claim": "ctrl+n"}}, r"Ctrl\+N is both next_urgent's and claim's"),
        ({"letters": {"claim": "zz"}}, "snooze's z is the beginning of claim's zz"),
        ({"keys": {"claim": "ctlr+k"}}, r"there is no key ctlr\+k"),
        ({"keys": {"claim": "ctrl+pagedwn"}}, "did you mean pagedown"),
        ({"keys": {"claim": "k"}}, r"k is for writing.*\[letters\]"),
        ({"keys": {"claim": "enter"}}, "Enter is needed for writing"),
        ({"keys": {"claim": "ctrl+m"}}, r"terminals send Enter for Ctrl\+M"),
        ({"keys": {"palette": ""}}, "palette has no key"),
    ],
)
def test_what_cannot_be_meant_is_refused(tables: dict[str, dict[str, str]], words: str) -> None:
    from agent_tui import lang

    lang.use("en")
    with pytest.raises(ConfigError) as refused:
        KeyMap.of(Config(**tables), "config.toml")  # type: ignore[arg-type]
    error = refused.value
    import re

    assert re.search(words, f"{error.title} {error.hint}")


def test_keys_may_be_exchanged_and_written_as_signs() -> None:
    config = Config(keys={"claim": "ctrl+r", "release": "ctrl+k"}, letters={"palette": ":"})
    keymap = KeyMap.of(config)
    assert keymap.bound()["ctrl+r"] == "claim"
    assert keymap.changed() == {"claim": "ctrl+r", "release": "ctrl+k"}
    assert keymap.letters["palette"] == ("colon",)
    assert [row.keys for row in table(keymap) if row.id == "claim"] == [("ctrl+r",), ("c",)]


async def test_exchanged_keys_work_in_the_list_and_while_writing(world: World) -> None:
    config = Config(keys={"claim": "ctrl+r", "release": "ctrl+k"})
    async with sit_down(world, config=config) as agent:
        await agent.press("ctrl+r")
        assert agent.desk.conversation("c1").assignee == ME.id  # type: ignore[union-attr, arg-type]
        await agent.press("enter", "ctrl+k")
        assert agent.desk.conversation("c1").assignee is None  # type: ignore[union-attr, arg-type]


async def test_what_is_said_names_the_key_that_is_set(world: World) -> None:
    async with sit_down(world, config=Config(keys={"undo": "ctrl+underscore"})) as agent:
        await agent.does("claim")
        await agent.until(lambda: any("Ctrl+_ 撤销" in notice for notice in agent.notices()))


async def test_vim_letters(world: World) -> None:
    async with sit_down(world, config=with_preset("vim")) as agent:
        await agent.press("G")
        assert agent.screen.queue.cursor == "c3"
        await agent.press("g")
        assert agent.screen.queue.cursor == "c3"  # it waits for the second
        await agent.press("g")
        assert agent.screen.queue.cursor == "c1"
        await agent.press("g", "j")  # no pair: the second is itself
        assert agent.screen.queue.cursor == "c2"
        await agent.press("d", "d", "enter")  # nobody has answered it: sure?
        assert agent.desk.conversation("c2").status == "resolved"  # type: ignore[union-attr, arg-type]
        await agent.press("escape", "colon")
        assert type(agent.app.screen).__name__ == "PaletteScreen"
        await agent.press("escape", "Z", "Z")
        await agent.press("enter")  # what is not with the server yet: leave all the same
        await agent.until(lambda: agent.app.return_code is not None or not agent.app.is_running)


async def test_in_the_plain_preset_stray_typing_acts_on_nothing(world: World) -> None:
    keymap = KeyMap.of(with_preset("plain"))
    assert not [key for keys in keymap.letters.values() for key in keys if is_typed(key)]
    async with sit_down(world, config=with_preset("plain")) as agent:
        await agent.types("case. resolve? 退货 thank you")
        assert agent.app.screen is agent.screen and agent.screen.current is None
        assert not world.sent() and not agent.screen.queue.marked()
        await agent.press("insert")
        assert agent.screen.queue.marked() == ["c1"]
        await agent.press("alt+insert")
        assert agent.screen.queue.marked() == ["c1", "c2", "c3"]
        assert "Alt+Insert 全标" in agent.sees()


async def test_letters_of_ones_own(world: World) -> None:
    config = Config(letters={"claim": "YY,K", "cursor_up": "up"})
    async with sit_down(world, config=config) as agent:
        await agent.press("c")
        assert agent.desk.conversation("c1").assignee is None  # type: ignore[union-attr, arg-type]
        await agent.press("K")
        assert agent.desk.conversation("c1").assignee == ME.id  # type: ignore[union-attr, arg-type]
        assert "K" in agent.screen.keymap.both("claim")


@pytest.mark.parametrize("key", ["alt+v", "alt+h", "alt+b"])
def test_a_configured_alt_key_is_read_as_what_was_pressed(key: str) -> None:
    from textual import _ansi_sequences
    from textual._xterm_parser import XTermParser

    from agent_tui.tui.alt import teach_keys

    def pressed() -> list[str]:
        parser = XTermParser(debug=False)
        events = [*parser.feed(f"\x1b{key[-1]}"), *parser.feed("x")]
        return [event.key for event in events if hasattr(event, "key")]

    known = dict(_ansi_sequences.ANSI_SEQUENCES_KEYS)
    before = pressed()
    try:
        teach_keys(KeyMap.of(Config(keys={"claim": key})).bound())
        assert before != pressed() == [key, "x"]
    finally:
        _ansi_sequences.ANSI_SEQUENCES_KEYS.clear()  # type: ignore[attr-defined]
        _ansi_sequences.ANSI_SEQUENCES_KEYS.update(known)  # type: ignore[attr-defined]

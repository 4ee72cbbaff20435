"""Themes: every text can be read on whatever it stands on, and no colour says anything alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from rich.color import ColorType
from textual.color import Color
from textual.dom import DOMNode
from textual.theme import BUILTIN_THEMES

from agent_tui.config import Config
from agent_tui.errors import ConfigError
from agent_tui.settings.workstation import Interface
from agent_tui.tui import theme
from agent_tui.tui.contrast import readable
from agent_tui.tui.theme import ANSI, CONTRAST, DARK, DEFAULTS, LIGHT, THEMES, check_theme
from tests.tui.driver import World, sit_down

SOLID = (DARK, LIGHT, CONTRAST)
TEXTS = ("foreground", "secondary", "primary", "accent", "warning", "error", "success")
GROUNDS = ("background", "surface", "panel", "boost", "row-cursor", "row-flash")
SCREENS = ("help", "palette", "macros", "board", "choose_view", "tag")
# Selections and the text cursor are signs by themselves; scroll bars and borders hold no text.
NO_TEXT = ("selection", "gutter", "matching-bracket", "scrollbar", "separator")


def ratio(one: Color, other: Color) -> float:
    """WCAG 2 contrast."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(color: Color) -> float:
    parts = [value / 255 for value in (color.r, color.g, color.b)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_ratio_is_that_of_the_standard() -> None:
    assert round(ratio(Color.parse("#000000"), Color.parse("#ffffff")), 2) == 21
    assert round(ratio(Color.parse("#777777"), Color.parse("#ffffff")), 2) == 4.48


@pytest.mark.parametrize("name", [each.name for each in SOLID])
def test_every_text_reads_on_every_ground(name: str) -> None:
    found = next(each for each in SOLID if each.name == name)
    colors = found.to_color_system().generate() | found.variables
    least = 7 if found is CONTRAST else 4.5
    poor = {
        (text, ground): round(measured, 2)
        for text, ground in itertools.product(TEXTS, GROUNDS)
        if (measured := ratio(Color.parse(colors[text]), Color.parse(colors[ground]))) < least
    }
    assert not poor


FOREIGN = sorted(name for name, each in BUILTIN_THEMES.items() if not each.ansi)


@pytest.mark.parametrize("name", FOREIGN)
def test_themes_that_are_not_ours_are_made_readable(name: str) -> None:
    found = BUILTIN_THEMES[name]
    colors = readable(DEFAULTS | found.to_color_system().generate() | found.variables)
    poor = {
        (text, ground): round(measured, 2)
        for text, ground in itertools.product(TEXTS, GROUNDS)
        if (measured := ratio(Color.parse(colors[text]), Color.parse(colors[ground]))) < 4.5
    }
    assert not poor
    assert colors["secondary"] != colors["foreground"], "what is secondary looks so"


def component_styles(node: DOMNode) -> Iterator[tuple[str, Color, Color]]:
    """(class, text, ground) of each component class of a widget that has a colour of its own."""
    for kind in type(node).__mro__:
        for name in sorted(vars(kind).get("COMPONENT_CLASSES", ())):
            styles = node.get_component_styles(name)
            if styles.has_rule("color") and not any(part in name for part in NO_TEXT):
                ground = node.background_colors[1] + styles.background
                yield name, ground + styles.color, ground


@pytest.mark.parametrize("name", [each.name for each in SOLID])
async def test_every_component_class_reads_in_its_place(world: World, name: str) -> None:
    config = Config(interface=Interface(theme=name))
    least = 4.5
    poor: dict[tuple[str, str], float] = {}
    seen = 0
    async with sit_down(world, config=config) as agent:
        await agent.does("next_urgent")
        for intent in ("", *SCREENS):
            if intent:
                await agent.screen.action_intent(intent)
                await agent.until(lambda: agent.app.screen is not agent.screen)
                await agent.pilot.pause()
            for node in agent.app.screen.walk_children(with_self=True):
                for component, text, ground in component_styles(node):
                    seen += 1
                    measured = ratio(text, ground)
                    if measured < least:
                        poor[type(node).__name__, component] = round(measured, 2)
            if intent:
                await agent.press("escape")
                await agent.until(lambda: agent.app.screen is agent.screen)
    assert seen > 60
    assert not poor


async def test_what_is_painted_reads(world: World) -> None:
    """The picture itself, segment by segment, in each theme."""
    for name in (*(found.name for found in SOLID), "textual-light", "solarized-light"):
        async with sit_down(world, config=Config(interface=Interface(theme=name))) as agent:
            for intent in ("next_urgent", "focus_queue", *SCREENS):
                await agent.screen.action_intent(intent)
                await agent.pilot.pause(0.05)
                poor = {}
                for strip in agent.app.screen._compositor.render_strips():
                    for segment in strip:
                        style = segment.style
                        if not segment.text.strip() or style is None or style.color is None:
                            continue
                        if set(segment.text.strip()) <= set("─│╭╮╰╯┃▁▔▎▊▌▐━╍▂▃▄▅▆▇█▀ "):
                            continue
                        text = Color.from_rich_color(style.color)
                        ground = Color.from_rich_color(style.bgcolor)
                        measured = ratio(text, ground)
                        if measured < 4.5:
                            poor[segment.text.strip()] = (round(measured, 2), text.hex, ground.hex)
                modal = agent.app.screen is not agent.screen
                if not modal:  # what lies behind a dialogue is dimmed on purpose
                    assert not poor, (name, intent)
                if modal:
                    await agent.press("escape")


async def test_the_ansi_theme_sends_the_terminal_s_own_colours_only(world: World) -> None:
    async with sit_down(world, config=Config(interface=Interface(theme=ANSI.name))) as agent:
        for intent in ("next_urgent", "focus_queue", *SCREENS):
            await agent.screen.action_intent(intent)
            await agent.pilot.pause(0.05)
            for strip in agent.app.screen._compositor.render_strips():
                for segment in strip:
                    for color in (
                        (segment.style.color, segment.style.bgcolor) if segment.style else ()
                    ):
                        own = (ColorType.DEFAULT, ColorType.STANDARD)
                        assert color is None or color.type in own, (intent, segment)
            if agent.app.screen is not agent.screen:
                await agent.press("escape")


def test_an_unknown_theme_is_refused_with_what_was_meant() -> None:
    check_theme("nord", ["nord"], "config.toml")
    with pytest.raises(ConfigError, match="desk-dark"):
        check_theme("desk-drak", ["nord"], "config.toml")


def test_every_theme_of_ours_has_a_name_in_both_languages() -> None:
    assert list(theme.TITLES) == [each.name for each in THEMES]

"""The composer keeps whole what people take for one character."""

from __future__ import annotations

import pytest

from agent_tui.text import cluster_after, cluster_at, cluster_before, clusters
from agent_tui.tui.widgets.composer import Composer
from tests import unicode_data
from tests.tui.driver import World, sit_down

FAMILY, FLAG, HEART, HANGUL, HINDI, ACCENT = (
    "👨‍👩‍👧",
    "🇨🇳",
    "❤️",
    "\u1112\u1161\u11ab",
    "क्ष",
    "e\u0301\u0323",
)
SAMPLES = [FAMILY, FLAG, HEART, HANGUL, HINDI, ACCENT, "👍🏽", "1️⃣", "か\u3099", "字", "a"]


def put(composer: Composer, text: str) -> None:
    """Past cleaning, which takes away some of what the standard's tests hold."""
    composer.load_text(text)
    composer.move_cursor(composer.document.end)


def stops(composer: Composer, length: int) -> list[int]:
    """Where the cursor stands on its way from the end to the beginning."""
    found = [composer.cursor_location[1]]
    while found[-1] > 0 and len(found) <= length + 1:
        composer.action_cursor_left()
        found.append(composer.cursor_location[1])
    return found


def ends(parts: list[str]) -> list[int]:
    """Where clusters end, from the last one back to the beginning."""
    return [sum(map(len, parts[:count])) for count in range(len(parts), -1, -1)]


async def test_moving_and_deleting_go_by_whole_clusters(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        composer = agent.screen.composer
        for one in SAMPLES:
            for other in SAMPLES:
                put(composer, one + other)
                assert stops(composer, 40) == ends([one, other]), (one, other)
                right = composer.get_cursor_right_location()
                assert right == (0, len(one))
                composer.action_delete_right()
                assert composer.text == other
                composer.move_cursor(composer.document.end)
                composer.action_delete_left()
                assert composer.text == ""


async def test_no_way_leads_into_a_cluster(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        composer = agent.screen.composer
        put(composer, f"{FAMILY}{FAMILY}\n1234567")
        for column in range(8):
            composer.move_cursor((1, column))
            composer.action_cursor_up()
            assert composer.cursor_location[1] in (0, len(FAMILY), 2 * len(FAMILY))
        composer.move_cursor((0, 2))
        assert composer.cursor_location == (0, 0)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_place_inside_a_cluster_is_its_beginning(sample: str) -> None:
    text = f"ab{sample}字"
    assert list(clusters(text)) == ["a", "b", sample, "字"]
    for at in range(2, 2 + len(sample)):
        assert cluster_at(text, at) == 2
        assert cluster_before(text, at + 1) == 2
    assert cluster_after(text, 2) == cluster_at(text, 2 + len(sample)) == 2 + len(sample)


# --- the standard's own tests ---------------------------------------------------------------------

# Changed since version 15.0: consonants around a virama are one cluster, scissors are no emoji.
CHANGED = "\u094d", "\u2701"
LINES = "\n\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"  # what the composer's document splits at


async def test_the_standards_break_tests(world: World) -> None:
    looked = 0
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        composer = agent.screen.composer
        for parts, note in unicode_data.broken():
            text = "".join(parts)
            if any(char in text for char in CHANGED):
                continue
            assert list(clusters(text)) == parts, note
            if any(char in text for char in LINES):
                continue
            put(composer, text)
            assert stops(composer, len(text)) == ends(parts), note
            looked += 1
    assert looked > 400


async def test_every_emoji_is_one(world: World) -> None:
    looked = 0
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        composer = agent.screen.composer
        for text in unicode_data.emoji():
            put(composer, f"{text}x")
            assert stops(composer, len(text) + 2) == ends([text, "x"]), ascii(text)
            looked += 1
    assert looked > 4000

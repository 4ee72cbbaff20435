"""Several chats side by side: which, where, and that nothing moves or is drawn without need."""

from __future__ import annotations

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.tui.widgets.tile import Tile
from tests.tui.driver import Person, World, sit_down
from tests.tui.test_ring import assigned

WIDE, WIDER = (200, 40), (260, 40)


def columns(agent: Person) -> list[str]:
    """The chats from left to right; the one that is written to in brackets."""
    found = []
    for pane in agent.screen.query_one("#panes").children:
        if isinstance(pane, Tile) and pane.display:
            found.append(str(pane.key))
        elif pane.id == "middle" and pane.display:
            found.append(f"[{agent.screen.current}]")
    return found


def tile(agent: Person, key: str) -> Tile:
    return next(each for each in agent.screen.query(Tile) if each.key == key and each.display)


def said(pane: Tile) -> str:
    lines = (pane.lines.line(n, 80)[0] for n in range(pane.lines.line_count()))
    return "\n".join("".join(text for text, _ in line) for line in lines)


async def settled(agent: Person) -> None:
    await agent.pilot.pause(0.05)
    await agent.pilot.pause()


async def test_the_most_urgent_of_mine_side_by_side(world: World) -> None:
    assigned(world, "c2", "c3")
    async with sit_down(world, size=WIDE) as agent:
        await agent.does("tiles")
        assert columns(agent) == ["[c2]", "c3"]
        await settled(agent)
        seen = agent.sees()
        assert "▸ 1 Tom B." in seen and "2 小鹿 *1" in seen
        assert "where is my parcel" in seen and "M 还是 L 呢" in said(tile(agent, "c3"))
        await agent.does("tiles")
        assert columns(agent) == ["[c2]"]
        assert "▸ 1" not in agent.sees()


async def test_chats_keep_their_places(world: World) -> None:
    assigned(world, "c1", "c2", "c3")
    async with sit_down(world, size=WIDER) as agent:
        await agent.does("tiles")
        assert columns(agent) == ["[c1]", "c2", "c3"]
        await agent.does("ring_next")
        assert columns(agent) == ["c1", "[c2]", "c3"]
        await agent.types("ok")
        await agent.press("enter")  # c2 is no longer urgent
        assert columns(agent) == ["c1", "[c2]", "c3"]
        await agent.does("ring_previous")
        await agent.does("ring_previous")
        assert columns(agent) == ["c1", "c2", "[c3]"]
        world.chat("c4", "急", "!!", tier="VIP")
        assigned(world, "c4")
        await agent.hears(world.feed([("c4", e.TypeSet(type="complaint"))]))
        assert columns(agent) == ["c1", "c2", "[c3]"]
        await agent.does("resolve_next")
        await agent.press("enter")  # nobody has answered it
        await settled(agent)
        assert columns(agent) == ["c1", "c2", "[c4]"]
        assert agent.screen.composer.has_focus


async def test_the_composer_goes_along_with_each_chats_draft(world: World) -> None:
    assigned(world, "c2", "c3")
    async with sit_down(world, size=WIDE) as agent:
        await agent.does("tiles")
        await agent.types("for tom")
        await agent.does("ring_next")
        assert (columns(agent), agent.screen.composer.text) == (["c2", "[c3]"], "")
        await agent.does("ring_next")
        assert (columns(agent), agent.screen.composer.text) == (["[c2]", "c3"], "for tom")


async def test_only_what_changed_is_drawn(world: World) -> None:
    assigned(world, "c1", "c2", "c3")
    async with sit_down(world, size=WIDER) as agent:
        await agent.does("tiles")
        drawn: list[str] = []
        for each in agent.screen.query(Tile):
            show = each.lines.show

            def noted(key: ConversationId | None, *more: object, show=show, **ways: object) -> None:  # type: ignore[no-untyped-def]
                drawn.append(str(key))
                show(key, *more, **ways)

            each.lines.show = noted  # type: ignore[method-assign]
        wrote = e.CustomerWrote(message="x1", text="还在吗")  # type: ignore[arg-type]
        await agent.hears(world.feed([("c3", wrote)]))
        assert drawn == ["c3"]
        assert "还在吗" in said(tile(agent, "c3"))
        await agent.hears(world.chat("c9", "新", "客"))
        assert drawn == ["c3"]


async def test_a_terminal_that_shrinks_has_one_chat_and_gets_them_back(world: World) -> None:
    assigned(world, "c2", "c3")
    async with sit_down(world, size=WIDE) as agent:
        await agent.does("tiles")
        await agent.pilot.resize_terminal(100, 30)
        await agent.until(lambda: columns(agent) == ["[c2]"])
        await agent.does("tiles")
        assert any("156" in notice for notice in agent.notices())
        await agent.pilot.resize_terminal(*WIDE)
        await agent.until(lambda: columns(agent) == ["[c2]", "c3"])


async def test_a_narrow_terminal_says_why_not(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("tiles")
        assert columns(agent) == ["[None]"]
        assert any("156" in notice for notice in agent.notices())


async def test_without_chats_of_mine_the_pane_is_there(world: World) -> None:
    async with sit_down(world, size=WIDE) as agent:
        await agent.does("tiles")
        await agent.does("next_urgent")
        assert columns(agent)[0] == "[c1]"
        assert "收到的杯子碎了" in agent.sees()

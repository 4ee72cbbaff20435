"""Links, pictures and numbers: what is opened, after which question, and what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.orders.model import Order, OrdersAnswer
from agent_tui.tui.screens.pick import Confirm
from tests.tui.driver import NOW, Person, World, sit_down

LINK = "https://shop.example.com/item?id=7"


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop whose browser writes down what it opens."""
    opened = tmp_path / "opened"
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho noise\nprintf "%s\\n" "$1" >> {opened}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("SSH_CONNECTION", "SSH_TTY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    return opened


def opened(browser: Path) -> str:
    """What it wrote down."""
    return browser.read_text() if browser.exists() else ""


async def reads(agent: Person) -> Person:
    await agent.does("next_urgent")
    return await agent.does("read")


def said(world: World, *texts: str) -> None:
    for number, text in enumerate(texts):
        wrote = e.CustomerWrote(message=f"x{number}", text=text)  # type: ignore[arg-type]
        world.feed([("c1", wrote)])


async def test_a_link_is_opened_after_a_question_that_names_its_host(
    world: World, browser: Path
) -> None:
    said(world, f"看{LINK}这个")
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("o")
        assert isinstance(agent.app.screen, Confirm)
        assert "去往 shop.example.com" in agent.sees() and not opened(browser)
        assert agent.app.clipboard == LINK
        await agent.press("enter")
        await agent.until(lambda: opened(browser))
        await agent.until(lambda: opened(browser) == f"{LINK}\n")
        assert agent.screen.transcript.has_focus and "noise" not in agent.sees()


async def test_no_means_no(world: World, browser: Path) -> None:
    said(world, LINK)
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("o", "escape")
        assert agent.app.screen is agent.screen and not opened(browser)


@pytest.mark.parametrize(("name", "value"), [("SSH_CONNECTION", "1 2 3 4"), ("DISPLAY", "")])
async def test_where_no_browser_is_it_is_only_copied(
    world: World, browser: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    said(world, LINK)
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("o")
        assert agent.app.screen is agent.screen and not opened(browser)
        assert agent.app.clipboard == LINK
        assert "去往 shop.example.com" in "".join(agent.notices())


async def test_of_several_one_is_picked(world: World, browser: Path) -> None:
    said(world, f"{LINK} https://c.example.com/cup.jpg 1234567890123")
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("o")
        seen = agent.sees()
        assert "cup.jpg  图片" in seen and "1234567890123  单号" in seen
        await agent.press("2")
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        assert agent.app.clipboard == "https://c.example.com/cup.jpg"


async def test_a_false_host_is_told_below_the_message_and_in_the_question(
    world: World, browser: Path
) -> None:
    said(world, "https://аpple.com/id")
    async with sit_down(world) as agent:
        await reads(agent)
        assert "! 域名含非英文字母，实际去往" in agent.sees()
        assert not links(agent)
        await agent.press("o")
        assert "xn--pple-43d.com" in agent.sees()


async def test_only_plain_addresses_are_hyperlinks(world: World) -> None:
    said(world, f"{LINK} www.example.com https://a@b.example.com/ 1234567890123")
    async with sit_down(world, size=(200, 36)) as agent:
        await agent.does("next_urgent")
        assert links(agent) == {LINK}


async def test_a_hyperlink_goes_on_over_its_lines(world: World) -> None:
    long = LINK + "&x=" + "0123456789" * 20
    said(world, long)
    async with sit_down(world, size=(80, 24)) as agent:
        await agent.does("next_urgent")
        assert links(agent) == {long}


async def test_pictures_are_announced_with_their_key(world: World) -> None:
    said(world, "碎了 https://c.example.com/a/cup.jpg https://c.example.com/b.png?x=1")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        assert "[图片 1：cup.jpg · o 打开]" in agent.sees()
        assert "[图片 2：b.png · o 打开]" in agent.sees()


async def test_an_order_of_this_customer_shows_its_card(world: World) -> None:
    said(world, "单号 2231000000889 和 9999000000001")
    order = Order("2231000000889", NOW - 86_400_000, "shipped", tracking="SF1234567890123")
    world.cache.save_orders(ConversationId("c1"), OrdersAnswer("vc1", (order,), NOW))
    async with sit_down(world, size=(80, 24)) as agent:
        await reads(agent)
        await agent.press("o", "1")
        await agent.until(lambda: agent.screen.has_class("-card"))
        assert "2231000000889" in "".join(agent.notices())
        await agent.press("escape")
        assert agent.screen.transcript.has_focus
        await agent.press("o", "2")
        await agent.until(lambda: "不在这位客户的订单里" in "".join(agent.notices()))
        assert agent.app.clipboard == "9999000000001"


async def test_the_last_link_of_the_chat_is_one_key_away(world: World, browser: Path) -> None:
    said(world, "https://old.example.com/", LINK, "1234567890123", "谢谢")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("open_last")
        assert "去往 shop.example.com" in agent.sees()


def links(agent: Person) -> set[str]:
    """The hyperlinks that the terminal would get."""
    strips = agent.app.screen._compositor.render_strips()
    styles = (segment.style for strip in strips for segment in strip)
    return {style.link for style in styles if style is not None and style.link}

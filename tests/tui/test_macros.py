"""Macros at the workstation: flows, chains, personal ones, and drafts that know where they came
from."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Channel, Customer, MacroSource
from agent_tui.macros import library
from agent_tui.store.cache import Changes
from agent_tui.tui.screens.keep import KeepScreen
from agent_tui.tui.screens.pick import Picker
from tests.tui.driver import ME, Person, World, sit_down

CHAT = ConversationId("c1")


def own_folder(place: Path) -> Path:
    root = place / "config" / "macros"
    root.mkdir(parents=True, exist_ok=True)
    return root


def publish(world: World, key: str, head: str, body: str = "好的") -> None:
    """A shared macro came over the feed."""
    text = f"---\ntitle: {key}\n{head}\n---\n{body}\n"
    world.feed([(None, e.MacroSaved(MacroSource(key, text)))])


def replied(world: World, chat: str, *sources: str) -> None:
    """A reply of mine that came from these macros."""
    sent = e.ReplySent(
        message=f"{chat}-{world.seq}",  # type: ignore[arg-type]
        text="……",
        author=ME.id,
        epoch=1,
        sources=tuple(f"macro:{source}" for source in sources),
    )
    world.feed([(chat, sent)])


async def open_chat(person: Person, chat: str = "c1") -> None:
    person.screen.open(chat)  # type: ignore[arg-type]
    await person.pilot.pause()


async def fill_in(person: Person, text: str) -> None:
    """Answer the form that a macro opens, each slot the same."""
    while person.app.screen is not person.screen:
        await person.types(text)
        await person.press("enter")


# --- flows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_complaint_flow_is_guided_and_survives_a_restart(
    world: World, size: tuple[int, int]
) -> None:
    async with sit_down(world, size=size) as person:
        await open_chat(person)
        assert "投诉 1/4" not in person.sees()
        await person.press("f7", "enter")
        await person.until(lambda: "投诉 1/4：倾听共情" in person.sees())
        await person.does("next_step")
        await fill_in(person, "发错了")
        assert "我们没做好：发错了" in person.screen.composer.text
        await person.does("next_step")
        assert "先发送" in "".join(person.notices()), "a step is not inserted twice"
        await person.press("enter")
        await person.until(lambda: "投诉 2/4：致歉担责" in person.sees())
    replies = [p for o in world.sent() for p in c.parts_of(o.command) if isinstance(p, c.SendReply)]
    assert [r.sources for r in replies] == [
        ("macro:complaints/complaint-1-listen",),
        ("macro:complaints/complaint-2-own",),
    ]
    async with sit_down(world, size=size, language="en") as person:
        await open_chat(person)
        assert "complaint 2/4 · Alt+C → the way out, and by when " in person.sees()
        await person.does("next_step")
        await fill_in(person, "x")
        assert "处理方案定下来了" in person.screen.composer.text


async def test_a_chat_of_that_type_says_how_the_flow_begins(world: World) -> None:
    world.feed([("c1", e.TypeSet("complaint"))])
    async with sit_down(world) as person:
        await open_chat(person)
        assert "投诉 · Alt+C → 倾听共情" in person.sees()
        await open_chat(person, "c3")
        assert "Alt+C" not in person.sees()


async def test_the_flow_is_spoken_in_the_customers_language(world: World) -> None:
    replied(world, "c2", "complaints/complaint-1-listen.en")
    async with sit_down(world, language="en") as person:
        await open_chat(person, "c2")
        assert "complaint 1/4: listen · Alt+C → own it" in person.sees()


async def test_a_chain_offers_what_follows_the_last_reply(world: World) -> None:
    replied(world, "c1", "ask/ask-order-no")
    async with sit_down(world) as person:
        await open_chat(person)
        assert "Alt+C →" in person.sees()
        await person.does("next_step")
        await person.until(lambda: isinstance(person.app.screen, Picker))
        await person.press("down", "enter")
        await person.until(lambda: person.app.screen is not person.app.workstation)
        await fill_in(person, "1234567890")
        left = person.screen.inserting.left(person.screen.composer.text)
        assert [each.source for each in left] == ["macro:returns/return-process"]


async def test_what_a_macro_asks_is_asked_in_the_agents_language(world: World) -> None:
    async with sit_down(world, language="en") as person:
        await open_chat(person)
        await person.press("f6")
        assert "Order number" in person.sees() and "订单号" not in person.sees()
        await person.types("1")
        await person.press("enter")
        assert "Order number' takes 10–20 digits" in person.sees()
        await person.types("234567890")
        await person.press("enter")
        assert "麻烦您拍几张照片" in person.screen.composer.text


@pytest.mark.parametrize(("chat", "again"), [("c1", "拍几张"), ("c2", "send a few photos")])
async def test_photos_are_asked_for_once_and_so_is_the_order(
    world: World, chat: str, again: str
) -> None:
    async with sit_down(world, size=(80, 24)) as person:
        await open_chat(person, chat)
        await person.press("f6")
        await fill_in(person, "1234567890")
        assert again in person.screen.composer.text
        await person.press("enter")
        await person.until(lambda: "Alt+C → " in person.sees())
        await person.does("next_step")
        boxes = list(person.app.screen.query(Input))
        assert [box.value for box in boxes] == [
            "1234567890",
            "",
        ] and "照片里看到什么" in person.sees()
        assert boxes[1].has_focus, "what is known is not asked again"
        await person.types("x")
        await person.press("enter")
        assert "1234567890" in person.screen.composer.text
        assert again not in person.screen.composer.text
        # In another chat nothing is known of it.
        await open_chat(person, "c3")
        await person.press("f6")
        assert [box.value for box in person.app.screen.query(Input)] == [""]


async def test_without_a_flow_the_key_begins_one(world: World) -> None:
    async with sit_down(world) as person:
        await open_chat(person)
        await person.does("next_step")
        assert "请提供照片" in person.sees()
        await person.types("投诉")
        await person.press("enter")
        assert "我都认真看了" in person.screen.composer.text


# --- conditions and channels ---------------------------------------------------------------------


async def test_a_key_means_what_the_conversation_needs(world: World) -> None:
    publish(world, "vip", "key: F9\nwhen: {tier: VIP}", "贵宾您好")
    async with sit_down(world) as person:
        await open_chat(person, "c1")
        await person.press("f9")
        assert person.screen.composer.text == "贵宾您好"
        await open_chat(person, "c3")
        await person.press("f9")
        assert "贵宾" not in person.screen.composer.text


async def test_what_is_not_for_this_channel_is_not_sent_at_once(world: World) -> None:
    publish(world, "call", "channels: [phone]", "电话里说的话")
    async with sit_down(world) as person:
        await open_chat(person)
        await person.asks("/电话里说")
        await person.until(lambda: "call" in person.finds())
        await person.press("ctrl+s")
        assert not world.sent() and person.screen.composer.text == "电话里说的话"
        assert "只用于渠道 phone" in "".join(person.notices())


async def test_a_key_in_the_list_means_the_chat_under_its_cursor(world: World) -> None:
    async with sit_down(world) as person:
        await open_chat(person, "c1")
        person.screen.queue.focus()
        person.screen.queue.move_to(ConversationId("c2"))
        await person.press("f4")
        assert person.screen.current == "c2"
        assert person.screen.composer.text.isascii(), "Tom reads English"
        await open_chat(person, "c1")
        assert person.screen.composer.text == ""


# --- drafts know where they came from ------------------------------------------------------------


async def test_a_draft_keeps_its_sources_and_actions_over_a_restart(world: World) -> None:
    publish(world, "ret", "key: F9\nwhen: {tier: VIP}\nactions: [{tag: 退货}]", "可以退，请放心。")
    async with sit_down(world) as person:
        await open_chat(person)
        await person.press("f9")
        person.screen.chat.keep_draft()
    async with sit_down(world) as person:
        await open_chat(person)
        assert person.screen.composer.text == "可以退，请放心。"
        await person.press("enter")
        await person.until(world.sent)
    (order,) = world.sent()
    reply, tag = c.parts_of(order.command)
    assert isinstance(reply, c.SendReply) and reply.sources == ("macro:ret",)
    assert tag == c.Tag("退货")
    assert world.outbox.drafts.inserted() == {}, "and is forgotten with the draft"


async def test_a_reply_that_is_taken_back_keeps_its_actions(world: World) -> None:
    publish(world, "ret", "key: F9\nwhen: {tier: VIP}\nactions: [{tag: 退货}]", "可以退，请放心。")
    async with sit_down(world, grace=30) as person:
        await open_chat(person)
        await person.press("f9", "enter")
        await person.until(lambda: not person.screen.composer.text)
        await person.does("undo")
        await person.until(lambda: person.screen.composer.text)
        left = person.screen.inserting.left(person.screen.composer.text)
        assert [each.source for each in left] == ["macro:ret"]
        assert [each.macro.head.actions[0].tag for each in left if each.macro] == ["退货"]


async def test_what_the_tray_gives_back_keeps_its_sources(world: World) -> None:
    async with sit_down(world) as person:
        reply = person.desk.writing.reply(
            CHAT, "可以退，请放心。", sources=("macro:closing/goodbye",)
        )
        order = world.outbox.enqueue(c.Batch((reply, c.Tag("退货"))), CHAT, world.clock.now)
        refused = e.CommandRefused(world.outbox.client, order.number, "closed", held=True)
        world.outbox.settle(order.number, [refused], world.clock.now)
        person.desk.refresh(Changes(outbox=True))
        person.desk.tray.to_draft(person.desk.tray.items[0])
        await open_chat(person)
        left = person.screen.inserting.left(person.screen.composer.text)
        assert [each.source for each in left] == ["macro:closing/goodbye"]


# --- one's own -----------------------------------------------------------------------------------


async def test_a_file_in_the_config_folder_is_used_at_once(world: World, own_place: Path) -> None:
    root = own_folder(own_place)
    async with sit_down(world) as person:
        await open_chat(person)
        (root / "mine.md").write_text("---\ntitle: 我的\nkey: F2\nshort: wd\n---\n我自己的话\n")
        await person.until(lambda: person.desk.macros.own)
        await person.press("f2")
        assert person.screen.composer.text == "我自己的话", "it goes before the shared F2"
        await person.until(lambda: person.desk.finding.entry("macro", "personal/mine"))
        (root / "bad.md").write_text("---\ntitle: 坏\n---\n{{ customer.nmae }}\n")
        await person.until(lambda: any("bad.md:4: " in each for each in person.notices()))
        assert [m.id for m in person.desk.macros.own] == ["personal/mine"]
        (root / "mine.md").unlink()
        await person.until(lambda: not person.desk.macros.own)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_one_key_keeps_the_last_reply_as_a_macro(
    world: World, own_place: Path, size: tuple[int, int]
) -> None:
    async with sit_down(world, size=size) as person:
        await open_chat(person)
        person.screen.composer.put("王女士，订单号1234567890的运费由店铺承担。")
        await person.press("enter")
        await person.until(world.sent)
        await person.does("save_macro")
        await person.until(lambda: isinstance(person.app.screen, KeepScreen))
        form = person.app.screen
        assert "Ctrl+S 保存" in person.sees(), "its keys are there at 80x24 too"
        assert form.query_one("#keep-body", TextArea).text == (
            "{{ customer.name }}，订单号{{ order.no }}的运费由店铺承担。"
        )
        assert form.query_one("#keep-title", Input).value == "订单号的运费由店铺承担"
        assert form.query_one("#keep-short", Input).value == "ddhdyfyd"
        form.query_one("#keep-short", Input).value = "yf"
        await person.press("enter", "enter", "enter")  # title, short name, key
        await person.until(lambda: person.desk.macros.own)
        await open_chat(person, "c3")
        await person.types("/yf")
        await person.press("tab")
        assert person.screen.composer.text.startswith("小鹿，订单号{{ order.no }}的")
    (path,) = (own_place / "config" / "macros").glob("*.md")
    assert library.checked("x", path.read_text("utf-8")).head.short == "yf"


async def test_what_stands_in_the_composer_goes_first_and_mistakes_are_told(world: World) -> None:
    async with sit_down(world) as person:
        await open_chat(person)
        await person.does("save_macro")
        assert "还没有发过回复" in "".join(person.notices())
        await person.types("稍等一下")
        await person.does("save_macro")
        await person.until(lambda: isinstance(person.app.screen, KeepScreen))
        form = person.app.screen
        form.query_one("#keep-key", Input).value = "F1"
        await person.press("ctrl+s")
        assert person.app.screen is form and "F2" in person.sees()
        await person.press("escape")
        assert person.screen.composer.text == "稍等一下" and not person.desk.macros.own


async def test_customers_tags_and_chat_tags_count_alike(world: World) -> None:
    publish(world, "fragile", "key: F9\nwhen: {tag: 易碎}", "小心轻放")
    customer = Customer("v9", "何先生", tags=("易碎",))  # type: ignore[arg-type]
    opened = e.ConversationOpened(
        customer=customer,
        inbox="web",  # type: ignore[arg-type]
        channel=Channel.WEB,
        team="after-sales",  # type: ignore[arg-type]
        visitor=customer.id,
    )
    world.feed([("c9", opened), ("c9", e.CustomerWrote(message="m9", text="碎了"))])  # type: ignore[arg-type]
    async with sit_down(world) as person:
        await open_chat(person, "c9")
        await person.press("f9")
        assert person.screen.composer.text == "小心轻放"

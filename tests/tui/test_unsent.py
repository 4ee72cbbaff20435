"""What was not sent, and what colleagues left unsent: seen, explained, dealt with by one key."""

from __future__ import annotations

import threading

import pytest
from rich.cells import cell_len

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.commands import text_of
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import Role
from agent_tui.tui.commands import BY_ID
from agent_tui.tui.screens.guard import GuardScreen
from agent_tui.tui.screens.tray import TrayScreen
from tests.tui.driver import COLLEAGUE, ME, Person, World, sit_down

C1 = ConversationId("c1")
DRAFT = "您好，破损的杯子可以换新，请把照片发给我，我马上为您登记"


def offer(world: World, *texts: str) -> None:
    """The chat is mine now, and a colleague's late replies came as drafts."""
    drafts = [
        e.DraftOffered(COLLEAGUE.id, text, MessageId(f"late{n}")) for n, text in enumerate(texts)
    ]
    world.feed([("c1", e.Claimed(ME.id, 1)), *(("c1", draft) for draft in drafts)])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_strip_fits_everywhere(
    world: World, size: tuple[int, int], language: str
) -> None:
    offer(world, DRAFT, "第二份")
    async with sit_down(world, size=size, language=language) as agent:
        await agent.does("next_urgent")
        (strip,) = [line for line in agent.sees().split("\n") if "张敏" in line]
        for words in ("] ", "\\ ", "您好，破损", "(2)"):
            assert words in strip
        assert cell_len(strip) == size[0]
        assert {cell_len(line) for line in agent.sees().split("\n")} == {size[0]}


async def test_one_key_inserts_it_at_the_cursor_and_sends_nothing(world: World) -> None:
    offer(world, DRAFT, "第二份")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("hi ")
        await agent.does("take_draft")
        assert agent.screen.composer.text == f"hi {DRAFT}"
        assert agent.screen.composer.has_focus
        (order,) = world.sent()
        assert order.command == c.SettleDraft(MessageId("late0"))
        assert "第二份" in agent.sees()  # the next one moves up
        await agent.does("take_draft")
        assert "草稿：" not in agent.sees()


async def test_a_draft_goes_into_the_reply_never_into_a_note(world: World) -> None:
    offer(world, DRAFT)
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("note")
        await agent.types("intern")
        await agent.does("take_draft")
        assert agent.screen.composer.texts() == (DRAFT, "intern")


async def test_one_key_dismisses_it_and_undo_brings_it_back(world: World) -> None:
    offer(world, DRAFT)
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("dismiss_draft")
        assert "草稿：" not in agent.sees()
        assert agent.screen.composer.text == ""
        await agent.does("undo")
        assert "张敏 草稿：" in agent.sees()
        assert [order.command for order in world.sent()] == [
            c.SettleDraft(MessageId("late0")),
            c.SettleDraft(MessageId("late0"), settled=False),
        ]


async def test_answering_clears_it(world: World) -> None:
    offer(world, DRAFT)
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("done")
        await agent.press("enter")
        assert "草稿：" not in agent.sees()


async def test_it_is_shown_to_nobody_but_who_may_take_it(world: World) -> None:
    offer(world, DRAFT)
    world.feed([("c1", e.Assigned(COLLEAGUE.id, "after-sales", 2))])  # type: ignore[arg-type]
    world.feed([("c2", e.DraftOffered(ME.id, "我自己的", MessageId("mine")))])
    async with sit_down(world) as agent:
        for key in (C1, ConversationId("c2")):
            agent.screen.open(key)
            await agent.pilot.pause()
            assert "草稿：" not in agent.sees()
            await agent.does("take_draft")
        assert not world.sent()


async def test_it_comes_while_the_chat_is_open(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("claim")
        late = e.DraftOffered(COLLEAGUE.id, DRAFT, MessageId("late0"))
        await agent.hears(world.feed([("c1", e.Claimed(ME.id, 1)), ("c1", late)], done=1))
        assert "张敏 草稿：" in agent.sees()


async def test_what_needs_an_upgrade_is_told_quietly(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await agent.does("next_urgent")
        assert "升级" not in agent.sees()
        await agent.hears(world.feed([("c1", e.NotUnderstood("of_the_future"))]))
        assert "部分内容需要升级后才能显示" in agent.sees()
        assert agent.sees().split("\n")[-1].count("部分内容需升级") == 1


# --- the tray ------------------------------------------------------------------------------------


async def refuse(agent: Person, world: World, code: str, *, held: bool, detail: str = "") -> None:
    """What was sent last comes home refused, by a thread of its own as in life."""
    order = world.sent()[-1]
    refusal = e.CommandRefused(world.outbox.client, order.number, code, held, C1, detail)
    changes = world.feed([(None, refusal)], done=order.number)
    world.outbox.settle(order.number, world.cache.refusals(), world.clock.now)
    news = threading.Thread(target=agent.app.bridge.change, args=(changes,))
    before = len(agent.desk.tray.items)
    news.start()
    news.join()
    await agent.until(lambda: len(agent.desk.tray.items) > before)
    await agent.pilot.pause()


async def sent_and_refused(agent: Person, world: World, code: str, **how: object) -> None:
    await agent.does("next_urgent")
    await agent.types("late words")
    await agent.press("enter")
    await refuse(agent, world, code, **how)  # type: ignore[arg-type]
    await agent.until(lambda: isinstance(agent.app.screen, TrayScreen))


async def test_it_does_not_open_under_the_fingers(world: World) -> None:
    async with sit_down(world, quiet_seconds=1.0) as agent:
        await agent.does("next_urgent")
        await agent.types("late words")
        await agent.press("enter")
        await agent.types("and so")
        await refuse(agent, world, "colleague_answered", held=True)
        await agent.types(" sd")
        assert agent.app.screen is agent.screen
        assert agent.screen.composer.text == "and so sd"
        await agent.until(lambda: isinstance(agent.app.screen, TrayScreen))
        assert len(agent.desk.tray.items) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_held_text_comes_with_reason_way_out_and_what_was_said_since(
    world: World, size: tuple[int, int]
) -> None:
    async with sit_down(world, size=size) as agent:
        await agent.does("next_urgent")
        await agent.types("late words")
        await agent.press("enter")
        world.feed([("c1", e.CustomerWrote(MessageId("x1"), "先别退款"))])
        await refuse(agent, world, "customer_wrote", held=True)
        seen = agent.sees()
        for words in ("客户期间又写了", "late words", "先别退款", "王女士", "看看客户新说的"):
            assert words in seen
        assert "s 仍然发送" in seen and "d 丢弃" in seen
        assert {cell_len(line) for line in seen.split("\n")} == {size[0]}


async def test_only_choices_that_are_possible_are_offered(world: World) -> None:
    async with sit_down(world) as agent:
        agent.desk.directory.me = ME.__class__(ME.id, ME.name, Role.AGENT, ME.teams)
        await sent_and_refused(agent, world, "reassigned", held=False, detail="zhang")
        await agent.hears(world.feed([("c1", e.Claimed(AgentId("zhang"), 1))]))
        agent.app.screen._fill()  # type: ignore[attr-defined]
        await agent.pilot.pause()
        seen = agent.sees()
        assert "已转给 zhang" in seen and "文字已作为草稿交给对方" in seen
        assert "s 仍然发送" not in seen and "n 改为备注" in seen
        before = len(world.sent())
        await agent.press("s")
        assert len(world.sent()) == before and len(agent.desk.tray.items) == 1
        assert any("现在不能仍然发送" in notice for notice in agent.notices())
        await agent.press("n")
        note = world.sent()[-1].command
        assert isinstance(note, c.AddNote) and note.text == "late words"
        assert agent.desk.tray.items == [] and agent.app.screen is agent.screen


async def test_send_anyway_is_one_key(world: World) -> None:
    async with sit_down(world) as agent:
        await sent_and_refused(agent, world, "expired", held=True)
        await agent.press("s")
        again = world.sent()[-1].command
        assert isinstance(again, c.SendReply) and again.force and again.text == "late words"
        assert agent.desk.tray.items == [] and agent.app.screen is agent.screen


BAD = "这是全网最低价"


@pytest.mark.parametrize("key", ["s", "n"])
async def test_what_an_ordinary_send_asks_about_is_asked_from_here_too(
    world: World, key: str
) -> None:
    text = BAD if key == "s" else "单号〔快递单号〕"
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        refused = agent.desk.writing.send(C1, text)  # as a program without guards would
        assert refused is None
        await refuse(agent, world, "expired", held=True)
        before = len(world.sent())
        await agent.press(key)
        assert isinstance(agent.app.screen, GuardScreen) and len(world.sent()) == before
        await agent.press("escape")
        assert len(agent.desk.tray.items) == 1 and len(world.sent()) == before
        await agent.press(key, "y")
        assert (len(world.sent()) > before) == (key == "s")  # an open place is no matter of asking
        assert len(agent.desk.tray.items) == (key != "s")


async def test_a_refused_note_is_never_a_reply(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("for you")
        assert agent.desk.writing.note(C1, "never for the customer") is None
        await refuse(agent, world, "expired", held=True)
        await agent.press("e")
        assert agent.screen.composer.texts() == ("for you", "never for the customer")
        assert agent.screen.composer.note


async def test_a_key_is_for_the_item_that_was_seen(world: World) -> None:
    async with sit_down(world) as agent:
        await sent_and_refused(agent, world, "expired", held=True)
        await agent.press("escape")
        await agent.types("more")
        await agent.press("enter")
        await refuse(agent, world, "expired", held=True)
        first, second = agent.desk.tray.items
        agent.desk.tray.discard(first)  # as from another window
        await agent.press("d")
        assert agent.desk.tray.items == [second]
        assert "more" in agent.sees() and "late words" not in agent.sees()


async def test_edit_brings_it_back_to_the_composer(world: World) -> None:
    async with sit_down(world) as agent:
        await sent_and_refused(agent, world, "customer_wrote", held=True)
        await agent.press("e")
        assert agent.screen.current == "c1"
        assert agent.screen.composer.text == "late words"
        assert agent.desk.tray.items == []


@pytest.mark.parametrize("inside", [True, False])
async def test_discarding_can_be_undone(world: World, inside: bool) -> None:
    async with sit_down(world) as agent:
        await sent_and_refused(agent, world, "expired", held=True)
        if inside:  # a second one keeps the tray open
            await agent.press("escape")
            await agent.types("more")
            await agent.press("enter")
            await refuse(agent, world, "expired", held=True)
        before = agent.desk.tray.items
        await agent.press("d")
        assert agent.desk.tray.items == before[1:]
        if inside:
            await agent.press("u")
        else:
            assert agent.app.screen is agent.screen
            await agent.does("undo")
        assert agent.desk.tray.items == before


async def test_copying_keeps_it(world: World) -> None:
    async with sit_down(world) as agent:
        await sent_and_refused(agent, world, "expired", held=True)
        await agent.press("y")
        assert agent.app.clipboard == "late words"
        assert len(agent.desk.tray.items) == 1


async def test_an_action_without_words_is_named(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("tag")
        await agent.types("退款")
        await agent.press("enter")
        await refuse(agent, world, "changed_since", held=False)
        assert "（操作）标签 退款" in agent.sees()
        assert "e 编辑" not in agent.sees()


async def test_the_status_line_counts_and_names_the_key(world: World) -> None:
    async with sit_down(world) as agent:
        await sent_and_refused(agent, world, "expired", held=True)
        await agent.press("escape")
        assert "x1 待处理 Alt+X" in agent.sees().split("\n")[-1]
        await agent.does("tray")
        assert isinstance(agent.app.screen, TrayScreen)


async def test_a_draft_whose_chat_is_gone_is_in_the_tray(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("half a sentence")
        agent.app.bridge.change(world.feed([(None, e.ConversationLeft(C1))]))
        await agent.until(lambda: isinstance(agent.app.screen, TrayScreen))
        await agent.pilot.pause()
        seen = agent.sees()
        assert "草稿：会话已不归你" in seen and "half a sentence" in seen
        assert "y 复制" in seen and "e 编辑" not in seen


async def test_a_full_outbox_keeps_the_text_in_the_composer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_tui.store.outbox.MOST_COMMANDS", 2)
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        for text in ("one", "two", "three"):
            await agent.types(text)
            await agent.press("enter")
        assert [text_of(order.command) for order in world.sent()] == ["one", "two"]
        assert agent.screen.composer.text == "three"
        assert any("等待发送的太多" in notice for notice in agent.notices())


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_what_goes_out_by_itself_has_another_name_than_what_was_refused(
    world: World, language: str
) -> None:
    zh = language == "zh"
    async with sit_down(world, language=language) as agent:
        await agent.does("tray")
        none = "没有待处理的，也没有待发的" if zh else "the tray is empty, and nothing is to go out"
        assert agent.notices() == [none]
        await agent.does("next_urgent")
        await agent.types("ok")
        await agent.press("enter")
        count = agent.desk.pending.deeds  # the mark that it was read is none
        assert count == 1 and (f"~{count} 待发" if zh else f"~{count} to go out") in agent.sees()
        await agent.does("tray")
        some = (
            f"没有待处理的；{count} 项待发，联网后会自己送出"
            if zh
            else f"the tray is empty; {count} to go out, by itself once online"
        )
        assert some in agent.notices() and agent.app.screen is agent.screen
        assert "待处理" in BY_ID["tray"].title.zh and "tray" in BY_ID["tray"].title.en

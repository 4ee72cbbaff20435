"""The usual tasks, with keys only, judged by the state that was reached."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.widgets import Static, TextArea

from agent_tui.config import Config
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.commands import text_of
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.knowledge.entry import Context
from agent_tui.tui import format as fmt
from agent_tui.tui.commands import BY_ID, INTENTS
from agent_tui.tui.keymap import table
from agent_tui.tui.widgets.queuelines import IDLE_SIGNS
from tests.tui.driver import COLLEAGUE, ME, Person, World, sit_down


async def test_first_content_comes_from_the_cache(world: World) -> None:
    async with sit_down(world) as agent:
        seen = agent.sees()
        for words in ("VIP 王女士", "Tom B.", "小鹿", "运费谁出", "where is my parcel"):
            assert words in seen


async def test_one_key_opens_the_most_urgent(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        assert agent.screen.current == "c1"  # VIP and first
        assert "收到的杯子碎了" in agent.sees()
        assert agent.keys == 1


async def test_reply_claims_and_shows_at_once(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("hello")
        await agent.press("enter")
        [order] = world.sent()
        assert isinstance(order.command, c.SendReply)
        assert (order.command.text, order.command.seen, order.command.epoch) == ("hello", 2, 0)
        state = agent.desk.conversation(order.conversation)
        assert state is not None and state.assignee == ME.id
        assert "~ 等待发送" in agent.sees()
        assert agent.screen.composer.text == ""


async def test_macro_with_slot_is_sent_with_its_actions(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("macro_f3")
        await agent.types("12345")
        await agent.press("enter")
        assert "10–20 位数字" in agent.sees()  # too short for an order number
        await agent.types("67890")
        await agent.press("enter")
        assert "1234567890" in agent.screen.composer.text
        await agent.press("enter")
        [order] = world.sent()
        assert isinstance(order.command, c.Batch)
        reply, *actions = order.command.parts
        assert isinstance(reply, c.SendReply) and "1234567890" in reply.text
        assert c.Tag("退货") in actions and c.SetStatus(Status.PENDING) in actions


async def test_short_name_expands_in_the_customers_language(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.press("down", "enter")
        assert agent.screen.current == "c2"
        await agent.types("/qsd")
        await agent.press("tab")
        assert "大约几分钟" in agent.sees()  # what is asked is the agent's
        await agent.press("enter")  # the slot's default will do
        assert "Tom B." in agent.screen.composer.text
        assert "/qsd" not in agent.screen.composer.text
        assert not world.sent()


async def test_an_open_slot_blocks_sending(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        agent.screen.composer.put("您的订单 {{ order.no }}")
        await agent.press("enter")
        assert not world.sent()
        assert any("{{ order.no }}" in notice for notice in agent.notices())


async def test_find_inserts_at_the_cursor(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        agent.screen.composer.put("您好，")
        await agent.does("find")
        await agent.types("?运费险")
        await agent.press("enter")
        text = agent.screen.composer.text
        assert text.startswith("您好，") and "运费" in text[3:]
        assert agent.screen.composer.has_focus


async def test_likely_answers_are_there_when_a_chat_opens(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        assert "运费" in agent.pane()


async def test_the_cursor_stays_where_it_was_when_one_comes_back(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("abcd")
        await agent.press("left", "left")
        await agent.press("escape")
        assert agent.screen.queue.has_focus
        await agent.press("enter")
        await agent.types("X")
        assert agent.screen.composer.text == "abXcd"
        await agent.press("escape")
        await agent.press("down", "enter")
        assert agent.screen.composer.text == ""
        await agent.does("back_chat")
        assert agent.screen.composer.text == "abXcd"


async def test_resolving_with_something_written_asks_and_keeps_it(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("aaaa")
        await agent.does("resolve_next")
        assert "还没发出（会留作草稿）" in agent.sees()
        await agent.press("enter")
        assert agent.desk.conversation("c1").status is Status.RESOLVED  # type: ignore[union-attr, arg-type]
        await agent.does("undo")
        agent.screen.open("c1")  # type: ignore[arg-type]
        await agent.press()
        assert agent.screen.composer.text == "aaaa"


async def test_claim_tag_note_snooze_resolve_undo(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("claim")
        assert agent.desk.conversation("c1").assignee == ME.id  # type: ignore[union-attr, arg-type]
        await agent.does("tag")
        await agent.types("退款")
        await agent.press("enter")
        assert agent.desk.conversation("c1").tags == ("退款",)  # type: ignore[union-attr, arg-type]
        await agent.does("note")
        await agent.types("vip")
        await agent.press("enter")
        assert "备注" in agent.sees() and "vip" in agent.sees()
        await agent.does("resolve_next")
        assert "还没有人回复过 王女士" in agent.sees()
        await agent.press("escape")
        assert agent.desk.conversation("c1").status is Status.OPEN  # type: ignore[union-attr, arg-type]
        await agent.does("resolve_next")
        await agent.press("enter")
        assert agent.desk.conversation("c1").status is Status.RESOLVED  # type: ignore[union-attr, arg-type]
        assert agent.screen.current == "c2"
        await agent.does("undo")
        assert agent.desk.conversation("c1").status is Status.OPEN  # type: ignore[union-attr, arg-type]
        await agent.does("snooze")
        await agent.press("1")
        state = agent.desk.conversation("c2")  # type: ignore[arg-type]
        assert state is not None and state.status is Status.SNOOZED
        assert "Tom B." not in agent.sees()
        await agent.does("undo")
        assert agent.desk.conversation("c2").status is Status.OPEN  # type: ignore[union-attr, arg-type]


async def test_an_abusive_chat_cools_down_only_after_a_question(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.press("escape")
        for answer, sent in (("n", 0), ("y", 1)):
            await agent.does("cool_down")
            await agent.press("1")
            assert "不能撤销" in agent.sees()
            await agent.press(answer)
            assert len(world.sent()) == sent
        [order] = world.sent()
        assert isinstance(order.command, c.CoolDown)
        assert order.command.until == world.clock.now + 30 * 60_000
        assert agent.screen.current is None


async def test_undo_takes_typing_back_first(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("claim")
        world.clock.now -= 60_000  # the claim lies a minute back
        await agent.types("abc")
        await agent.does("undo")
        assert agent.screen.composer.text == ""
        assert agent.desk.conversation("c1").assignee == ME.id  # type: ignore[union-attr, arg-type]


async def test_assign_to_a_colleague_in_four_keys(world: World) -> None:
    world.online("zhang")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("assign")
        await agent.types("zhang")
        await agent.press("enter")
        assert agent.desk.conversation("c1").assignee == "zhang"  # type: ignore[union-attr, arg-type]


async def test_drafts_survive_switching_and_restarting(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("half a sen")
        await agent.does("next_in_list")
        assert agent.screen.composer.text == ""
        assert "[草稿]" in agent.sees()
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        assert agent.screen.composer.text == "half a sen"


async def test_the_order_freezes_under_the_cursor(world: World) -> None:
    still = replace(Config().interface, freeze_seconds=60)  # however slow the machine is
    async with sit_down(world, config=replace(Config(), interface=still)) as agent:
        await agent.press("down", "down")
        assert agent.screen.queue.cursor == "c3"
        before = agent.screen.queue.order()
        world.clock.now += 1000
        await agent.hears(world.chat("c9", "急", "!!", tier="VIP"))
        assert agent.screen.queue.order() == [*before, "c9"]
        assert agent.screen.queue.cursor == "c3"
        agent.screen.queue.unfreeze()
        agent.screen.listing.reorder()
        assert agent.screen.queue.order() == ["c1", "c9", "c2", "c3"]


async def test_news_of_the_open_chat_is_drawn_and_read(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("claim")
        wrote = e.CustomerWrote(message="x1", text="还在吗")  # type: ignore[arg-type]
        await agent.hears(world.feed([("c1", wrote)]))
        assert "还在吗" in agent.sees()


async def test_help_names_every_intent(world: World) -> None:
    async with sit_down(world, size=(120, 60)) as agent:
        await agent.does("help")
        await agent.until(lambda: "Ctrl+N" in agent.sees())
        page = str(agent.app.screen.query_one("#help-keys", Static).content)
        said = "".join(page.split())  # in lines as wide as the page
        docs = {intent.id: "".join(str(intent.doc).split()) for intent in INTENTS}
        assert [name for name, doc in docs.items() if doc not in said] == []
        await agent.press("escape")
        assert agent.app.screen is agent.screen


async def test_palette_finds_an_intent_in_either_language(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("palette")
        await agent.types("claim")
        await agent.press("enter")
        await agent.until(lambda: agent.desk.conversation("c1").assignee == ME.id)  # type: ignore[union-attr, arg-type]


async def test_the_language_switches_at_run_time(world: World) -> None:
    async with sit_down(world) as agent:
        assert "待认领" in agent.sees()
        await agent.press("L")
        assert "unclaimed" in agent.sees() and "待认领" not in agent.sees()


async def test_leaving_asks_only_with_unsent_work(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("x")
        await agent.press("enter")
        await agent.does("quit")
        assert "发件箱" in agent.sees()
        await agent.press("escape")
        assert agent.app.is_running


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_size_and_language_draws(
    world: World, size: tuple[int, int], language: str
) -> None:
    async with sit_down(world, size=size, language=language) as agent:
        await agent.does("next_urgent")
        await agent.does("find")
        await agent.types("return")
        await agent.press("escape")
        await agent.does("show_card")
        lines = agent.sees().split("\n")
        from rich.cells import cell_len

        assert {cell_len(line) for line in lines} == {size[0]}


async def test_the_unsent_tray_opens_by_itself_with_the_reason(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("hello")
        await agent.press("enter")
        refusal = e.CommandRefused(
            client=world.outbox.client,
            number=world.sent()[0].number,
            code="colleague_answered",
            held=True,
            detail="zhang",
        )
        changes = world.feed([(None, refusal)], done=refusal.number)
        world.outbox.settle(refusal.number, world.cache.refusals(), world.clock.now)
        agent.app.bridge.change(changes)
        await agent.until(lambda: "zhang 期间已回复" in agent.sees())
        assert "hello" in agent.sees()
        await agent.press("s")
        [order] = world.sent()
        assert isinstance(order.command, c.SendReply) and order.command.force
        assert not agent.desk.tray.items


def test_every_intent_is_described() -> None:
    assert len(BY_ID) == len(INTENTS)
    for row in table():
        assert row.doc_zh and row.doc_en


async def test_a_configured_key_works(world: World) -> None:
    config = Config(keys={"claim": "ctrl+underscore"})
    async with sit_down(world, config=config) as agent:
        await agent.does("next_urgent")
        await agent.press("ctrl+underscore")
        assert agent.desk.conversation("c1").assignee == ME.id  # type: ignore[union-attr, arg-type]


async def test_a_full_disk_keeps_the_text_and_says_why(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("precious words")
        agent.desk._outbox._db.execute("PRAGMA max_page_count = 1")
        for _ in range(80):  # until the pages at hand are used up
            agent.screen.composer.load("precious words " * 100)
            await agent.press("enter")
            if agent.screen.composer.text:
                break
        assert agent.screen.composer.text.startswith("precious words")
        assert any("磁盘已满" in notice for notice in agent.notices())
        assert agent.app.is_running


async def test_a_new_conversation_rings_once(world: World) -> None:
    async with sit_down(world) as agent:
        rung: list[bool] = []
        agent.app.bell = lambda: rung.append(True)  # type: ignore[method-assign]
        await agent.hears(world.chat("c8", "新客", "在吗"))
        await agent.hears(world.feed([("c8", e.CustomerWrote(message="z", text="?"))]))  # type: ignore[arg-type]
        assert rung == [True]


async def burst(agent: Person, *keys: str) -> None:
    """Keys that arrive together, as from a lagging line or an input method."""
    from textual import events

    for key in keys:
        character = key if len(key) == 1 else {"space": " "}.get(key)
        agent.app.post_message(events.Key(key, character))
    for _ in range(6):
        await agent.pilot.pause()


async def test_a_bouncing_enter_sends_once(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await burst(agent, *"dup", "enter", "enter", "enter")
        assert [text_of(order.command) for order in world.sent()] == ["dup"]


async def test_a_burst_keeps_its_order_across_chats(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        first = agent.screen.current
        await burst(agent, *"one", "enter", "ctrl+n", *"three")
        assert [text_of(order.command) for order in world.sent()] == ["one"]
        assert agent.screen.current != first
        assert agent.screen.composer.text == "three"


async def test_backspace_keeps_its_place_in_a_burst(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await burst(agent, *"over", *["backspace"] * 4, *"under")
        assert agent.screen.composer.text == "under"
        await agent.does("find")
        await burst(agent, *"tuihuo", *["backspace"] * 6, *"refund")
        assert agent.screen.find.query_text == "refund"


async def test_enter_behind_a_query_takes_its_top_hit(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("find")
        expected = agent.desk.finding.search("发票抬头", 1, context=Context(language="zh"))[0].entry
        await burst(agent, *"发票抬头", "enter")
        body = agent.desk.directory.articles()[expected.id].body
        assert agent.screen.composer.text.startswith(body[:20])


async def test_a_note_never_becomes_a_reply(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("dear customer")
        await agent.does("note")
        assert agent.screen.composer.text == ""
        assert "只有同事看得到" in agent.sees()
        await agent.types("angry")
        await agent.does("note")
        assert agent.screen.composer.text == "dear customer"
        await agent.does("next_in_list")
        await agent.does("previous_in_list")
        assert agent.screen.composer.texts() == ("dear customer", "angry")
        assert not world.sent()


async def test_internal_articles_are_marked_and_never_suggested(world: World) -> None:
    async with sit_down(world) as agent:
        [hit] = agent.desk.finding.search("改地址前的身份核对", 1)
        assert hit.entry.internal
        await agent.does("next_urgent")
        await agent.does("find")
        await agent.types("改地址前的身份核对")
        await agent.press("enter")
        assert agent.screen.composer.text == ""
        assert any("内部" in notice for notice in agent.notices())


async def test_a_note_from_the_list_is_for_the_row_under_the_cursor(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("to c1")
        await agent.press("escape")
        agent.screen.queue.move_to(ConversationId("c3"))
        await agent.press("n")
        assert agent.screen.current == "c3" and agent.screen.composer.note


async def test_a_note_that_is_taken_back_is_not_lost(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("a reply")
        await agent.does("note")
        await agent.types("aside")
        await agent.press("enter")
        await agent.press("escape")  # what was typed would be undone first
        await agent.does("undo")
        assert agent.screen.composer.texts() == ("a reply", "aside")
        assert agent.screen.composer.note


@pytest.mark.parametrize(
    ("intent", "keys"),
    [("assign", ["z", "h", "enter"]), ("snooze", ["1"]), ("set_type", ["enter"])],
)
async def test_what_is_asked_about_a_row_is_done_to_no_other(
    world: World, intent: str, keys: list[str]
) -> None:
    world.online("zhang")
    async with sit_down(world) as agent:
        assert agent.screen.queue.cursor == "c1"
        await agent.does(intent)
        await agent.hears(world.feed([("c1", e.Claimed(COLLEAGUE.id, 1))]))  # it leaves the list
        await agent.until(lambda: agent.screen.queue.cursor == "c2")
        await agent.press(*keys)
        assert {order.conversation for order in world.sent()} <= {"c1"}


async def test_what_is_done_to_another_row_leaves_the_open_chat_alone(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.press("escape")
        agent.screen.queue.move_to(ConversationId("c3"))
        await agent.does("snooze")
        await agent.press("1")
        assert [order.conversation for order in world.sent()] == ["c3"]
        assert agent.screen.current == "c1"


async def test_a_suggestion_from_the_list_holds_no_other_chats_words(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("only for c1")
        await agent.press("escape")
        agent.screen.queue.move_to(ConversationId("c3"))
        await agent.press("E")
        assert "only for c1" not in agent.app.screen.query_one("#write-body", TextArea).text


async def test_assigning_away_closes_the_chat(world: World) -> None:
    world.online("zhang")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("assign")
        await agent.types("zhang")
        await agent.press("enter")
        assert agent.screen.current is None


async def test_help_explains_the_signs(world: World) -> None:
    async with sit_down(world, size=(120, 60)) as agent:
        await agent.does("help")
        await agent.until(lambda: "Ctrl+N" in agent.sees())
        page = str(agent.app.screen.query_one("#help-keys", Static).content)
        legend = page[page.index("列表里的符号") :]
        assert {*fmt.STATES.values(), *IDLE_SIGNS.values(), "!!", "*3", "x1"} <= {
            part.split("(")[0] for part in legend.split()
        }
        await agent.types("未读")
        await agent.until(lambda: "*3" in agent.sees())
        await agent.press("ctrl+u")
        await agent.types("符号")
        await agent.until(lambda: "*3" in agent.sees() and "[x]" in agent.sees())

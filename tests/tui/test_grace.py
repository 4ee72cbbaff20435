"""The product's own three seconds: the main flows, shown, taken back, and left in time."""

from __future__ import annotations

from pathlib import Path

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.commands import text_of
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Status
from agent_tui.lang import Both
from agent_tui.store.grace import Kept
from tests import factories as f
from tests.tui.driver import ME, Person, World, sit_down

C1, C2 = ConversationId("c1"), ConversationId("c2")
GRACE = 3.0


def waiting(world: World) -> list[Kept]:
    return world.outbox.grace.rows()


async def passes(agent: Person, seconds: float = GRACE) -> None:
    """Time goes by, and the clock's tick comes."""
    agent.world.clock.now += round(seconds * 1000)
    agent.screen.grace.tick()
    await agent.pilot.pause()


async def answers(agent: Person, text: str) -> None:
    """The most urgent chat gets `text`."""
    await agent.does("next_urgent")
    await agent.types(text)
    await agent.press("enter")


def status(agent: Person, key: ConversationId) -> Status:
    state = agent.desk.conversation(key)
    assert state is not None
    return state.status


async def test_a_reply_waits_shown_and_leaves_at_its_moment(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "hello")
        assert not world.sent()
        (row,) = waiting(world)
        assert text_of(row.command) == "hello"
        assert agent.screen.composer.text == "" and not world.outbox.drafts.all()
        seen = agent.sees()
        assert "hello" in seen and "3 秒" in seen and "Ctrl+Z" in seen
        state = agent.desk.conversation(C1)
        assert state is not None and (state.assignee, state.waiting) == (ME.id, 0)
        await passes(agent, 2.9)
        assert not world.sent()
        await passes(agent, 0.1)
        (order,) = world.sent()
        assert text_of(order.command) == "hello" and not waiting(world)
        assert "等待发送" in agent.sees()


async def test_it_leaves_by_itself(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "hello")
        world.clock.now += 3000
        await agent.until(world.sent)  # nobody ticks: its own timer does


async def test_undo_puts_it_back_before_what_was_typed_since(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "first")
        await agent.types("second")
        await agent.does("undo")
        assert agent.screen.composer.text == "first\nsecond"
        assert not waiting(world)
        await passes(agent)
        assert not world.sent()
        assert any("回复" in notice for notice in agent.notices())
        await agent.press("enter")
        await passes(agent)
        assert [text_of(order.command) for order in world.sent()] == ["first\nsecond"]


async def test_one_may_answer_others_meanwhile_and_come_back_to_it(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "one")
        await agent.does("next_urgent")
        assert agent.screen.current == C2
        await agent.does("claim")
        assert [order.conversation for order in world.sent()] == [C2]  # not delayed
        await agent.does("undo")
        await agent.does("undo")
        assert agent.screen.current == C1
        assert agent.screen.composer.text == "one"


async def test_newest_first_the_resolve_then_the_reply(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "bye")
        await agent.does("resolve_next")
        assert [type(row.command) for row in waiting(world)] == [c.SendReply, c.SetStatus]
        assert status(agent, C1) is Status.RESOLVED
        await agent.does("undo")
        assert status(agent, C1) is Status.OPEN
        assert [text_of(row.command) for row in waiting(world)] == ["bye"]
        await agent.does("undo")
        assert (agent.screen.current, agent.screen.composer.text) == (C1, "bye")
        assert not waiting(world) and not world.sent()


async def test_send_and_next(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        await agent.types("one")
        await agent.does("send_next")
        assert agent.screen.current == C2
        assert any("撤" in notice for notice in agent.notices())
        await agent.types("two")
        await agent.does("send_next")
        assert [text_of(row.command) for row in waiting(world)] == ["one", "two"]
        await agent.does("undo")
        assert (agent.screen.current, agent.screen.composer.text) == (C2, "two")
        await agent.does("undo")
        assert (agent.screen.current, agent.screen.composer.text) == (C1, "one")


async def test_send_and_resolve_of_nothing_names_the_key_that_only_resolves(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("send_resolve_next")
        await agent.does("send_next")
        assert agent.notices() == ["还没有写内容；Ctrl+D 直接解决", "还没有写内容"]
        assert status(agent, C1) is Status.OPEN and not world.sent()


async def test_send_resolve_and_next_is_one_step(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        await agent.types("done")
        await agent.does("send_resolve_next")
        assert agent.screen.current == C2
        (row,) = waiting(world)
        assert isinstance(row.command, c.Batch)
        assert status(agent, C1) is Status.RESOLVED
        await agent.does("undo")
        assert status(agent, C1) is Status.OPEN
        assert (agent.screen.current, agent.screen.composer.text) == (C1, "done")
        await agent.does("send_resolve_next")
        await passes(agent)
        (order,) = world.sent()
        world.outbox.handing.over([order])
        await agent.does("undo")  # the reply is with the customer; the chat can be opened again
        assert [type(each.command) for each in world.sent()] == [c.Batch, c.SetStatus]
        assert any("回复已送出，收不回；其余已撤销" in notice for notice in agent.notices())
        assert status(agent, C1) is Status.OPEN and order.number == world.sent()[0].number


async def test_too_late_is_said_once(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        await agent.does("claim")
        await agent.types("gone")
        await agent.press("enter")
        await passes(agent)
        world.outbox.handing.over(world.outbox.pending())
        await agent.does("undo")
        assert any("没回音" in notice for notice in agent.notices())
        assert agent.desk.conversation(C1).assignee == ME.id  # type: ignore[union-attr]
        await agent.does("undo")
        assert agent.desk.conversation(C1).assignee is None  # type: ignore[union-attr]


async def test_offline_a_reply_that_waits_comes_back_to_the_composer(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        await agent.types("not yet")
        await agent.press("enter")
        await passes(agent)
        world.clock.now += 600_000
        assert agent.desk.pending.unsent and "等待发送" in agent.sees()
        await agent.does("undo")
        assert agent.screen.composer.text == "not yet" and not world.sent()
        assert any("已撤销" in notice for notice in agent.notices())


async def test_a_macro_comes_back_with_what_it_does(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        await agent.does("macro_f3")
        await agent.types("1234567890")
        await agent.press("enter")
        await agent.press("enter")
        (row,) = waiting(world)
        assert isinstance(row.command, c.Batch)
        await agent.does("undo")
        assert not waiting(world) and "1234567890" in agent.screen.composer.text
        await agent.press("enter")
        (again,) = waiting(world)
        assert isinstance(again.command, c.Batch)
        assert again.command.parts[1:] == row.command.parts[1:]


async def test_a_note_and_a_second_reply_line_up(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "one")
        await agent.does("note")
        await agent.types("memo")
        await agent.press("enter")
        await agent.types("two")
        await agent.press("enter")
        assert [text_of(row.command) for row in waiting(world)] == ["one", "memo", "two"]
        await passes(agent)
        assert [text_of(order.command) for order in world.sent()] == ["one", "memo", "two"]


async def test_everything_else_done_to_the_chat_lines_up_and_is_undone_first(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "one")
        await agent.does("tag")
        await agent.types("退款")
        await agent.press("enter")
        await agent.does("set_type")
        await agent.press("enter")
        await agent.does("snooze")
        await agent.press("1")
        kinds = [type(row.command) for row in waiting(world)]
        assert kinds == [c.SendReply, c.Tag, c.SetType, c.SetStatus]
        assert not world.sent() and status(agent, C1) is Status.SNOOZED
        for left in (3, 2, 1, 0):
            await agent.does("undo")
            assert len(waiting(world)) == left
        state = agent.desk.conversation(C1)
        assert state is not None and (state.tags, state.status) == ((), Status.OPEN)
        assert agent.screen.composer.text == "one" and not world.sent()


async def test_an_answer_that_was_found_waits_as_well(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        await agent.does("find")
        await agent.types("?运费险")
        await agent.press("enter", "enter")
        (row,) = waiting(world)
        assert isinstance(row.command, c.SendReply) and row.command.sources
        await agent.does("undo")
        await agent.press("enter")
        (again,) = waiting(world)
        assert isinstance(again.command, c.SendReply)
        assert again.command.sources == row.command.sources


async def test_a_deed_on_many_lets_what_came_first_go_first(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "one")
        left = agent.desk.doing.do_all(
            [(C1, c.Tag("a")), (C2, c.Tag("a"))], title=Both("标签", "tag")
        )
        assert not left and not waiting(world)
        kinds = [type(order.command) for order in world.sent()]
        assert kinds == [c.SendReply, c.Tag, c.Tag]


async def test_leaving_sends_what_was_sent(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "x")
        await agent.does("quit")
        assert [text_of(order.command) for order in world.sent()] == ["x"]
        assert "发件箱" in agent.sees()


async def test_after_a_crash_it_is_a_draft(world: World, tmp_path: Path) -> None:
    dead = type(world.outbox)(tmp_path / "outbox.db")
    reply = f.reply("m1", "没发出")
    dead.grace.hold(reply, C1, world.clock.now, 3000)
    dead.grace.hold(c.SetStatus(Status.RESOLVED), C1, world.clock.now, 0)
    world.outbox.drafts.save(C1, "正在写", world.clock.now)
    dead.close()  # its lock goes, as with the process
    world.clock.now += 60_000
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        assert agent.screen.composer.text == "没发出\n正在写"
        assert status(agent, C1) is Status.OPEN
        assert not world.sent() and not waiting(world)
        (notice,) = [each for each in agent.notices() if "草稿" in each]
        assert "王女士" in notice and "已解决" in notice


async def test_another_window_leaves_it_alone(world: World, tmp_path: Path) -> None:
    other = type(world.outbox)(tmp_path / "outbox.db")
    other.grace.hold(f.reply("m1", "别人的窗口"), C1, world.clock.now, 3000)
    async with sit_down(world, grace=GRACE) as agent:
        await agent.does("next_urgent")
        assert "别人的窗口" in agent.sees()
        await passes(agent, 60)
        assert not world.sent() and len(waiting(world)) == 1
        await agent.does("undo")
        assert len(waiting(world)) == 1
    other.close()


async def test_without_grace_it_leaves_at_once(world: World) -> None:
    async with sit_down(world) as agent:
        await answers(agent, "now")
        assert [text_of(order.command) for order in world.sent()] == ["now"]


async def test_what_comes_home_meanwhile_is_shown_with_it(world: World) -> None:
    async with sit_down(world, grace=GRACE) as agent:
        await answers(agent, "hello")
        wrote = e.CustomerWrote(message=MessageId("late"), text="还有一件事")
        await agent.hears(world.feed([("c1", wrote)]))
        seen = agent.sees()
        assert "还有一件事" in seen and "hello" in seen
        await passes(agent)
        (order,) = world.sent()
        assert isinstance(order.command, c.SendReply) and order.command.seen == 2


async def test_undo_says_what_stands_against_it(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("resolve_next")
        await agent.press("enter")
        order = world.sent()[-1]
        back: list[tuple[str | None, e.FeedEvent]] = [
            (C1, e.StatusSet(Status.RESOLVED)),
            (C1, e.Reopened(was=Status.RESOLVED, fresh=True)),
            (C1, e.CustomerWrote(message=MessageId("m9"), text="还有")),
        ]
        await agent.hears(world.feed(back, done=order.number))
        await agent.does("undo")
        name = agent.desk.conversation(C1).customer.name  # type: ignore[union-attr]
        (said,) = [each for each in agent.notices() if "没能撤销" in each]
        assert said.endswith(f"{name} 又来消息，会话已自动回来")

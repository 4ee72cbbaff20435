"""My live chats: numbers that stay, going around, going back; and what the queue's rows show."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Channel, Customer, Priority, Status
from agent_tui.tui import first, listing
from agent_tui.tui.ring import SLOTS, Slots, Trail
from agent_tui.tui.tiles import Places
from agent_tui.tui.widgets.panels import ChatHeader
from tests.tui.driver import ME, Person, World, sit_down


def key(name: str) -> ConversationId:
    return ConversationId(name)


def assigned(world: World, *keys: str, agent: str | None = ME.id) -> None:
    """These chats are given to an agent, in this order."""
    for each in keys:
        given = e.Assigned(agent=agent, team="after-sales", epoch=world.seq)  # type: ignore[arg-type]
        world.feed([(each, given)])
        world.clock.now += 1000


def header(agent: Person) -> str:
    return str(agent.screen.query_one("#header", ChatHeader).content)


# --- numbers -------------------------------------------------------------------------------------


def test_a_freed_number_goes_to_who_waits_and_an_old_one_comes_back() -> None:
    slots = Slots()
    slots.follow({key(f"c{n}"): True for n in range(1, 11)})
    assert slots.ring() == [f"c{n}" for n in range(1, 11)]
    assert key("c10") not in slots.numbers
    slots.follow({key("c4"): False})
    assert slots.numbers[key("c10")] == 4
    slots.follow({key("c7"): False})
    assert 7 not in slots.numbers.values()
    slots.follow({key("c7"): True})
    assert slots.numbers[key("c7")] == 7


def test_numbers_survive_a_restart() -> None:
    slots = Slots()
    slots.follow({key("a"): True, key("b"): True, key("c"): True})
    slots.follow({key("b"): False})
    again = Slots()
    again.recall(slots.kept())
    again.follow({key("new"): True, key("c"): True, key("a"): True})
    assert again.numbers == {"a": 1, "c": 3, "new": 2}


names = st.integers(0, 15).map(lambda n: key(f"c{n}"))


@given(st.lists(st.dictionaries(names, st.booleans(), max_size=5), max_size=20))
def test_a_number_stays_with_its_chat(steps: list[dict[ConversationId, bool]]) -> None:
    slots = Slots()
    here: set[ConversationId] = set()
    for step in steps:
        before = dict(slots.numbers)
        changed = slots.follow(step)
        here = (here | {k for k, on in step.items() if on}) - {
            k for k, on in step.items() if not on
        }
        assert changed == (before != slots.numbers)
        assert set(slots.ring()) == here and len(slots.ring()) == len(here)
        assert len(set(slots.numbers.values())) == len(slots.numbers) == min(SLOTS, len(here))
        for kept in before.keys() & here:
            assert slots.numbers[kept] == before[kept]


async def test_digits_open_my_chats(world: World) -> None:
    assigned(world, "c2", "c3")
    async with sit_down(world) as agent:
        assert "  1  where is my parcel" in agent.sees()
        await agent.press("2")
        assert agent.screen.current == "c3"
        assert header(agent).startswith("2 小鹿")
        await agent.press("escape", "9")
        assert agent.screen.current == "c3"
        assert any("9" in notice for notice in agent.notices())
        await agent.press("1")
        assert agent.screen.current == "c2"


async def test_a_claimed_chat_gets_a_number_and_a_resolved_one_gives_it_back(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("claim")
        assert agent.screen.ring.slots.numbers == {"c1": 1}
        assert header(agent).startswith("1 王女士")
        await agent.does("resolve_next")
        await agent.press("enter")  # nobody has answered it
        assert agent.screen.ring.slots.numbers == {}
        await agent.does("undo")
        assert agent.screen.ring.slots.numbers == {"c1": 1}


@pytest.mark.parametrize(
    ("width", "told"),
    [(120, "web · 售后 · @zhang"), (170, "web · 售后 · @zhang · 尺码")],
)
async def test_a_late_chat_still_says_whose_it_is(world: World, width: int, told: str) -> None:
    world.feed([("c3", e.TypeSet("size"))])
    assigned(world, "c3", agent="zhang")
    world.clock.now += 300_000
    async with sit_down(world, size=(width, 30)) as agent:
        agent.screen.open(key("c3"))
        await agent.press("escape")
        assert header(agent).startswith(f"小鹿  {told} ")
        assert header(agent).endswith(" 首次响应超时 2:21 !!")


async def test_around_the_ring_and_back(world: World) -> None:
    assigned(world, "c1", "c2", "c3")
    async with sit_down(world) as agent:
        seen = []
        for intent in ("ring_next", "ring_next", "ring_next", "ring_next", "ring_previous"):
            await agent.does(intent)
            seen.append(agent.screen.current)
        assert seen == ["c1", "c2", "c3", "c1", "c3"]
        await agent.does("back_chat")
        assert agent.screen.current == "c1"
        await agent.does("back_chat")
        assert agent.screen.current == "c3"
        await agent.press("escape", "b")
        assert agent.screen.current == "c1"


async def test_the_most_urgent_and_back_are_one_key_each(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.press("end", "enter")
        assert agent.screen.current == "c3"
        await agent.does("next_urgent")
        assert agent.screen.current == "c1"
        await agent.does("back_chat")
        assert agent.screen.current == "c3"


async def test_back_passes_over_what_is_gone(world: World) -> None:
    async with sit_down(world) as agent:
        for row in ("c1", "c2", "c3"):
            agent.screen.open(key(row))
        await agent.hears(world.feed([("c2", e.ConversationLeft(key("c2")))]))
        await agent.does("back_chat")
        assert agent.screen.current == "c1"


def test_a_trail_holds_each_chat_once() -> None:
    trail = Trail()
    for name in ("a", "b", "a", "c"):
        trail.leave(key(name))
    assert trail.before(key("d")) == ["c", "a", "b"]
    assert trail.before(key("c")) == ["a", "b"]


def test_the_first_picture_keeps_the_ring_and_old_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "first.json"
    first.save(path, first.First(("x",), "desk-dark", "zh", ("c1", "", "c3")))
    assert first.load(path).ring == ("c1", "", "c3")
    path.write_text('{"lines": ["x"], "theme": "desk-dark", "language": "zh"}')
    assert first.load(path) == first.First(("x",))


# --- places side by side -------------------------------------------------------------------------


def test_a_place_changes_hands_only_when_its_chat_is_done() -> None:
    places = Places()
    places.resize(3)
    places.open(key("b"))
    places.fill([key(name) for name in "abcd"])
    assert (places.keys, places.active) == (["b", "a", "c"], 0)
    places.fill([key(name) for name in "dcba"])
    assert places.keys == ["b", "a", "c"]
    places.fill([key(name) for name in "dcb"])  # a is done
    assert places.keys == ["b", "d", "c"]
    places.open(key("c"))
    assert (places.keys, places.active) == (["b", "d", "c"], 2)
    places.open(key("x"))  # somebody else's: it is looked at where one was
    places.fill([key(name) for name in "dcb"])
    assert places.keys == ["b", "d", "x"]
    places.open(key("d"))
    places.fill([key(name) for name in "dcb"])
    assert places.keys == ["b", "d", "c"]
    places.resize(1)
    assert (places.keys, places.active) == (["d"], 0)


# --- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_row_shows_all_that_matters(world: World, size: tuple[int, int]) -> None:
    customer = Customer("vm", "Ann", tier="VIP")  # type: ignore[arg-type]
    mail = e.ConversationOpened(customer, "web", Channel.MAIL, "after-sales", customer.id)  # type: ignore[arg-type]
    world.feed([("m1", mail), ("m1", e.CustomerWrote(message="m1", text="Invoice"))])  # type: ignore[arg-type]
    world.feed([("m1", e.TypeSet(type="refund"))])
    assigned(world, "m1")
    assigned(world, "c2", agent="zhang")
    async with sit_down(world, size=size) as agent:
        await agent.does("choose_view")
        await agent.press("down", "down", "down", "enter")  # all
        width = agent.screen.queue.size.width
        lines = [line[:width] for line in agent.sees().splitlines()]
        own = next(n for n, line in enumerate(lines) if "VIP Ann" in line)
        assert "*1" in lines[own] and "h" in lines[own]  # unread, and hours left
        below = lines[own + 1]
        assert below.startswith("  1  ") and "邮件: Inv" in below
        assert "退款" in (lines[own] if size[0] > 80 else below)
        theirs = next(n for n, line in enumerate(lines) if "Tom B." in line)
        assert "*1" in lines[theirs] and "@zhang" in "".join(lines[theirs : theirs + 2])
        world.clock.now += 100_000
        await agent.until(lambda: "!    0:" in agent.sees())
        world.clock.now += 100_000
        await agent.until(lambda: "!!  -0:" in agent.sees())


async def test_views_of_what_waits_and_of_what_is_unsent(world: World) -> None:
    assigned(world, "c1", "c2", "c3")
    async with sit_down(world) as agent:
        await agent.press("1")
        await agent.does("pending")
        assert "王女士 还在等回复" in agent.sees()  # nobody is told to wait who was not answered
        await agent.press("y")
        await agent.press("escape", "2")
        await agent.types("half")
        await agent.press("escape", "3")
        await agent.does("snooze")
        await agent.press("1")
        titles = {}
        for row, view in enumerate(("work", "mine", "team", "all", "waiting", "snoozed", "unsent")):
            await agent.press("escape")
            await agent.does("choose_view")
            await agent.press("home", *["down"] * row, "enter")
            titles[view] = (agent.screen.listing.view, sorted(agent.screen.queue.order()))
        pending = agent.desk.conversation(key("c1"))
        assert pending is not None and pending.status is Status.PENDING
        assert titles == {
            "work": ("work", ["c1", "c2"]),
            "mine": ("mine", ["c1", "c2"]),
            "team": ("team", []),
            "all": ("all", ["c1", "c2"]),
            "waiting": ("waiting", ["c1"]),
            "snoozed": ("snoozed", ["c3"]),
            "unsent": ("unsent", ["c1", "c2", "c3"]),  # offline: every deed waits to be sent
        }


async def test_a_filter_over_all_sections_and_snoozed_ones_is_drawn(world: World) -> None:
    assigned(world, "c1", "c2")
    snooze = e.StatusSet(Status.SNOOZED, until=world.clock.now + 10**8)
    world.feed([("c2", snooze)])
    async with sit_down(world) as agent:
        agent.screen.filtering.use("status:open,snoozed")
        await agent.pilot.pause()
        assert set(agent.screen.queue.order()) == {"c1", "c2", "c3"}
        assert "── 我的 1" in agent.sees()


async def test_a_filter_follows_what_changes_and_what_time_does(world: World) -> None:
    async with sit_down(world) as agent:
        agent.screen.filtering.use("waiting>2m")
        assert agent.screen.queue.order() == []
        world.clock.now += 70_000
        agent.screen.listing.reorder()
        assert agent.screen.queue.order() == ["c1"]
        agent.screen.filtering.use("tag:late")
        await agent.hears(world.feed([("c2", e.Tagged("late"))]))
        assert agent.screen.queue.order() == ["c2"]
        await agent.hears(world.feed([("c2", e.Untagged("late"))]))
        assert agent.screen.queue.order() == []


async def test_the_open_row_is_seen_as_such_and_words_change_with_the_language(
    world: World,
) -> None:
    async with sit_down(world) as agent:
        for key_ in ("c1", "c2"):
            agent.screen.open(key(key_))
            await agent.press("escape", "end")  # the cursor is elsewhere: c3

        def background(text: str) -> object:
            strips = agent.app.screen._compositor.render_strips()
            line = next(strip for strip in strips if text in strip.text[:36])
            return next(s.style.bgcolor for s in line if s.style and text[:3] in s.text)

        plain = background("── 待认领")
        assert background("王女士") == plain != background("Tom B.")
        assert "待认领 3" in agent.sees()
        await agent.press("L")
        assert "unclaimed 3" in agent.sees()


async def test_in_a_long_list_rows_change_where_they_are_until_it_is_sorted_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MANY", 0)
    monkeypatch.setattr(listing, "EVERY", 2.0)
    async with sit_down(world) as agent:
        queue = agent.screen.queue
        given, before = agent.desk.queue.shown(agent.screen.listing.view), queue.order()
        weights = [row.weight for row in given]
        agent.screen.listing.reorder()
        agent.desk.do(before[-1], c.SetPriority(Priority.URGENT))
        assert queue.order() == before
        queue.move_to(before[-1])
        row = queue.row_at_cursor()
        assert row is not None
        assert row.weight > weights[-1]
        assert [row.weight for row in given] == weights  # the desk's own list is left alone
        queue.unfreeze()
        await agent.until(lambda: queue.order() != before)
        assert queue.order() == [
            row.id for row in agent.desk.queue.shown(agent.screen.listing.view)
        ]


# --- the most urgent -----------------------------------------------------------------------------


async def test_pressed_again_it_goes_through_everybody(world: World) -> None:
    assigned(world, "c1", "c2")  # the third is nobody's yet
    async with sit_down(world) as agent:
        seen = []
        for _ in range(6):
            await agent.does("next_urgent")
            seen.append(agent.screen.current)
        assert seen == ["c1", "c2", "c3"] * 2


async def test_whoever_was_passed_by_is_next_once_one_was_answered(world: World) -> None:
    assigned(world, "c1", "c2")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("next_urgent")
        assert agent.screen.current == "c2"
        agent.screen.composer.put("On its way.")
        await agent.press("enter")
        await agent.until(lambda: any(order.conversation == "c2" for order in world.sent()))
        await agent.does("next_urgent")
        assert agent.screen.current == "c1"


async def test_alt_and_a_number_beyond_the_answers_open_the_chat(world: World) -> None:
    for number in range(4, 7):
        world.chat(f"c{number}", f"Customer {number}", "hello")
    assigned(world, *(f"c{number}" for number in range(1, 7)))
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.press("alt+5")
        assert (agent.screen.current, agent.screen.composer.text) == ("c5", "")

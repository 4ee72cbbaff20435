"""The keystroke budget: real keys, targets drawn from a seed, judged by what the server knows."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_tui.bootstrap import now_ms
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Agent, Article, MessageKind, Status
from agent_tui.macros.model import Macro
from agent_tui.macros.slots import KEYS
from agent_tui.tui import format as fmt
from agent_tui.tui.commands import BY_ID as INTENTS
from agent_tui.tui.commands.labels import COMMON_TAGS
from tests.floor import Floor, shop
from tests.tui.budget import TASKS, table
from tests.tui.seat import Seat, seated

SEEDS = (1, 2, 3)
SIZES = ((80, 24), (120, 36), (200, 60))
NAMES = ("王女士", "Tom B.", "小鹿", "陈先生", "Anna K.", "李雷", "韩梅梅", "周舟")
LINES = ("我的快递到哪了", "where is my parcel", "M 还是 L 呢", "收到的杯子碎了", "想退货")
Floors = Callable[[], Floor]
seeded = pytest.mark.parametrize("seed", SEEDS)


@pytest.fixture(scope="module")
def floors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floors]:
    """One server for all of them."""
    with shop(tmp_path_factory.mktemp("shop"), 40) as found:
        yield found


class Draw:
    """A floor of customers, and what a seed picks of it."""

    def __init__(self, floors: Floors, seed: int, chats: int = 5) -> None:
        self.chance = random.Random(seed)
        self.floor = floors()
        self.size = SIZES[seed % len(SIZES)]
        self.keys = [
            self.floor.chat(name, self.chance.choice(LINES))
            for name in self.chance.sample(NAMES, chats)
        ]

    def mine(self, count: int) -> list[ConversationId]:
        """So many chats become the agent's; those who have waited longest first."""
        picked = self.chance.sample(self.keys, count)
        for key in picked:
            self.floor.gives(key, self.floor.me)
        return [key for key in self.keys if key in picked]

    def damaged(self, text: str) -> str:
        """With one character left out, and not the first."""
        at = self.chance.randrange(1, len(text))
        return text[:at] + text[at + 1 :]


async def opens_one(seat: Seat, draw: Draw) -> ConversationId:
    """Any chat, by moving to it: not part of the task."""
    for _ in range(draw.chance.randrange(len(draw.keys))):
        await seat.press("down")
    await seat.press("enter")
    assert seat.screen.current is not None
    return seat.screen.current


def spoken(macro: Macro) -> str:
    """The longest piece of a macro's text that is always there."""
    pieces = re.split(r"\{\{.*?\}\}|\{%.*?%\}", macro.body, flags=re.DOTALL)
    return max((line.strip() for piece in pieces for line in piece.splitlines()), key=len)


@seeded
async def test_the_most_urgent_of_mine_opens(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed, chats=7)
    longest, *_ = draw.mine(3)
    async with seated(draw.floor, tmp_path, chats=7, size=draw.size) as seat:
        await seat.performs("urgent")
        assert seat.screen.current == longest
        assert seat.screen.composer.has_focus
        assert seat.state(longest).customer.name in seat.sees()


@seeded
async def test_a_slot_key_inserts_and_enter_sends(
    floors: Floors, tmp_path: Path, seed: int
) -> None:
    draw = Draw(floors, seed)
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        key = await opens_one(seat, draw)
        macros = seat.desk.macros.library().offered("zh", fmt.local(seat.desk.clock()))
        on_keys = {each.head.key: each for each in macros if not each.head.ask}
        slot = draw.chance.choice([each for each in KEYS if each in on_keys])
        await seat.performs("slot", slot=slot)
        wanted = spoken(on_keys[slot])
        visitor = draw.floor.visitors[key]
        await seat.until(lambda: any(wanted in text for text in visitor.texts()))


@seeded
async def test_any_macro_is_found_by_fuzzy_text(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed)
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        await opens_one(seat, draw)
        offered = seat.desk.macros.library().offered("zh", fmt.local(seat.desk.clock()))
        macro = draw.chance.choice([each for each in offered if not each.head.ask])
        await seat.performs("macro", "/" + draw.damaged(macro.head.title))
        assert spoken(macro) in seat.screen.composer.text


@seeded
async def test_an_article_is_found_and_inserted(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed)
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        await opens_one(seat, draw)
        article = draw.chance.choice([*filter(_sayable, seat.desk.directory.articles().values())])
        await seat.performs("article", "?" + draw.damaged(article.title))
        assert seat.screen.composer.text.strip() == article.body.strip()


def _sayable(article: Article) -> bool:
    today = fmt.local(now_ms()).date().isoformat()
    valid = article.valid_from <= today <= (article.valid_to or today)
    return article.lang == "zh" and article.audience == "public" and valid


@seeded
async def test_a_chat_goes_to_a_colleague(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed)
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        key = await opens_one(seat, draw)
        colleague: Agent = draw.chance.choice(draw.floor.colleagues)
        draw.floor.opens_the_doors()  # who is offline is asked about first
        await seat.until(lambda: not seat.screen.bulk.is_out(colleague.id))
        await seat.performs("assign", draw.chance.choice([colleague.id, colleague.name]))
        assert seat.state(key).assignee == colleague.id
        await seat.until(lambda: draw.floor.state(key).assignee == colleague.id)


@seeded
async def test_a_tag_is_added(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed)
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        key = await opens_one(seat, draw)
        tag = draw.chance.choice([*COMMON_TAGS, "从没用过"])
        await seat.performs("tag", tag)
        await seat.until(lambda: draw.floor.state(key).tags == (tag,))


@seeded
async def test_resolved_the_next_opens_and_undo_takes_it_back(
    floors: Floors, tmp_path: Path, seed: int
) -> None:
    draw = Draw(floors, seed, chats=6)
    first, second, *_ = draw.mine(3)
    async with seated(draw.floor, tmp_path, chats=6, size=draw.size) as seat:
        await seat.performs("urgent")
        assert seat.screen.current == first
        await seat.types("ok")
        await seat.press("enter")  # or the key asks whether it is to be solved unanswered
        await seat.performs("resolve")
        assert seat.screen.current == second
        await seat.until(lambda: draw.floor.state(first).status is Status.RESOLVED)
        await seat.does("undo")
        await seat.until(lambda: draw.floor.state(first).status is Status.OPEN)


@seeded
async def test_a_chat_sleeps_until_tomorrow(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed)
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        key = await opens_one(seat, draw)
        morning = fmt.tomorrow(seat.desk.clock(), seat.screen.config.interface.snooze_hour)
        await seat.performs("snooze")
        state = draw.floor.state
        await seat.until(lambda: state(key).status is Status.SNOOZED)
        assert state(key).until == morning
        assert key not in seat.screen.queue.order()


@seeded
async def test_a_note_is_for_colleagues_only(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed)
    words = f"notes{seed}"
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        key = await opens_one(seat, draw)
        before = draw.floor.visitors[key].texts()
        await seat.performs("note", words)

        def noted() -> bool:
            lines = draw.floor.serving.messages(key)
            return any(line.text == words and line.kind is MessageKind.NOTE for line in lines)

        await seat.until(noted)
        assert draw.floor.visitors[key].texts() == before


@seeded
async def test_ten_chats_are_reassigned(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed, chats=4)
    owner, *others = draw.chance.sample(draw.floor.colleagues, 3)
    ten = [draw.floor.chat(f"顾客{number}", "在吗") for number in range(10)]
    for key in ten:
        draw.floor.gives(key, owner)
    draw.floor.opens_the_doors()
    async with seated(draw.floor, tmp_path, chats=14, size=draw.size) as seat:
        await seat.performs("ten", f"agent:{owner.id}")
        team = {agent.id for agent in (*draw.floor.colleagues, draw.floor.me)}

        def shared() -> bool:
            found = [draw.floor.state(key).assignee for key in ten]
            return owner.id not in found or len({*found}) > 1

        await seat.until(shared)
        found = [draw.floor.state(key).assignee for key in ten]
        assert {*found} <= team and {agent.id for agent in others} <= {*found}


@seeded
async def test_one_key_shows_the_last_order(floors: Floors, tmp_path: Path, seed: int) -> None:
    draw = Draw(floors, seed)
    numbers = {key: f"88{draw.chance.randrange(10**10):010}" for key in draw.keys}
    for key, number in numbers.items():
        draw.floor.sold(key, number, 2)
        draw.floor.sold(key, number[::-1], 40)
    async with seated(draw.floor, tmp_path, chats=5, size=draw.size) as seat:
        key = await opens_one(seat, draw)
        await seat.until(lambda: len(seat.desk.orders(key)) == 2)
        if draw.size == SIZES[0]:  # on a wider terminal it stands there without a key
            assert numbers[key] not in seat.sees()
            await seat.performs("order")
        await seat.until(lambda: numbers[key] in seat.sees())


def test_every_budget_holds_by_its_own_steps() -> None:
    for task in TASKS:
        assert task.keys <= task.budget, task.id
        for step in task.steps:
            # A letter does for what is pressed in the list.
            keys = INTENTS[step.what].default_keys if step.kind == "intent" else step.kind
            assert keys or step.what == "mark_all", step


def test_every_task_is_performed_by_a_test() -> None:
    source = Path(__file__).read_text("utf-8")
    assert {task.id for task in TASKS} == {*re.findall(r'performs\(\s*"(\w+)"', source)}


def test_the_page_of_keys_shows_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
    assert table() in page

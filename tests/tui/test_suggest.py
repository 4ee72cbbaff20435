"""Suggesting articles from a chat, and what a lead does with them."""

from __future__ import annotations

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, SuggestionId
from agent_tui.domain.model import Article, Role, Suggestion
from agent_tui.domain.suggestions import _may_name
from agent_tui.tui.screens.review import ReviewScreen, compared
from agent_tui.tui.screens.suggest import LineScreen, WriteScreen
from agent_tui.tui.suggesting import new_name
from tests.tui.driver import World, sit_down


def suggested(article: str = "", version: str = "") -> e.ArticleSuggested:
    return e.ArticleSuggested(
        suggestion=SuggestionId("s1"),
        author=AgentId("zhang"),
        title="青禾保养卡",
        body="擦干即可。\n不要暴晒。",
        lang="zh",
        article=article,
        version=version,
        questions=("怎么保养",),
        reason="客户常问",
    )


async def test_a_correction_is_handed_in_and_can_be_taken_back(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可。")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("青禾保养卡")
        await agent.press("ctrl+e")
        assert isinstance(agent.app.screen, WriteScreen)
        await agent.press("ctrl+s")
        assert "还没有改动" in agent.sees()
        await agent.types("不要暴晒")
        await agent.press("tab")
        await agent.types("客户问过")
        await agent.press("ctrl+s")
        [order] = world.sent()
        assert order.command == c.SuggestArticle(
            suggestion=order.command.suggestion,  # type: ignore[union-attr]
            title="青禾保养卡",
            body="擦干即可。不要暴晒",
            lang="zh",
            article="made",
            version=agent.desk.directory.article("made").version,  # type: ignore[union-attr]
            reason="客户问过",
        )
        assert agent.screen.suggesting.waiting() == 1
        await agent.does("undo")
        assert agent.screen.suggesting.waiting() == 0


async def test_a_new_article_starts_from_the_chat(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("text")
        await agent.does("suggest_article")
        assert "运费谁出" in agent.sees() and "text" in agent.sees()
        await agent.press("shift+tab", "shift+tab")
        await agent.types("title")
        await agent.press("ctrl+s")
        [order] = world.sent()
        assert isinstance(order.command, c.SuggestArticle)
        assert (order.command.title, order.command.body) == ("title", "text")
        assert order.command.questions == ("运费谁出",)
        assert agent.screen.composer.text == "text"


async def test_a_new_article_keeps_the_language_of_its_chat(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("text")
        await agent.does("suggest_article")
        await agent.press("shift+tab", "shift+tab")
        await agent.types("title")
        # Meanwhile another chat is the one that keys mean: an English customer's.
        agent.screen.open(ConversationId("c2"))
        await agent.pilot.pause()
        assert agent.screen.doing.customer_language() == "en"
        await agent.press("ctrl+s")
        [order] = world.sent()
        assert isinstance(order.command, c.SuggestArticle)
        assert (order.conversation, order.command.lang) == ("c1", "zh")


async def test_what_is_missing_is_gone_to_and_said_no_longer_than_it_holds(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("suggest_article")
        await agent.press("tab", "ctrl+s")
        assert "标题和正文还空着" in agent.sees()
        assert agent.app.focused is not None and agent.app.focused.id == "write-title"
        await agent.types("t")
        assert "标题" in agent.sees() and "正文还空着" in agent.sees()
        assert "标题和" not in agent.sees()
        await agent.press("ctrl+s")
        assert agent.app.focused is not None and agent.app.focused.id == "write-body"
        await agent.types("b")
        assert "空着" not in agent.sees() and isinstance(agent.app.screen, WriteScreen)
        await agent.press("ctrl+s")
        assert len(world.sent()) == 1


async def test_leaving_asks_only_when_something_was_typed(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("suggest_article")
        await agent.press("escape")
        assert agent.app.screen is agent.screen
        await agent.does("suggest_article")
        await agent.types("x")
        await agent.press("escape")
        assert "丢掉" in agent.sees()
        await agent.press("n")
        assert isinstance(agent.app.screen, WriteScreen)


async def test_a_refused_suggestion_keeps_its_words(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        for number in range(5):
            event = e.ArticleSuggested(
                suggestion=SuggestionId(f"s{number}"),
                author=AgentId("zhang"),
                title="t",
                body="b",
                lang="zh",
            )
            await agent.hears(world.feed([("c1", event)]))
        await agent.types("body")
        await agent.does("suggest_article")
        await agent.press("shift+tab", "shift+tab")
        await agent.types("title")
        await agent.press("ctrl+s")
        assert isinstance(agent.app.screen, WriteScreen)
        assert "title" in agent.sees() and any("5 条建议" in each for each in agent.notices())
        assert not world.sent()


async def test_a_lead_sees_the_count_and_publishes_after_editing(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可。")
    async with sit_down(world, size=(140, 36)) as agent:
        version = agent.desk.directory.article("made").version  # type: ignore[union-attr]
        await agent.hears(world.feed([("c2", suggested("made", version))]))
        assert "?1 建议 R" in agent.sees()
        await agent.does("review_suggestions")
        assert isinstance(agent.app.screen, ReviewScreen)
        seen = agent.sees()
        for words in ("修改 · 青禾保养卡 · 张敏", "理由：客户常问", "+ 不要暴晒。", "+ ？怎么保养"):
            assert words in seen
        await agent.press("e")
        await agent.types("好")
        await agent.press("ctrl+s")
        [order] = world.sent()
        assert order.conversation == "c2"
        assert order.command == c.AcceptSuggestion(
            suggestion=SuggestionId("s1"),
            article="made",
            title="青禾保养卡",
            body="擦干即可。\n不要暴晒。好",
            questions=("怎么保养",),
            version=version,
        )
        assert not isinstance(agent.app.screen, ReviewScreen)  # nothing waits any more
        assert "建议 R" not in agent.sees()
        await agent.does("undo")
        assert "“发布”做了就收不回" in agent.notices() and len(world.sent()) == 1


async def test_a_new_one_is_published_as_it_is_under_a_name(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.hears(world.feed([("c2", suggested())]))
        await agent.does("review_suggestions")
        await agent.press("a")
        [order] = world.sent()
        assert isinstance(order.command, c.AcceptSuggestion)
        assert (order.command.article, order.command.version) == ("desk/青禾保养卡", "")


async def test_declining_says_why(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.hears(world.feed([("c2", suggested())]))
        await agent.does("review_suggestions")
        await agent.press("d")
        assert isinstance(agent.app.screen, LineScreen)
        await agent.types("已有")
        await agent.press("enter")
        [order] = world.sent()
        assert order.command == c.DeclineSuggestion(SuggestionId("s1"), "已有")


async def test_only_leads_review(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.hears(world.feed([("c2", suggested())]))
        agent.desk.directory.me = msgspec.structs.replace(agent.desk.me, role=Role.AGENT)
        assert agent.screen.suggesting.waiting() == 0
        await agent.does("review_suggestions")
        assert agent.app.screen is agent.screen


def test_old_and_new_stand_side_by_side() -> None:
    old = Article("made", "青禾保养卡", "擦干即可。", "zh", version="v1")
    new = suggested("made", "v0")
    suggestion = Suggestion(
        id=new.suggestion,
        author=new.author,
        at=0,
        title="青禾保养",
        body=new.body,
        lang="zh",
        article="made",
        version="v0",
    )
    lines = ["".join(text for text, _ in line) for line in compared(old, suggestion, 60)]
    assert "又改过" in lines[0]
    assert any(line.startswith("- 青禾保养卡") and "+ 青禾保养" in line for line in lines)
    assert any(line.startswith("  擦干即可。") for line in lines)


def test_names_of_new_articles_are_taken_by_the_rules() -> None:
    titles = ("怎么 退货？", "a/b\\c ../..", "!!!", "x" * 300, "_under_", "-dash-")
    assert all(_may_name(new_name(title, "")) for title in titles)

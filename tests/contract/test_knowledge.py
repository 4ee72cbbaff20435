"""Knowledge on the server: where replies come from, suggestions, what is counted, versions."""

from __future__ import annotations

import itertools

from msgspec.structs import replace
from sqlalchemy import select

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, SuggestionId
from agent_tui.domain.model import Article, Status
from agent_tui.server import audit, clock, log, schema
from agent_tui.server.workspace import ChangeWorkspace
from tests import factories as f
from tests.driver import Serving, chat_key, conversation_of, new_id

_ids = itertools.count(1)
FREIGHT, HELLO = "article:returns/freight", "macro:greeting/hello"


def published(serving: Serving, **more: str) -> Article:
    """An article of its own, as a file would be."""
    key = f"k/{next(_ids)}"
    article = replace(f.article(id=key), version="v1", **more)
    serving.change(e.ArticleSaved(article))
    return article


def now(serving: Serving, key: str) -> Article | None:
    """What is published under that id."""
    for event in serving.agent().snapshot()[1]:
        if isinstance(event.body, e.ArticleSaved) and event.body.article.id == key:
            return event.body.article
    return None


def suggestion(article: Article | None = None, **more: str) -> c.SuggestArticle:
    return c.SuggestArticle(
        suggestion=SuggestionId(new_id()),
        title="新标题",
        body="新正文",
        lang="zh",
        article=article.id if article else "",
        version=article.version if article else "",
        **more,  # type: ignore[arg-type]
    )


def accepting(what: c.SuggestArticle, article: str, version: str = "") -> c.AcceptSuggestion:
    return c.AcceptSuggestion(what.suggestion, article, what.title, "定稿", version=version)


# --- where replies come from ---------------------------------------------------------------------


def test_sources_travel_with_the_reply_to_colleagues_and_not_to_the_customer(
    serving: Serving,
) -> None:
    visitor = serving.visitor()
    visitor.say("运费谁出")
    key = conversation_of(serving, visitor)
    anna, bo = serving.agent(), serving.agent("bo")
    since = bo.now()
    said = replace(f.reply(message=new_id()), sources=(FREIGHT, "a\x1b[31m\nb", HELLO, "x" * 201))
    anna.applied(key, said)
    kept = (FREIGHT, "a[31m b", HELLO)
    assert [m.sources for m in serving.messages(key)] == [(), kept]
    (sent,) = [x.body for x in bo.events(since) if isinstance(x.body, e.ReplySent)]
    assert sent.sources == kept
    (entered,) = [
        x.body
        for x in bo.snapshot()[1]
        if isinstance(x.body, e.ConversationEntered) and x.body.state.id == key
    ]
    assert entered.messages[-1].sources == kept
    assert "freight" not in str(visitor.sees())


def test_sources_survive_compaction(serving: Serving) -> None:
    key = chat_key(serving)
    anna = serving.agent()
    anna.applied(key, replace(f.reply(message=new_id()), sources=(FREIGHT,)))
    before = serving.messages(key)
    with serving.database.read() as connection:
        head = connection.execute(select(schema.workspace.c.head)).scalar_one()
        assert tuple(log.fold(connection, key, head)[1]) == before
    assert before[-1].sources == (FREIGHT,)


# --- suggestions ---------------------------------------------------------------------------------


def test_an_accepted_correction_is_published_in_the_same_moment(serving: Serving) -> None:
    article = published(serving, internal="看看板")
    key = chat_key(serving)
    anna, lee, lo = serving.agent(), serving.agent("lee"), serving.agent("lo")
    since, elsewhere = lee.now(), lo.now()
    what = suggestion(article, reason="旧了")
    anna.applied(key, what)
    assert [each.reason for each in serving.state(key).open_suggestions] == ["旧了"]
    lee.applied(key, accepting(what, article.id, "v1"))
    assert serving.state(key).open_suggestions == ()
    seen = [event.body for event in lee.events(since)]
    kinds = [type(body) for body in seen]
    # The article stands before the end of the command: who hears of that one has it.
    assert kinds[-2:] == [e.ArticleSaved, e.SuggestionSettled]
    saved = seen[-2]
    assert isinstance(saved, e.ArticleSaved)
    assert (saved.article.body, saved.article.internal) == ("定稿", "看看板")
    assert (saved.article.origin, saved.article.revised_by) == ("desk", "lee")
    assert saved.article.revised_at > f.NOW - f.DAY * 3650
    # Another team learns of the article, not of the chat.
    assert [type(x.body) for x in lo.events(elsewhere)] == [e.ArticleSaved]
    assert now(serving, article.id) == saved.article


def test_what_is_suggested_is_harmless_text(serving: Serving) -> None:
    key = chat_key(serving)
    what = replace(suggestion(), title="a\x1b]0;x\x07\nb", body="x\x1b[2Jy", questions=("q\u202e",))
    serving.agent().applied(key, what)
    (waiting,) = serving.state(key).open_suggestions
    assert (waiting.title, waiting.body, waiting.questions) == ("a]0;x b", "x[2Jy", ("q",))


def test_a_correction_of_what_changed_since_is_refused_and_waits_on(serving: Serving) -> None:
    article = published(serving)
    key = chat_key(serving)
    what = suggestion(article)
    serving.agent().applied(key, what)
    serving.change(e.ArticleSaved(replace(article, body="文件改了", version="v2")))
    lee = serving.agent("lee")
    (refused,) = lee.do(key, accepting(what, article.id, "v1"))
    assert (refused.outcome, refused.reason) == ("refused", "article_changed")
    assert len(serving.state(key).open_suggestions) == 1
    # The lead has compared it with the new version.
    lee.applied(key, accepting(what, article.id, "v2"))
    found = now(serving, article.id)
    assert found is not None and (found.body, found.file) == ("定稿", "v2")


def test_two_leads_do_not_both_publish(serving: Serving) -> None:
    """In one request, so surely in one batch: the second sees what the first published."""
    article = published(serving)
    one, two = chat_key(serving), chat_key(serving)
    first, second = suggestion(article), suggestion(article)
    anna, lee = serving.agent(), serving.agent("lee")
    anna.applied(one, first)
    anna.applied(two, second)
    answer = lee.send(
        [
            lee.order(one, accepting(first, article.id, "v1")),
            lee.order(two, accepting(second, article.id, "v1")),
        ]
    )
    assert [each.get("reason", "") for each in answer.body["results"]] == ["", "article_changed"]


def test_a_new_article_takes_a_free_name(serving: Serving) -> None:
    taken = published(serving)
    key = chat_key(serving)
    what = suggestion()
    serving.agent().applied(key, what)
    lee = serving.agent("lee")
    (refused,) = lee.do(key, accepting(what, taken.id))
    assert refused.reason == "article_exists"
    name = f"desk/{what.suggestion}"
    lee.applied(key, accepting(what, name))
    found = now(serving, name)
    assert found is not None
    assert (found.category, found.origin, found.file) == ("desk", "desk", "")


def age(serving: Serving, key: ConversationId) -> None:
    """As if a chat had been quiet for longer than snapshots reach back."""
    table = schema.conversation
    serving.run(ChangeWorkspace([], [(table.update().where(table.c.id == key), {"last_at": 0})]))


def test_a_suggestion_in_a_chat_that_was_long_quiet_reaches_the_lead(serving: Serving) -> None:
    key = chat_key(serving)
    anna, lee = serving.agent(), serving.agent("lee")
    anna.applied(key, f.reply(message=new_id()), c.SetStatus(Status.RESOLVED))
    age(serving, key)

    def held() -> bool:
        return any(
            isinstance(x.body, e.ConversationEntered) and x.body.state.id == key
            for x in lee.snapshot()[1]
        )

    since = lee.now()
    assert not held()
    what = suggestion()
    anna.applied(key, what)
    (told,) = [x.body for x in lee.events(since)]
    assert isinstance(told, e.ConversationEntered) and told.state.open_suggestions
    assert len(told.messages) == 2
    age(serving, key)
    assert held()
    lee.applied(key, c.DeclineSuggestion(what.suggestion))
    age(serving, key)
    assert not held()


# --- what is counted -----------------------------------------------------------------------------


def test_searches_without_a_result_are_counted_once_and_told_to_nobody_else(
    serving: Serving,
) -> None:
    anna, bo, root = serving.agent(), serving.agent("bo"), serving.agent("root")
    mine, theirs = anna.now(), bo.now()
    odd = f"怎么退 {next(_ids)}x"
    report = c.ReportSearches(((f" {odd.upper()} ", 2), ("单号 20261122000", 1), ("", 4)))
    order = anna.order("", report)
    assert anna.send([order]).status == 200
    assert anna.send([order]).status == 200  # its answer was lost
    anna.applied("", replace(report, misses=((odd, 1),)))
    anna.applied("", replace(report, misses=((" ", 1),)))
    found = {x["query"]: x["count"] for x in root.ok("GET", "/v1/knowledge/stats")["missed"]}
    assert found[odd] == 3
    assert found["单号 #"] == 1 and "" not in found
    kinds = [type(x.body) for x in anna.events(mine)]
    assert kinds == [e.SearchesReported, e.SearchesReported, e.CommandSettled]
    assert anna.page(mine).done == 3
    assert bo.events(theirs) == []
    (refused,) = serving.agent("kid").do("", report)
    assert refused.reason == "not_allowed"


def test_uses_are_counted_by_team_and_only_leads_ask(serving: Serving) -> None:
    source, unused = f"article:k/use{next(_ids)}", published(serving)
    used = published(serving)
    here, there = chat_key(serving), chat_key(serving, inbox="parcels")
    anna, lo = serving.agent(), serving.agent("lo")
    for _ in range(2):
        anna.applied(here, replace(f.reply(message=new_id()), sources=(source,)))
    lo.applied(there, replace(f.reply(message=new_id()), sources=(source, f"article:{used.id}")))
    found = serving.agent("root").ok("GET", "/v1/knowledge/stats", days=1, limit=500)
    mine = {x["team"]: x["count"] for x in found["used"] if x["source"] == source}
    assert mine == {"after-sales": 2, "logistics": 1}
    assert f"article:{unused.id}" in found["unused"]
    assert f"article:{used.id}" not in found["unused"]
    assert found["unused_count"] == len(found["unused"])
    # A lead's are the own teams.
    told = serving.agent("lee").ok("GET", "/v1/knowledge/stats", limit=500)
    assert {x["team"] for x in told["used"]} == {"after-sales"}
    answer = anna.call("GET", "/v1/knowledge/stats")
    assert (answer.status, answer.code) == (403, "not_allowed")


def test_what_was_counted_outlives_its_events(serving: Serving) -> None:
    key, source = chat_key(serving), f"article:k/old{next(_ids)}"
    anna, root = serving.agent(), serving.agent("root")
    anna.applied(key, replace(f.reply(message=new_id()), sources=(source,)))
    anna.applied("", c.ReportSearches(((source, 1),)))

    def counted(days: int) -> list[int]:
        found = root.ok("GET", "/v1/knowledge/stats", days=days, limit=500)
        used = [row["count"] for row in found["used"] if row["source"] == source]
        return used + [row["count"] for row in found["missed"] if row["query"] == source]

    table = schema.tally
    later = table.update().where(table.c.name == source)
    day = clock.now_ms() // (24 * 3600 * 1000)
    serving.run(ChangeWorkspace([], [(later, {"day": day - 30})]))
    assert counted(30) == []
    assert counted(31) == [1, 1]


# --- versions ------------------------------------------------------------------------------------


def test_an_articles_versions_newest_first(serving: Serving) -> None:
    article = published(serving)
    # Another one, that names it.
    serving.change(e.ArticleSaved(replace(article, id=f"{article.id}0", category=article.id)))
    serving.change(e.ArticleSaved(replace(article, body="第二版", version="v2")))
    serving.change(e.ArticleRemoved(article.id))
    anna = serving.agent()
    found = anna.ok("GET", "/v1/knowledge/versions", id=article.id)["versions"]
    assert [x.get("article", {}).get("version") for x in found] == [None, "v2", "v1"]
    assert {x["by"] for x in found} == {"system"}
    found = anna.ok("GET", "/v1/knowledge/versions", id=article.id, limit=1)["versions"]
    assert len(found) == 1
    assert anna.ok("GET", "/v1/knowledge/versions", id="nothing")["versions"] == []
    assert anna.call("GET", "/v1/knowledge/versions").status == 400
    assert serving.agent("kid").call("GET", "/v1/knowledge/versions", id="x").status == 403


def test_the_tables_are_what_the_log_says(serving: Serving) -> None:
    assert audit.check(serving.database).findings == ()

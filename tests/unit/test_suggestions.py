"""Suggested articles: who may do what, what an accepted one becomes, and what undoes it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.decide import decide
from agent_tui.domain.evolve import SUGGESTIONS_SETTLED_KEPT, evolve
from agent_tui.domain.ids import AgentId, SuggestionId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.model import Agent, Article, Conversation, Role, SuggestionState
from agent_tui.domain.outcome import Outcome, Reason, Rejected
from agent_tui.domain.suggestions import (
    BODY_CHARS,
    MOST_OPEN,
    QUESTIONS,
    REASON_CHARS,
    TITLE_CHARS,
    article_of,
)
from tests import factories as f

S1 = SuggestionId("s1")
ANNA, BO, LEE = f.agent(), f.agent("bo", "Bo"), f.agent("lee", "Lee", Role.LEAD)
OPEN = f.folded(f.opened(), f.wrote())
ARTICLE = replace(f.article(), version="v1", internal="看仓库看板", audience="internal")
KNOWN = {ARTICLE.id: ARTICLE}
SUGGEST = c.SuggestArticle(S1, "标题", "正文", "zh", ARTICLE.id, "v1", ("多久到",), reason="旧了")
NEW = c.SuggestArticle(S1, "标题", "正文", "en")
ACCEPT = c.AcceptSuggestion(S1, ARTICLE.id, "新标题", "新正文", ("多久到",), "v1")
ACCEPT_NEW = c.AcceptSuggestion(S1, "returns/运费 2", "标题", "正文", audience="internal")


def decided(
    state: Conversation,
    command: c.AgentCommand,
    actor: Agent = ANNA,
    articles: dict[str, Article | None] | None = KNOWN,  # type: ignore[assignment]
) -> Outcome:
    context = replace(f.context(actor=actor), articles=articles)
    return decide(state, command, context, conversation=state.id)


def after(state: Conversation, command: c.AgentCommand, actor: Agent = ANNA) -> Conversation:
    outcome = decided(state, command, actor)
    assert isinstance(outcome, tuple), outcome
    for event in outcome:
        state = evolve(state, event, conversation=state.id, at=f.NOW)
    return state


SUGGESTED = after(OPEN, SUGGEST)
SUGGESTED_NEW = after(OPEN, NEW)


def test_a_suggestion_waits_in_its_chat() -> None:
    (waiting,) = SUGGESTED.open_suggestions
    assert (waiting.id, waiting.author, waiting.article, waiting.version) == (
        S1,
        ANNA.id,
        ARTICLE.id,
        "v1",
    )
    assert (waiting.title, waiting.body, waiting.questions) == ("标题", "正文", ("多久到",))
    assert decided(SUGGESTED, SUGGEST) == ()  # once is enough
    assert SUGGESTED.last_at == OPEN.last_at  # the chat itself did not move


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"suggestion": "no id!"}, Reason.MALFORMED, "suggestion"),
        ({"title": " "}, Reason.EMPTY, ""),
        ({"body": "\n"}, Reason.EMPTY, ""),
        ({"title": "x" * (TITLE_CHARS + 1)}, Reason.TOO_LONG, str(TITLE_CHARS)),
        ({"body": "x" * (BODY_CHARS + 1)}, Reason.TOO_LONG, str(BODY_CHARS)),
        ({"reason": "x" * (REASON_CHARS + 1)}, Reason.TOO_LONG, str(REASON_CHARS)),
        ({"questions": ("x",) * (QUESTIONS + 1)}, Reason.MALFORMED, "questions"),
        ({"questions": ("x", " ")}, Reason.MALFORMED, "questions"),
        ({"questions": ("x" * 201,)}, Reason.MALFORMED, "questions"),
        ({"lang": "fr"}, Reason.MALFORMED, "lang"),
        ({"audience": "all"}, Reason.MALFORMED, "audience"),
        ({"version": "x" * 201}, Reason.MALFORMED, "article"),
        ({"article": "gone"}, Reason.NO_SUCH_ARTICLE, "gone"),
    ],
)
def test_what_no_suggestion_may_be(change: dict[str, object], reason: Reason, detail: str) -> None:
    assert decided(OPEN, replace(SUGGEST, **change)) == Rejected(reason, detail)


def test_a_chat_holds_a_few_open_suggestions_and_the_last_settled() -> None:
    state = OPEN
    for number in range(MOST_OPEN):
        state = after(state, replace(NEW, suggestion=SuggestionId(f"n{number}")))
    refused = decided(state, NEW)
    assert refused == Rejected(Reason.TOO_MANY_SUGGESTIONS, str(MOST_OPEN))
    for number in range(SUGGESTIONS_SETTLED_KEPT + 2):
        state = after(state, c.DeclineSuggestion(state.open_suggestions[0].id), LEE)
        state = after(state, replace(NEW, suggestion=SuggestionId(f"m{number}")))
    assert len(state.open_suggestions) == MOST_OPEN
    settled = [each for each in state.suggestions if each.state is not SuggestionState.OPEN]
    assert len(settled) == SUGGESTIONS_SETTLED_KEPT
    assert not any(each.body for each in settled)


@pytest.mark.parametrize(
    ("state", "command", "articles", "reason"),
    [
        (OPEN, ACCEPT, KNOWN, Reason.NO_SUCH_SUGGESTION),
        (SUGGESTED, replace(ACCEPT, version="v0"), KNOWN, Reason.ARTICLE_CHANGED),
        (SUGGESTED, ACCEPT, {}, Reason.NO_SUCH_ARTICLE),
        (SUGGESTED, replace(ACCEPT, article="other"), KNOWN, Reason.MALFORMED),
        (SUGGESTED, replace(ACCEPT, body=" "), KNOWN, Reason.EMPTY),
        (SUGGESTED_NEW, replace(ACCEPT_NEW, article=ARTICLE.id), KNOWN, Reason.ARTICLE_EXISTS),
        (SUGGESTED_NEW, replace(ACCEPT_NEW, version="v1"), KNOWN, Reason.ARTICLE_CHANGED),
        *(
            (SUGGESTED_NEW, replace(ACCEPT_NEW, article=name), KNOWN, Reason.MALFORMED)
            for name in ("", "../x", "a/../b", "/a", "a/", "a//b", ".a", "a\n", "x" * 201)
        ),
    ],
)
def test_what_is_not_accepted(
    state: Conversation,
    command: c.AcceptSuggestion,
    articles: dict[str, Article | None],
    reason: Reason,
) -> None:
    refused = decided(state, command, LEE, articles)
    assert isinstance(refused, Rejected) and refused.reason is reason
    assert decided(state, command, ANNA, articles) == Rejected(Reason.NOT_ALLOWED)


def test_on_an_agents_machine_accepting_is_provisional() -> None:
    assert isinstance(decided(SUGGESTED, replace(ACCEPT, version="?"), LEE, None), tuple)


def test_accepting_settles_it() -> None:
    settled = e.SuggestionSettled(S1, SuggestionState.ACCEPTED, LEE.id, ARTICLE.id)
    assert decided(SUGGESTED, ACCEPT, LEE) == (settled,)
    done = after(SUGGESTED, ACCEPT, LEE)
    assert done.open_suggestions == ()
    (kept,) = done.suggestions
    assert (kept.state, kept.settled_by, kept.body) == (SuggestionState.ACCEPTED, LEE.id, "")
    assert decided(done, ACCEPT, LEE) == Rejected(Reason.NO_SUCH_SUGGESTION)


def test_one_batch_accepts_a_correction_once() -> None:
    twice = after(SUGGESTED, replace(SUGGEST, suggestion=SuggestionId("s2")), BO)
    both = c.Batch((ACCEPT, replace(ACCEPT, suggestion=SuggestionId("s2"))))
    refused = decided(twice, both, LEE)
    assert isinstance(refused, Rejected) and refused.reason is Reason.ARTICLE_CHANGED


def test_a_lead_may_suggest_and_accept_in_one_go() -> None:
    assert after(OPEN, c.Batch((SUGGEST, ACCEPT)), LEE).open_suggestions == ()


def test_declining_says_why_and_its_author_takes_it_back() -> None:
    assert decided(SUGGESTED, c.DeclineSuggestion(S1), BO) == Rejected(Reason.NOT_ALLOWED)
    (declined,) = after(SUGGESTED, c.DeclineSuggestion(S1, "已有"), LEE).suggestions
    assert (declined.state, declined.answer) == (SuggestionState.DECLINED, "已有")
    assert after(SUGGESTED, c.DeclineSuggestion(S1)).suggestions == ()
    assert inverse(OPEN, SUGGEST, f.context()) == c.DeclineSuggestion(S1)
    assert inverse(SUGGESTED, ACCEPT, f.context(actor=LEE)) is None


def test_a_correction_keeps_what_it_does_not_mention() -> None:
    published = article_of(ACCEPT, "zh", ARTICLE, LEE, f.NOW)
    assert published == replace(
        ARTICLE,
        title="新标题",
        body="新正文",
        questions=("多久到",),
        origin="desk",
        file="v1",
        version=published.version,
        revised_at=f.NOW,
        revised_by=LEE.id,
    )
    assert published.version not in ("", "v1")
    # The version is of what it says, not of when and by whom.
    assert article_of(ACCEPT, "zh", ARTICLE, BO, f.NOW + 1).version == published.version
    again = article_of(replace(ACCEPT, body="又一版"), "zh", published, LEE, f.NOW)
    assert again.file == "v1" and again.version != published.version


def test_a_new_article_has_no_file() -> None:
    published = article_of(ACCEPT_NEW, "en", None, LEE, f.NOW)
    assert (published.id, published.category, published.lang) == ("returns/运费 2", "returns", "en")
    assert (published.origin, published.file, published.audience) == ("desk", "", "internal")
    assert published.revised_by == AgentId("lee")


def test_what_was_written_is_not_lost_with_a_refusal() -> None:
    assert c.text_of(SUGGEST) == "标题\n正文"
    assert c.text_of(c.Batch((ACCEPT, c.Tag("x")))) == "新标题\n新正文"
    assert c.text_of(c.DeclineSuggestion(S1, "已有")) == "已有"
    assert c.text_of(c.DeclineSuggestion(S1)) == ""
    assert c.text_of(c.ReportSearches((("运费", 1),))) == ""

"""Suggested articles: who may suggest and settle them, and what an accepted one becomes."""

from __future__ import annotations

import hashlib
import re

import msgspec
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, is_lead
from agent_tui.domain.ids import is_id
from agent_tui.domain.model import Agent, Article, Conversation, Suggestion, SuggestionState
from agent_tui.domain.outcome import Outcome, Reason, Rejected

MOST_OPEN = 5  # of one conversation: they are part of its state
TITLE_CHARS = 200
BODY_CHARS = 10_000
QUESTIONS = 20
REASON_CHARS = 1_000
ID_CHARS = 200
LANGUAGES = frozenset({"zh", "en"})
AUDIENCES = frozenset({"public", "internal"})
# Every part begins with a letter or digit, so that none leads out of a folder it is exported to.
_NEW_ID = re.compile(r"\w[\w .-]*(/\w[\w .-]*)*")


def suggest(s: Conversation, command: c.SuggestArticle, context: Context, actor: Agent) -> Outcome:
    """Put it before the leads."""
    if not is_id(command.suggestion):
        return Rejected(Reason.MALFORMED, "suggestion")
    if s.suggestion(command.suggestion) is not None:
        return ()
    refused = _refused_words(command)
    if refused is not None:
        return refused
    if command.lang not in LANGUAGES:
        return Rejected(Reason.MALFORMED, "lang")
    if len(command.article) > ID_CHARS or len(command.version) > ID_CHARS:
        return Rejected(Reason.MALFORMED, "article")
    if len(command.reason) > REASON_CHARS:
        return Rejected(Reason.TOO_LONG, str(REASON_CHARS))
    if len(s.open_suggestions) >= MOST_OPEN:
        return Rejected(Reason.TOO_MANY_SUGGESTIONS, str(MOST_OPEN))
    known = context.articles
    if command.article and known is not None and known.get(command.article) is None:
        return Rejected(Reason.NO_SUCH_ARTICLE, command.article)
    return (
        e.ArticleSuggested(
            suggestion=command.suggestion,
            author=actor.id,
            title=command.title.strip(),
            body=command.body.strip(),
            lang=command.lang,
            article=command.article,
            version=command.version,
            questions=command.questions,
            audience=command.audience,
            reason=command.reason,
        ),
    )


def accept(s: Conversation, command: c.AcceptSuggestion, context: Context, actor: Agent) -> Outcome:
    """Publish it, unless the article is no longer what the lead compared it with."""
    if not is_lead(actor):
        return Rejected(Reason.NOT_ALLOWED)
    was = _open(s, command.suggestion)
    if was is None:
        return Rejected(Reason.NO_SUCH_SUGGESTION)
    refused = _refused_words(command)
    if refused is not None:
        return refused
    if was.article and command.article != was.article:
        return Rejected(Reason.MALFORMED, "article")
    if not was.article and not _may_name(command.article):
        return Rejected(Reason.MALFORMED, "article")
    if context.articles is not None:
        current = context.articles.get(command.article)
        if was.article and current is None:
            return Rejected(Reason.NO_SUCH_ARTICLE, command.article)
        if not was.article and current is not None:
            return Rejected(Reason.ARTICLE_EXISTS, command.article)
        # A new one's name may have been another's, seen and withdrawn since: that is a change, too.
        if command.version != (current.version if current is not None else ""):
            return Rejected(Reason.ARTICLE_CHANGED, command.article)
    return (
        e.SuggestionSettled(
            suggestion=was.id,
            outcome=SuggestionState.ACCEPTED,
            by=actor.id,
            article=command.article,
        ),
    )


def decline(
    s: Conversation, command: c.DeclineSuggestion, context: Context, actor: Agent
) -> Outcome:
    """Not this one; its author takes it back by the same word."""
    was = _open(s, command.suggestion)
    if was is None:
        return Rejected(Reason.NO_SUCH_SUGGESTION)
    if len(command.reason) > REASON_CHARS:
        return Rejected(Reason.TOO_LONG, str(REASON_CHARS))
    if actor.id != was.author and not is_lead(actor):
        return Rejected(Reason.NOT_ALLOWED)
    own = actor.id == was.author
    outcome = SuggestionState.WITHDRAWN if own else SuggestionState.DECLINED
    return (
        e.SuggestionSettled(suggestion=was.id, outcome=outcome, by=actor.id, reason=command.reason),
    )


def published(
    command: c.AcceptSuggestion, s: Conversation, context: Context, actor: Agent
) -> Context:
    """`context` for what the same batch does next, when `command` was accepted."""
    was = s.suggestion(command.suggestion)
    if was is None or context.articles is None:
        return context
    current = context.articles.get(command.article)
    article = article_of(command, was.lang, current, actor, context.now)
    return replace(context, articles={**context.articles, article.id: article})


def article_of(
    command: c.AcceptSuggestion, language: str, current: Article | None, by: Agent, at: int
) -> Article:
    """What is published at `at` (ms) when `by` accepts a suggestion in the words of `command`.

    A correction keeps what it does not mention: tags, category, owner, dates, what is internal.
    """
    if current is None:
        folder, slash, _ = command.article.partition("/")
        current = Article(
            id=command.article,
            title="",
            body="",
            lang=language,
            category=folder if slash else "",
            audience=command.audience,
            origin="desk",
        )
    revised = replace(
        current,
        title=command.title.strip(),
        body=command.body.strip(),
        questions=command.questions,
        origin="desk",
        file=current.version if current.origin == "file" else current.file,
        version="",
        revised_at=0,
        revised_by=None,
    )
    version = hashlib.sha256(msgspec.json.encode(revised)).hexdigest()[:12]
    return replace(revised, version=version, revised_at=at, revised_by=by.id)


def _open(s: Conversation, key: str) -> Suggestion | None:
    return next((each for each in s.open_suggestions if each.id == key), None)


def _may_name(article: str) -> bool:
    return len(article) <= ID_CHARS and _NEW_ID.fullmatch(article) is not None


def _refused_words(command: c.SuggestArticle | c.AcceptSuggestion) -> Rejected | None:
    """Why no article may be called or say so."""
    if not command.title.strip() or not command.body.strip():
        return Rejected(Reason.EMPTY)
    if len(command.title) > TITLE_CHARS:
        return Rejected(Reason.TOO_LONG, str(TITLE_CHARS))
    if len(command.body) > BODY_CHARS:
        return Rejected(Reason.TOO_LONG, str(BODY_CHARS))
    if len(command.questions) > QUESTIONS:
        return Rejected(Reason.MALFORMED, "questions")
    if any(not q.strip() or len(q) > TITLE_CHARS for q in command.questions):
        return Rejected(Reason.MALFORMED, "questions")
    if command.audience not in AUDIENCES:
        return Rejected(Reason.MALFORMED, "audience")
    return None

"""Articles and macros as entries of the search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from agent_tui.desk.reasons import TYPES
from agent_tui.domain.model import Article
from agent_tui.knowledge.entry import Entry

if TYPE_CHECKING:
    from agent_tui.macros.library import Library
    from agent_tui.macros.model import Macro


def of_article(article: Article) -> Entry:
    """What the search sees of an article: also the part that only colleagues may read."""
    internal = article.audience != "public"
    return Entry(
        kind="article",
        id=article.id,
        title=article.title,
        questions=article.questions,
        tags=article.tags,
        body=f"{article.body}\n{article.internal}" if article.internal else article.body,
        language=article.lang,
        audience="internal" if internal else "public",
        type=article.category if article.category in TYPES else "",
        valid_from=article.valid_from,
        valid_to=article.valid_to,
        label=article.category,
    )


def of_macro(macro: Macro) -> Entry:
    """What the search sees of a macro."""
    head = macro.head
    label = " ".join(filter(None, (head.key, f"/{head.short}" if head.short else "")))
    team = head.scope.removeprefix("team:") if head.scope.startswith("team:") else ""
    return Entry(
        kind="macro",
        id=macro.id,
        title=head.title,
        tags=(*head.tags, *((head.short,) if head.short else ())),
        body=macro.body,
        language=head.lang,
        team=team,
        valid_from=head.valid.from_.isoformat() if head.valid.from_ else "",
        valid_to=head.valid.to.isoformat() if head.valid.to else "",
        label=label,
    )


def entries(articles: Iterable[Article], library: Library) -> Iterator[Entry]:
    """Both."""
    yield from map(of_article, articles)
    yield from map(of_macro, library.all.values())

"""How many articles there are of each kind, and which of them nobody could find or should use."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from agent_tui.domain.model import Article
from agent_tui.lang import Both


class Usage(msgspec.Struct, frozen=True):
    """What was used and what was looked for in vain, as whoever counts it hands it in."""

    uses: Mapping[str, int]  # article id -> how often; those never used may be missing
    misses: Sequence[tuple[str, int]] = ()  # (query, how often), most frequent first


class Used(msgspec.Struct, frozen=True):
    """What `Usage` says about the articles that there are."""

    most: list[tuple[str, int]]  # (article id, how often), most frequent first
    never: list[str]
    misses: list[tuple[str, int]]


class Stats(msgspec.Struct, frozen=True):
    """`kb stats --json`. The lists hold ids; `used` is null where nothing is known of it."""

    articles: int
    languages: dict[str, int]
    categories: dict[str, int]
    audiences: dict[str, int]
    expired: list[str]
    without_questions: list[str]
    used: Used | None = None


def count(
    articles: Iterable[Article], today: datetime.date, usage: Usage | None = None, top: int = 10
) -> Stats:
    """The figures on `today`; with `usage`, also the `top` most used and most missed."""
    found = sorted(articles, key=lambda article: article.id)
    day = today.isoformat()
    return Stats(
        articles=len(found),
        languages=_counted(article.lang for article in found),
        categories=_counted(article.category for article in found),
        audiences=_counted(article.audience for article in found),
        expired=[a.id for a in found if a.valid_to and a.valid_to < day],
        without_questions=[a.id for a in found if not a.questions],
        used=_used(found, usage, top) if usage else None,
    )


def lines(stats: Stats) -> Iterator[tuple[Both, str]]:
    """(heading, figures) as a person reads them."""
    yield Both("知识", "articles"), str(stats.articles)
    yield Both("语言", "by language"), _listed(stats.languages)
    yield Both("分类", "by category"), _listed(stats.categories)
    yield Both("受众", "by audience"), _listed(stats.audiences)
    yield Both("已过期", "expired"), _named(stats.expired)
    yield Both("没有客户问法", "without questions"), _named(stats.without_questions)
    if stats.used:
        yield Both("用得最多", "most used"), _listed(dict(stats.used.most))
        yield Both("从未用过", "never used"), _named(stats.used.never)
        yield Both("搜不到的", "searched in vain"), _listed(dict(stats.used.misses))


def _used(articles: list[Article], usage: Usage, top: int) -> Used:
    used = {article.id: usage.uses.get(article.id, 0) for article in articles}
    most = sorted(used.items(), key=lambda pair: (-pair[1], pair[0]))
    return Used(
        most=[(key, times) for key, times in most[:top] if times],
        never=[key for key, times in used.items() if not times],
        misses=list(usage.misses[:top]),
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or '-'} {times}" for name, times in counts.items()) or "-"


def _named(ids: Sequence[str]) -> str:
    return f"{len(ids)}" + (f" ({', '.join(ids)})" if ids else "")

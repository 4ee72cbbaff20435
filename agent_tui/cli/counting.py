"""What is used and what is searched in vain: from the server, or from what is cached here."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

from agent_tui import bootstrap
from agent_tui.cli import output
from agent_tui.cli.asking import ask, asked
from agent_tui.domain.model import Role
from agent_tui.errors import DeskError
from agent_tui.knowledge.stats import Usage
from agent_tui.lang import Both
from agent_tui.store.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent_tui.domain.protocol import ArticleVersions, KnowledgeStats
    from agent_tui.macros.model import Macro
    from agent_tui.macros.stats import MacroUse

DAY_MS = 86_400_000
_ARTICLE = "article:"


def usage(days: int) -> Usage | None:
    """The figures of the last `days` days; None if nobody is logged in here.

    Leads get what the server counted; for an agent, or without a line, it is what the replies
    cached here tell, and nothing is known of searches.
    """
    profile = bootstrap.default_profile()
    login = bootstrap.read_login(profile)
    if login is None or not profile.cache.exists():
        return None
    if login.agent.role in (Role.LEAD, Role.ADMIN):
        try:
            return _of_server(_asked(login, days))
        except DeskError as error:
            _told_here_only(error)
    cache = Cache(profile.cache)
    try:
        since = time.time_ns() // 1_000_000 - days * DAY_MS
        counts: Counter[str] = Counter()
        for use in cache.uses(since):
            counts[use.source.removeprefix(_ARTICLE)] += use.count
        return Usage(counts)
    finally:
        cache.close()


def macro_uses(macros: Iterable[Macro], *, logged_in: bool) -> list[MacroUse]:
    """Each macro's uses: by agent, and when last, of the replies cached here; to a lead the server
    tells the sums of all teams, if it answers."""
    import datetime

    from agent_tui.macros import stats

    profile = bootstrap.default_profile()
    login = bootstrap.read_login(profile) if logged_in else None
    counted = stats.Counted()
    if login is not None and profile.cache.exists():
        now = time.time_ns() // 1_000_000
        spans = (now - stats.SHORT_DAYS * DAY_MS, now - stats.LONG_DAYS * DAY_MS, 0)
        cache = Cache(profile.cache)
        try:
            week, month, ever = (cache.uses(since) for since in spans)
        finally:
            cache.close()
        counted = stats.Counted(week, month, ever, *_sums(login, stats.SHORT_DAYS, stats.LONG_DAYS))
    today = datetime.datetime.now().astimezone().date()
    return stats.count(macros, counted, today)


def _sums(login: bootstrap.Login, *spans: int) -> list[Counter[str]]:
    """For each of these numbers of days, what the server counted: nothing for who may not ask."""
    counts: list[Counter[str]] = [Counter() for _ in spans]
    if login.agent.role in (Role.LEAD, Role.ADMIN):
        try:
            for days, sums in zip(spans, counts, strict=True):
                for each in _asked(login, days).used:
                    sums[each.source] += each.count
        except DeskError as error:
            _told_here_only(error)
    return counts


def _asked(login: bootstrap.Login, days: int) -> KnowledgeStats:
    return asyncio.run(asked(login, lambda wire: wire.knowledge_stats(days)))


def _told_here_only(error: DeskError) -> None:
    output.note(Both(f"{error.title}：只算本机的回复", f"{error.title}: counted here only"))


def versions(article: str) -> ArticleVersions:
    """What an article said when, from the server. Raises WireError, Unauthorized."""
    return ask(lambda wire: wire.article_versions(article))


def _of_server(found: KnowledgeStats) -> Usage:
    counts: Counter[str] = Counter()
    for each in found.used:
        counts[each.source.removeprefix(_ARTICLE)] += each.count
    return Usage(counts, [(each.query, each.count) for each in found.missed])

"""Which knowledge is used, which is missing, and how an article came to say what it says."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, func, select

from agent_tui.domain import events as e
from agent_tui.domain.ids import TeamId
from agent_tui.domain.model import Article
from agent_tui.domain.protocol import (
    ArticleVersion,
    ArticleVersions,
    KnowledgeStats,
    MissedCount,
    UseCount,
)
from agent_tui.server import log, schema
from agent_tui.server.saving import DAY_MS, MISS, USE

CHUNK = 1_000
_OF_ARTICLES = tuple(str(kind.__struct_config__.tag) for kind in (e.ArticleSaved, e.ArticleRemoved))


def stats(
    connection: Connection, teams: Collection[TeamId] | None, now: int, days: int, limit: int
) -> KnowledgeStats:
    """What was counted on the last `days` days (UTC, today included), in chats of `teams` (None:
    of all); at most `limit` of each. What was not used, no team used, nobody at all."""
    table = schema.tally.c
    since = now // DAY_MS - days + 1
    times = func.sum(table["count"])
    used = (
        select(table.name, table.team, times, func.max(table.day))
        .where(table.kind == USE, table.day >= since)
        .group_by(table.name, table.team)
        .order_by(times.desc(), table.name, table.team)
        .limit(limit)
    )
    if teams is not None:
        used = used.where(table.team.in_(sorted(teams)))
    missed = (
        select(table.name, times, func.max(table.day))
        .where(table.kind == MISS, table.day >= since)
        .group_by(table.name)
        .order_by(times.desc(), table.name)
        .limit(limit)
    )
    names = select(table.name).where(table.kind == USE, table.day >= since)
    content = schema.content.c
    name = content.kind + ":" + content.id
    unused = select(name).where(content.kind.in_(("article", "macro")), name.not_in(names))
    count = select(func.count()).select_from(unused.subquery())
    return KnowledgeStats(
        days=days,
        used=tuple(
            UseCount(source=source, team=team, count=int(count), last_at=int(day) * DAY_MS)
            for source, team, count, day in connection.execute(used)
        ),
        unused=tuple(connection.execute(unused.order_by(name).limit(limit)).scalars()),
        unused_count=connection.execute(count).scalar_one(),
        missed=tuple(
            MissedCount(query=query, count=int(count), last_at=int(day) * DAY_MS)
            for query, count, day in connection.execute(missed)
        ),
    )


def versions(connection: Connection, article: str, limit: int) -> ArticleVersions:
    """What was published as `article`, newest first, as far back as the log reaches."""
    table = schema.event.c
    found: list[ArticleVersion] = []
    before: int | None = None
    while len(found) < limit:
        # Of no conversation: that is in an index, and few rows are.
        query = select(table.seq, table.at, table.by, table.body).where(
            table.conversation.is_(None), table.kind.in_(_OF_ARTICLES)
        )
        if before is not None:
            query = query.where(table.seq < before)
        rows = connection.execute(query.order_by(table.seq.desc()).limit(CHUNK)).all()
        for row in rows:
            said = _version(row.body, article)
            if said is not None:
                found.append(ArticleVersion(at=row.at, by=row.by, article=said.article))
        if len(rows) < CHUNK:
            break
        before = rows[-1].seq
    return ArticleVersions(id=article, versions=tuple(found[:limit]))


class _Said(msgspec.Struct, frozen=True):
    article: Article | None


def _version(body: bytes, article: str) -> _Said | None:
    """What an event says of `article`; None if it is about another one."""
    if msgspec.json.encode(article) not in body:
        return None
    match log.decode(body):
        case e.ArticleSaved(saved) if saved.id == article:
            return _Said(saved)
        case e.ArticleRemoved(key) if key == article:
            return _Said(None)
        case _:
            return None

"""Help centres as their own programming interfaces give them: Zendesk's and Chatwoot's JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent_tui.knowledge.articles import lines_of, one_line
from agent_tui.knowledge.importing.markup import to_markdown
from agent_tui.knowledge.importing.row import Row, Skipped, Unfit, refuse_unpublished
from agent_tui.lang import Both

# Other variants of a language are articles of their own beside these.
_MAIN = re.compile(r"(?:zh|en)(?:-(?:cn|us|hans.*))?", re.IGNORECASE)
# Whoever is in one of these groups of readers is a customer all the same.
_CUSTOMERS = ("signed_in_users", "everybody", "everyone")


def is_zendesk(document: object) -> bool:
    """Whether `document` is an answer of Zendesk's help centre."""
    return any(isinstance(page.get("articles"), list) for page in _pages(document))


def is_chatwoot(document: object) -> bool:
    """Whether `document` is an answer of Chatwoot's help centre."""
    return any(isinstance(page.get("payload"), list) for page in _pages(document))


def read_zendesk(name: str, document: object) -> Iterator[Row | Skipped]:
    """The articles of a Zendesk help centre: one answer, or a list of its pages.

    An article that only some readers may see becomes an internal one.
    """
    sections, categories, open_groups = _by_id(document)
    for article in _listed(document, "articles"):
        place = f"{name}: article {article.get('id')}"
        try:
            refuse_unpublished(None, article.get("draft"))
            title = one_line(_said(article, "title") or _said(article, "name"))
            if not title:
                raise Unfit("标题为空", "the title is empty")
        except Unfit as unfit:
            yield Skipped(place, unfit.why)
            continue
        section = sections.get(article.get("section_id"), {})
        category = categories.get(section.get("category_id"), {})
        names = [_said(each, "name").replace("/", " ") for each in (category, section)]
        locale = _said(article, "locale")
        group = article.get("user_segment_id")
        yield Row(
            place,
            title,
            body=to_markdown(_said(article, "body")),
            lang=locale,
            category="/".join(filter(None, names)),
            tags=lines_of(each for each in article.get("label_names") or () if _is_text(each)),
            audience="public" if group is None or group in open_groups else "internal",
            source=_source("zendesk", article.get("id"), locale),
        )


def read_chatwoot(name: str, document: object) -> Iterator[Row | Skipped]:
    """The articles of a Chatwoot portal: one answer, or a list of its pages."""
    for article in _listed(document, "payload"):
        place = f"{name}: article {article.get('id')}"
        try:
            refuse_unpublished(article.get("status"), None)
            title = one_line(_said(article, "title"))
            if not title:
                raise Unfit("标题为空", "the title is empty")
        except Unfit as unfit:
            yield Skipped(place, unfit.why)
            continue
        category = _inside(article, "category")
        meta = _inside(article, "meta")
        portal = _inside(article, "portal")
        locale = (
            _said(article, "locale")
            or _said(category, "locale")
            or _said(_inside(portal, "config"), "default_locale")
        )
        tags = meta.get("tags")
        yield Row(
            place,
            title,
            body=_said(article, "content") or _said(article, "description"),
            lang=locale,
            category=(_said(category, "slug") or _said(category, "name")).replace("/", " "),
            tags=lines_of(filter(_is_text, tags)) if isinstance(tags, list) else None,
            source=_source("chatwoot", article.get("id"), locale),
        )


def _source(system: str, key: object, locale: str) -> str:
    """What stays the same from export to export; other variants of a language have their own."""
    main = not locale or _MAIN.fullmatch(locale.replace("_", "-"))
    return f"{system}:{key}" if main else f"{system}:{key}/{locale.lower()}"


def _pages(document: object) -> list[Mapping[str, Any]]:
    pages = document if isinstance(document, list) else [document]
    return [page for page in pages if isinstance(page, dict)]


def _listed(document: object, key: str) -> Iterator[Mapping[str, Any]]:
    for page in _pages(document):
        found = page.get(key)
        for each in found if isinstance(found, list) else ():
            if isinstance(each, dict):
                yield each


def _by_id(
    document: object,
) -> tuple[dict[Any, Mapping[str, Any]], dict[Any, Mapping[str, Any]], set[Any]]:
    """Sections and categories by id, and the groups of readers that any customer is in."""
    sections = {each.get("id"): each for each in _listed(document, "sections")}
    categories = {each.get("id"): each for each in _listed(document, "categories")}
    groups = _listed(document, "user_segments")
    return (
        sections,
        categories,
        {g.get("id") for g in groups if _said(g, "user_type") in _CUSTOMERS},
    )


def _said(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _inside(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


NOT_KNOWN = Both(
    "要有 Zendesk 的 {articles: [...]}、Chatwoot 的 {payload: [...]} 或 kb export 的列表",
    "neither Zendesk's {articles: [...]} nor Chatwoot's {payload: [...]} nor a list of kb export",
)

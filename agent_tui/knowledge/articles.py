"""kb/ files -> articles."""

from __future__ import annotations

import datetime
import hashlib
import re
from pathlib import Path
from typing import Literal

import msgspec

from agent_tui import frontmatter
from agent_tui.domain.model import Article
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.lang import Both
from agent_tui.text import clean

_INTERNAL = re.compile(r"^## +(内部|Internal)\s*$", re.MULTILINE)


class Valid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dates between which an article holds, both inclusive."""

    from_: datetime.date | None = msgspec.field(name="from", default=None)
    to: datetime.date | None = None


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Front matter of an article."""

    title: str
    lang: Literal["zh", "en"] = "zh"
    questions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    audience: Literal["public", "internal"] = "public"
    owner: str = ""
    valid: Valid = Valid()


def parse(key: str, text: str) -> Article:
    """The article in `text`; `key` is its path below kb/. Raises Malformed."""
    data, body, _ = frontmatter.split(text)
    head = frontmatter.convert(data, Head, text)
    if not head.title.strip():
        raise Malformed(frontmatter.line_of(text, "title"), Both("标题为空", "the title is empty"))
    public, *rest = _INTERNAL.split(body, maxsplit=1)
    return Article(
        id=key,
        title=clean(head.title.strip()),
        body=clean(public.strip()),
        lang=head.lang,
        category=key.split("/")[0] if "/" in key else "",
        questions=tuple(clean(question) for question in head.questions),
        tags=tuple(clean(tag) for tag in head.tags),
        audience=head.audience,
        owner=head.owner,
        internal=clean(rest[-1].strip()) if rest else "",
        valid_from=head.valid.from_.isoformat() if head.valid.from_ else "",
        valid_to=head.valid.to.isoformat() if head.valid.to else "",
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
    )


def load(root: Path) -> tuple[list[Article], list[Problem]]:
    """Every article under `root`, and what is wrong with the files that do not parse."""
    return frontmatter.read_folder(root, parse)


def lint(root: Path) -> tuple[list[Article], list[Problem]]:
    """`load`, and what an editor should look at: empty bodies, double titles, wrong dates."""
    articles, problems = load(root)
    titles: dict[tuple[str, str], str] = {}
    for article in articles:
        name = f"{article.id}.md"

        def report(zh: str, en: str, path: str = name) -> None:
            problems.append(Problem(path, 1, Both(zh, en)))

        if not article.body and article.audience == "public":
            report("没有可以发给客户的正文", "there is no text that a customer may get")
        twin = titles.setdefault((article.lang, article.title.lower()), name)
        if twin != name:
            report(f"标题与 {twin} 相同", f"has the same title as {twin}")
        if article.valid_from and article.valid_to and article.valid_from > article.valid_to:
            report("有效期的开始晚于结束", "valid: from is after to")
    return articles, problems

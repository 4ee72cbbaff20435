"""kb/ files <-> articles."""

from __future__ import annotations

import datetime
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from agent_tui import frontmatter
from agent_tui.domain.model import Article
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.lang import Both
from agent_tui.text import clean

_INTERNAL = re.compile(r"^## +(?:内部|Internal)[^\S\n]*$", re.MULTILINE)
# A heading that only looks like that one is written with a backslash, as Markdown has it.
_LIKE_IT = re.compile(r"^(\\*## +(?:内部|Internal)[^\S\n]*)$", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(\\*## +(?:内部|Internal)[^\S\n]*)$", re.MULTILINE)


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
    source: str = ""  # where it was imported from: `zendesk:123`


def head_of(text: str) -> tuple[Head, str]:
    """Front matter and body of an article file. Raises Malformed."""
    data, body, _ = frontmatter.split(text)
    return frontmatter.convert(data, Head, text), body


def parse(key: str, text: str) -> Article:
    """The article in `text`; `key` is its path below kb/. Raises Malformed."""
    head, body = head_of(text)
    title = one_line(head.title)
    if not title:
        raise Malformed(frontmatter.line_of(text, "title"), Both("标题为空", "the title is empty"))
    public, internal = split_internal(body)
    return Article(
        id=key,
        title=title,
        body=public,
        lang=head.lang,
        category=category_of(key),
        questions=lines_of(head.questions),
        tags=lines_of(head.tags),
        audience=head.audience,
        owner=one_line(head.owner),
        internal=internal,
        valid_from=head.valid.from_.isoformat() if head.valid.from_ else "",
        valid_to=head.valid.to.isoformat() if head.valid.to else "",
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
    )


def category_of(key: str) -> str:
    """The category of the article whose path below kb/ is `key`."""
    return key.split("/")[0] if "/" in key else ""


def one_line(text: str) -> str:
    """`text` cleaned, on one line, without space around it."""
    return " ".join(clean(text).split())


def lines_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Each of `texts` on one line, the empty ones left out."""
    return tuple(line for line in map(one_line, texts) if line)


def plain(text: str) -> str:
    """`text` without case, width, punctuation and spaces: what two askers share."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum()) or folded


def split_internal(body: str) -> tuple[str, str]:
    """(what a customer may get, what stays inside), cleaned: split at the heading Internal."""
    public, *rest = _INTERNAL.split(clean(body), maxsplit=1)
    return _plain(public), _plain(rest[0]) if rest else ""


def _plain(part: str) -> str:
    return _ESCAPED.sub(r"\1", part.strip())


def write(article: Article, source: str = "") -> str:
    """The file of `article`: `parse` makes the same of it again, its version aside."""
    data: dict[str, frontmatter.Value] = {"title": article.title, "lang": article.lang}
    if article.questions:
        data["questions"] = article.questions
    if article.tags:
        data["tags"] = article.tags
    data["audience"] = article.audience
    if article.owner:
        data["owner"] = article.owner
    valid = {"from": article.valid_from, "to": article.valid_to}
    days = {key: datetime.date.fromisoformat(day) for key, day in valid.items() if day}
    if days:
        data["valid"] = days
    if source:
        data["source"] = source
    body = _LIKE_IT.sub(r"\\\1", article.body)
    if article.internal:
        heading = "## Internal" if article.lang == "en" else "## 内部"
        inside = _LIKE_IT.sub(r"\\\1", article.internal)
        body = f"{body}\n\n{heading}\n{inside}".lstrip()
    return frontmatter.join(data, body)


def load(root: Path) -> tuple[list[Article], list[Problem]]:
    """Every article under `root`, and what is wrong with the files that do not parse."""
    return frontmatter.read_folder(root, parse)

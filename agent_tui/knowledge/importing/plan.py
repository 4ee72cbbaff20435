"""What becomes of each row, before anything is written; and the writing."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from agent_tui import frontmatter
from agent_tui.domain.model import Article
from agent_tui.frontmatter import Malformed
from agent_tui.knowledge import articles, files
from agent_tui.knowledge.articles import one_line, plain
from agent_tui.knowledge.files import folded
from agent_tui.knowledge.importing.row import Row, Skipped, Unfit, language_of
from agent_tui.lang import Both
from agent_tui.text import clean

Kind = Literal["new", "update", "same", "skipped", "failed"]
FIELDS = ("title", "lang", "questions", "tags", "audience", "owner", "valid_from", "valid_to")
TEXTS = ("body", "internal")
_LANGUAGE = re.compile(r"\.(?:zh|en)\Z")


class Step(msgspec.Struct, frozen=True):
    """What becomes of one row. `path` is below kb/; `changes` names the fields that differ."""

    kind: Kind
    place: str
    path: str = ""
    changes: tuple[str, ...] = ()
    why: Both | None = None
    text: str = ""  # what the file will hold
    before: str = ""  # what it holds now; empty for a new one
    internal: bool = False  # for colleagues only


class Existing(msgspec.Struct, frozen=True):
    """An article that is there already."""

    article: Article
    source: str
    text: str


class Planner:
    """Finds each row's place among the articles that are there, and among those before it."""

    def __init__(self, root: Path, *, lang: str = "", category: str = "") -> None:
        """`root` is the kb/ folder; `lang` and `category` are for rows that say nothing."""
        self._lang = lang
        self._category = category
        found, problems = frontmatter.read_folder(root, _existing)
        self._there = {folded(each.article.id): each for each in found}
        self._broken = {folded(p.path.removesuffix(".md")): p.path for p in problems}
        self._sources = {(each.source, each.article.lang): each for each in found if each.source}
        self._taken: dict[str, Row] = {}  # by this import

    def step(self, row: Row | Skipped) -> Step:
        """What becomes of `row`."""
        if isinstance(row, Skipped):
            return Step("skipped", row.place, why=row.why)
        try:
            return self._step(row)
        except Unfit as unfit:
            return Step("skipped", row.place, why=unfit.why)

    def _step(self, row: Row) -> Step:
        lang = language_of(row.lang, self._lang, f"{row.title} {row.body or ''}")
        there = self._of_source(row, lang)
        key = there.article.id if there else self.id_of(row, lang)
        there = there or self._there.get(folded(key))
        if there and not row.lang:
            lang = there.article.lang
        self._take(key, row)
        article = _merged(key, lang, row, there.article if there else None)
        source = row.source or (there.source if there else "")
        path = f"{article.id}.md"
        text = _checked(article, source)
        inside = article.audience == "internal"
        if there is None:
            return Step("new", row.place, path, text=text, internal=inside)
        changes = differences(there.article, article)
        if source != there.source:
            changes = (*changes, "source")
        kind: Kind = "update" if changes else "same"
        return Step(kind, row.place, path, changes, text=text, before=there.text, internal=inside)

    def _of_source(self, row: Row, lang: str) -> Existing | None:
        if not row.source:
            return None
        languages = (lang,) if row.lang else (lang, "zh", "en")
        found = (self._sources.get((row.source, each)) for each in languages)
        return next(filter(None, found), None)

    def _take(self, key: str, row: Row) -> None:
        """Nothing else of this import may become the article `key`. Raises Unfit."""
        name = folded(key)
        if name in self._broken:
            path = self._broken[name]
            raise Unfit(f"{path} 有误，先看 kb lint", f"{path} is broken: see kb lint first")
        other = self._taken.setdefault(name, row)
        if other is not row:
            raise Unfit(f"与 {other.place} 是同一篇", f"is the same article as {other.place}")

    def id_of(self, row: Row, lang: str) -> str:
        """The id of a row that was not imported from its source before."""
        category = row.category or self._category
        key = "/".join(safe(part) for part in row.id.split("/") if part.strip(". "))
        if key:
            return f"{_folder(category)}/{key}" if "/" not in key and category else key
        suffix = ".en" if lang == "en" else ""
        key = f"{_folder(category)}/{slug(row.title)}" if category else slug(row.title)
        if self._is_others(key + suffix, row):
            digest = hashlib.sha256(plain(row.title).encode()).hexdigest()[:6]
            number = slug(row.source.partition(":")[2] or digest)
            return f"{key}-{number}{suffix}"
        return key + suffix

    def _is_others(self, key: str, row: Row) -> bool:
        """Whether another article has `key`: one of another source, else with another title."""
        there = self._there.get(folded(key))
        taken = self._taken.get(folded(key))
        if row.source:
            return (there is not None and there.source != row.source) or (
                taken is not None and taken.source != row.source
            )
        titles = [there.article.title] if there else [taken.title] if taken else []
        return any(plain(title) != plain(row.title) for title in titles)


def plan(
    rows: Iterable[Row | Skipped], root: Path, *, lang: str = "", category: str = ""
) -> Iterator[Step]:
    """What becomes of each of `rows` in the kb/ folder `root`."""
    planner = Planner(root, lang=lang, category=category)
    return map(planner.step, rows)


def apply(step: Step, root: Path) -> Both | None:
    """Write a new or updated file below `root`; why not, if it changed since it was looked at.

    Raises OSError.
    """
    path = root / step.path
    if step.kind == "new":
        path.parent.mkdir(parents=True, exist_ok=True)
        if not files.create(path, step.text):
            return Both("其间已有这个文件", "the file is there meanwhile")
    elif step.kind == "update":
        try:
            now = frontmatter.read_text(path)
        except (OSError, Malformed):
            now = ""
        if now != step.before:
            return Both("其间已被改动", "the file changed meanwhile")
        files.replace(path, step.text)
    return None


def differences(before: Article, after: Article) -> tuple[str, ...]:
    """The names of the fields in which two versions of an article differ."""
    return tuple(
        name for name in (*FIELDS, *TEXTS) if getattr(before, name) != getattr(after, name)
    )


def slug(text: str) -> str:
    """`text` as a file name that every system takes: words and Han characters, with hyphens."""
    small = unicodedata.normalize("NFKC", one_line(text)).casefold()
    words = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", small))
    name = words[:60].strip("-_")
    while len(name.encode()) > 180:
        name = name[:-1]
    if not name:
        return "article"
    reserved = re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", name)
    return f"{name}-" if reserved else name


def _folder(category: str) -> str:
    return "/".join(slug(part) for part in category.split("/") if part.strip(". "))


def safe(part: str) -> str:
    """A part of a path as it is if every system takes it, else its slug."""
    fine = re.fullmatch(r"\w[\w .+()（）&,，-]*", part) and not part.endswith((" ", "."))
    if fine and len(part.encode()) <= 180:
        return part
    suffix = _LANGUAGE.search(part)
    return slug(_LANGUAGE.sub("", part)) + (suffix.group() if suffix else "")


def _existing(key: str, text: str) -> Existing:
    head, _ = articles.head_of(text)
    return Existing(articles.parse(key, text), head.source, text)


def _merged(key: str, lang: str, row: Row, there: Article | None) -> Article:
    """The article of `row`, with what the row says nothing about as it is there."""
    base = there or Article(id=key, title=row.title, body="", lang=lang)
    given = {
        name: value
        for name in ("questions", "tags", "audience", "owner", "valid_from", "valid_to")
        if (value := getattr(row, name)) is not None
    }
    for name in TEXTS:
        text = getattr(row, name)
        if text is not None:
            given[name] = clean(text).strip()
    article = msgspec.structs.replace(
        base,
        id=key,
        title=row.title,
        lang=lang,
        category=articles.category_of(key),
        **given,
    )
    if not article.body and not article.internal:
        raise Unfit("没有正文", "there is no text")
    if not article.body and article.audience == "public":
        raise Unfit("没有可以发给客户的正文", "there is no text that a customer may get")
    return article


def _checked(article: Article, source: str) -> str:
    """The file of `article`, which reads as the same article. Raises Unfit."""
    text = articles.write(article, source)
    size = len(text.encode()) / 1_000_000
    if size > 1:
        raise Unfit(f"有 {size:.1f} MB，超过 1 MB", f"it has {size:.1f} MB, over 1 MB")
    try:
        again = articles.parse(article.id, text)
    except Malformed as error:
        raise Unfit(error.text.zh, error.text.en) from None
    lost = differences(article, again)
    if lost:
        raise Unfit(f"写不成文件：{lost[0]}", f"cannot be written to a file: {lost[0]}")
    return text

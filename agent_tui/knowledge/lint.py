"""What is wrong with article files: errors, and warnings about files that are used all the same."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec

from agent_tui import frontmatter
from agent_tui.domain.model import Article
from agent_tui.frontmatter import Problem
from agent_tui.knowledge import articles
from agent_tui.knowledge.articles import plain
from agent_tui.knowledge.figures import Figures, conflict, figures
from agent_tui.knowledge.files import folded
from agent_tui.lang import Both

# Titles that are this alike (rapidfuzz, 0 to 100) are taken to answer the same question.
NEAR = 90
_LANGUAGE = re.compile(r"\.(zh|en)\Z")
_WORD = re.compile(r"[a-z]+|\d+")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(\s*<?([^)>\s]+)>?[^)\n]*\)")


class Source(msgspec.Struct, frozen=True):
    """An article and the text of its file."""

    article: Article
    text: str
    body_line: int  # the line on which the body starts

    @property
    def name(self) -> str:
        """The path below kb/."""
        return f"{self.article.id}.md"

    def line(self, key: str) -> int:
        """The line of a key of the front matter; 1 if it has none."""
        return frontmatter.line_of(self.text, key)

    def line_with(self, text: str, key: str) -> int:
        """The line of the front matter, from `key` on, that holds `text`."""
        lines = self.text.split("\n")[: self.body_line]
        start = self.line(key)
        wanted = (number for number, line in enumerate(lines, 1) if number >= start)
        return next((number for number in wanted if text in lines[number - 1]), start)

    def error(self, line: int, zh: str, en: str) -> Problem:
        """Something that has to be put right."""
        return Problem(self.name, line, Both(zh, en))

    def warning(self, line: int, zh: str, en: str) -> Problem:
        """Something that somebody should look at."""
        return Problem(self.name, line, Both(zh, en), warning=True)


def lint(root: Path, today: datetime.date | None = None) -> tuple[list[Article], list[Problem]]:
    """The articles below `root` that can be used, and what is wrong, by path and line.

    `today` (default: of this machine) decides what has expired.
    """
    sources, problems = frontmatter.read_folder(root, _source)
    day = (today or datetime.datetime.now().astimezone().date()).isoformat()
    for source in sources:
        problems += _alone(source, day)
        problems += _links(source, root)
    problems += _names(sources)
    problems += _titles(sources)
    problems += _questions(sources)
    problems += _contradictions(sources)
    problems.sort(key=lambda problem: (problem.path, problem.line))
    return [source.article for source in sources], problems


def _source(key: str, text: str) -> Source:
    _, _, line = frontmatter.split(text)
    return Source(articles.parse(key, text), text, line)


def _alone(source: Source, today: str) -> Iterator[Problem]:
    """What shows in one file."""
    article = source.article
    if not article.body and article.audience == "public":
        yield source.error(1, "没有可以发给客户的正文", "there is no text that a customer may get")
    elif not article.body and not article.internal:
        yield source.error(1, "没有正文", "there is no text")
    line = source.line("valid")
    if article.valid_from and article.valid_to and article.valid_from > article.valid_to:
        yield source.error(line, "有效期的开始晚于结束", "valid: from is after to")
    elif article.valid_to and article.valid_to < today:
        yield source.warning(
            line, f"{article.valid_to} 后已过期", f"expired since {article.valid_to}"
        )


# --- names, titles, questions --------------------------------------------------------------------


def _names(sources: list[Source]) -> Iterator[Problem]:
    """Ids that some file system or reader takes for one, and language suffixes that mislead."""
    ids: dict[str, Source] = {}
    versions: dict[tuple[str, str], Source] = {}
    for source in sources:
        key = folded(source.article.id)
        twin = ids.setdefault(key, source)
        if twin is not source:
            yield source.error(
                1,
                f"文件名与 {twin.name} 只差大小写或编码形式",
                f"its name differs from {twin.name} by case or Unicode form only",
            )
            continue
        suffix = _LANGUAGE.search(key)
        language = source.article.lang
        if suffix and suffix[1] != language:
            yield source.error(
                source.line("lang"),
                f"文件名说是 {suffix[1]}，lang 说是 {language}",
                f"its name says {suffix[1]}, lang says {language}",
            )
            continue
        group = _LANGUAGE.sub("", key)
        other = versions.setdefault((group, language), source)
        if other is not source:
            yield source.error(
                source.line("lang"),
                f"与 {other.name} 是同一篇的同一语言",
                f"is the same article in the same language as {other.name}",
            )


def _titles(sources: list[Source]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Source] = {}
    for source in sources:
        twin = seen.setdefault((source.article.lang, plain(source.article.title)), source)
        if twin is not source:
            line = twin.line("title")
            yield source.error(
                source.line("title"),
                f"标题与 {twin.name}:{line} 相同",
                f"has the same title as {twin.name}:{line}",
            )


def _questions(sources: list[Source]) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], tuple[Source, int]] = {}
    for source in sources:
        article = source.article
        for question in article.questions:
            line = source.line_with(question, "questions")
            key = (article.lang, article.audience, plain(question))
            other, there = seen.setdefault(key, (source, line))
            if other is not source:
                yield source.warning(
                    line,
                    f"问题“{question}”在 {other.name}:{there} 也有",
                    f"the question “{question}” is in {other.name}:{there} too",
                )


# --- contradictions ------------------------------------------------------------------------------


def _contradictions(sources: list[Source]) -> Iterator[Problem]:
    """Answers to one question that give other figures, each pair once."""
    told: dict[int, Figures] = {}
    for at, source in enumerate(sources):
        found = figures(source.article.body)
        if found:
            told[at] = found
    for one, other in sorted(_pairs(sources, list(told))):
        clash = conflict(told[one], told[other])
        if clash is None:
            continue
        here, there = clash
        first, second = sources[one], sources[other]
        place = second.body_line + there.line - 1
        yield first.warning(
            first.body_line + here.line - 1,
            f"说“{here.said}”，而 {second.name}:{place} 对同一问题说“{there.said}”",
            f"says “{here.said}”, but {second.name}:{place} says “{there.said}” "
            "to the same question",
        )


def _pairs(sources: list[Source], candidates: list[int]) -> set[tuple[int, int]]:
    """Pairs of `candidates` that answer one question.

    Those that share a question, have nearly the same title, or are each other's translation.
    """
    pairs: set[tuple[int, int]] = set()
    groups: dict[str, int] = {}
    asked: dict[tuple[str, str], int] = {}
    titles: dict[str, list[tuple[str, int]]] = {}
    for at in candidates:
        article = sources[at].article
        for name in {plain(text) for text in (article.title, *article.questions)}:
            first = asked.setdefault((article.lang, name), at)
            if first != at:
                pairs.add((first, at))
        translated = groups.setdefault(_LANGUAGE.sub("", folded(article.id)), at)
        if translated != at:
            pairs.add((translated, at))
        titles.setdefault(article.lang, []).append((plain(article.title), at))
    for named in titles.values():
        for one, other in _alike(named):
            if _same_words(sources[one].article.title, sources[other].article.title):
                pairs.add((one, other))
    return pairs


def _same_words(one: str, other: str) -> bool:
    """Whether two titles differ in spelling only: gold and silver, 12 and 13 are two things."""
    from rapidfuzz import fuzz

    ours, theirs = (set(_WORD.findall(title.casefold())) for title in (one, other))
    left, right = ours - theirs, theirs - ours
    if any(word.isdecimal() for word in left | right):
        return False
    if not left or not right:  # a word more: the, or plus
        return all(len(word) <= 3 for word in left | right)
    return max(fuzz.ratio(a, b) for a in left for b in right) >= 60


def _alike(named: list[tuple[str, int]]) -> set[tuple[int, int]]:
    from rapidfuzz import fuzz, process

    # Two texts are never more alike than their lengths let them be: only a window is compared.
    named = sorted(named, key=lambda each: len(each[0]))
    lengths = [len(name) for name, _ in named]
    names = [name for name, _ in named]
    pairs: set[tuple[int, int]] = set()
    end = 0
    for at, (name, source) in enumerate(named):
        longest = lengths[at] * (200 - NEAR) / NEAR
        while end < len(named) and lengths[end] <= longest:
            end += 1
        window = names[at + 1 : end]
        for _, _, offset in process.extract(
            name, window, scorer=fuzz.ratio, score_cutoff=NEAR, limit=None
        ):
            other = named[at + 1 + offset][1]
            pairs.add((min(source, other), max(source, other)))
    return pairs


# --- links ---------------------------------------------------------------------------------------


def _links(source: Source, root: Path) -> Iterator[Problem]:
    """Links to files that are not there."""
    folder = (root / source.name).parent
    for number, line in enumerate(source.text.split("\n"), 1):
        if number < source.body_line:
            continue
        for target in _LINK.findall(line):
            path = unquote(target.split("#")[0].split("?")[0])
            if not path or ":" in path or path.startswith("/"):
                continue  # within this page, or of the web
            if not (folder / path).exists():
                yield source.error(
                    number, f"链接 {target} 指向的文件不存在", f"the link {target} leads nowhere"
                )

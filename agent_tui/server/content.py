"""The data folder's kb/, macros/ and policy, published as versioned events."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from agent_tui import frontmatter
from agent_tui.config import Config
from agent_tui.domain import events as e
from agent_tui.domain.model import MacroSource
from agent_tui.frontmatter import Problem
from agent_tui.knowledge import articles
from agent_tui.macros import library
from agent_tui.server import schema

log = logging.getLogger(__name__)


def changes(
    connection: Connection, data: Path, config: Config
) -> tuple[list[e.WorkspaceEvent], list[Problem]]:
    """The events that bring what is published up to the files; broken ones stay as they were."""
    known = {
        (row.kind, row.id): (row.version, row.body)
        for row in connection.execute(select(schema.content))
    }
    events: list[e.WorkspaceEvent] = []
    found, problems = articles.load(data / "kb")
    events.extend(
        e.ArticleSaved(article)
        for article in found
        if known.get(("article", article.id), ("",))[0] != article.version
    )
    macros, macro_problems = _macros(data / "macros")
    events.extend(
        e.MacroSaved(macro)
        for macro in macros
        if known.get(("macro", macro.id), ("",))[0] != macro.version
    )
    policy = known.get(("policy", "policy"))
    if policy is None or policy[1] != msgspec.json.encode(config.policy):
        events.append(e.PolicySaved(config.policy))
    problems += macro_problems
    here = {("article", a.id) for a in found} | {("macro", m.id) for m in macros}
    here |= {_kept(problem, macro_problems) for problem in problems}
    for kind, key in known.keys() - here:
        if kind == "article":
            events.append(e.ArticleRemoved(key))
        elif kind == "macro":
            events.append(e.MacroRemoved(key))
    return events, problems


def _kept(problem: Problem, macro_problems: list[Problem]) -> tuple[str, str]:
    kind = "macro" if problem in macro_problems else "article"
    return kind, problem.path.removesuffix(".md")


def _macros(root: Path) -> tuple[list[MacroSource], list[Problem]]:
    parsed, problems = library.load(root)
    good = {macro.id for macro in parsed}

    def source(key: str, text: str) -> MacroSource:
        version = hashlib.sha256(text.encode()).hexdigest()[:12]
        return MacroSource(id=key, text=text, version=version)

    sources, _ = frontmatter.read_folder(root, source)
    return [each for each in sources if each.id in good], problems

"""Where `kb` and `macros` read: the profile's cache when logged in, else files."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from pathlib import Path

from agent_tui import bootstrap, paths
from agent_tui.cli import output, settings
from agent_tui.desk.entries import entries
from agent_tui.domain.model import Article
from agent_tui.errors import NotFound
from agent_tui.frontmatter import Problem
from agent_tui.knowledge import articles
from agent_tui.knowledge.index import SearchIndex
from agent_tui.lang import Both
from agent_tui.macros import library as libraries
from agent_tui.macros.library import Library
from agent_tui.macros.model import Macro
from agent_tui.macros.personal import Personal


@dataclass(frozen=True, slots=True)
class Sources:
    """Articles and macros, and the agent's name for rendering (empty if nobody is logged in)."""

    articles: tuple[Article, ...]
    macros: Library
    agent: str = ""

    def index(self) -> SearchIndex:
        """The search over both."""
        return SearchIndex.build(entries(self.articles, self.macros))

    def library(self) -> Library:
        """The macros."""
        return self.macros

    def values(self) -> dict[str, str]:
        """The variables that do not depend on a conversation."""
        now = datetime.datetime.now().astimezone()
        shop = settings.load().shop
        return {
            "agent.name": self.agent,
            "shop.name": str(Both(shop.name, shop.name_en)),
            "now.date": now.strftime("%Y-%m-%d"),
            "now.time": now.strftime("%H:%M"),
        }


def of_folder(root: Path) -> Sources:
    """From kb/ and macros/ in `root`; broken files are named on stderr. Raises NotFound."""
    if not (root / "kb").is_dir() and not (root / "macros").is_dir():
        raise NotFound(
            Both(f"{root} 里没有 kb/ 和 macros/", f"there is no kb/ and no macros/ in {root}"),
            Both("给出数据目录", "name a data folder"),
        )
    found, problems = articles.load(root / "kb")
    macros, more = libraries.load(root / "macros")
    for folder, problem in _with_folder(root, problems, more):
        output.note(f"{folder / problem.path}:{problem.line}: {problem.text}")
    return Sources(tuple(found), Library(macros))


def _with_folder(
    root: Path, articles: list[Problem], macros: list[Problem]
) -> list[tuple[Path, Problem]]:
    return [(root / "kb", each) for each in articles] + [(root / "macros", each) for each in macros]


def _own() -> tuple[Macro, ...]:
    """The agent's own macros; broken files are named on stderr."""
    personal = Personal(paths.config_home() / "macros")
    personal.look()
    for problem in personal.problems:
        output.note(f"{personal.root / problem.path}:{problem.line}: {problem.text}")
    return personal.macros


def of_profile() -> Sources:
    """What the server published to this account; the shipped files if nobody is logged in here."""
    profile = bootstrap.default_profile()
    login = bootstrap.read_login(profile)
    own = _own()
    if login is None or not profile.cache.exists():
        shipped = of_folder(paths.shipped())
        return replace(shipped, macros=Library((*own, *shipped.macros.all.values())))
    desk = bootstrap.open_desk(profile, login)
    desk.macros.use_own(own)
    try:
        return Sources(
            tuple(desk.directory.articles().values()), desk.macros.library(), desk.me.name
        )
    finally:
        desk.close()

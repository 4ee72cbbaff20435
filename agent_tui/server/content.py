"""The data folder's kb/, macros/ and settings, published as versioned events."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
from sqlalchemy import select

from agent_tui import config as configs
from agent_tui.config import Config
from agent_tui.domain import events as e
from agent_tui.domain import rule_checks
from agent_tui.domain.model import Article, MacroSource
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Routing
from agent_tui.errors import ConfigError
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.knowledge import articles
from agent_tui.lang import Both
from agent_tui.macros import library
from agent_tui.server import schema
from agent_tui.server.database import Database
from agent_tui.server.files import Files, Look, Stamp
from agent_tui.server.unit import SYSTEM, Needs, Unit
from agent_tui.server.workspace import record

AWAY: Stamp = (0, 0, 0)
AT_ONCE = 500  # of one transaction: others wait for it
log = logging.getLogger(__name__)
Piece = Article | MacroSource


class Publish:
    """Bring what is published up to some files. It is decided within the transaction, so replicas
    that look at the same folder publish a version once, and what was accepted meanwhile stays."""

    def __init__(
        self,
        kind: str,
        found: Sequence[Piece] = (),
        gone: Sequence[str] = (),
        settings: Config | None = None,
    ) -> None:
        self._kind = kind
        self._found = found
        self._gone = gone
        self._settings = settings
        self.size = max(1, len(found) + len(gone))

    def needs(self) -> Needs:
        """Nothing that the unit knows how to load."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Record what the tables do not say yet."""
        files = self._files(unit)
        for piece in self._found:
            if files.get(piece.id) != piece.version:
                record(unit, _saved(piece, unit.at), SYSTEM)
        for key in self._gone:
            if files.get(key):  # what has no file is not gone with it
                removed = e.ArticleRemoved(key) if self._kind == "article" else e.MacroRemoved(key)
                record(unit, removed, SYSTEM)
        if self._settings is not None:
            policy, routing = self._settings.policy, self._settings.sorting
            if not self._is_published(unit, "policy", policy):
                record(unit, e.PolicySaved(policy), SYSTEM)
            if not self._is_published(unit, "routing", routing):
                record(unit, e.RoutingSaved(routing), SYSTEM)

    def answer(self, unit: Unit) -> None:
        """Nothing to tell."""

    def _files(self, unit: Unit) -> dict[str, str]:
        keys = [*(piece.id for piece in self._found), *self._gone]
        table = schema.content.c
        query = select(table.id, table.file).where(table.kind == self._kind, table.id.in_(keys))
        rows = unit.connection.execute(query) if keys else ()
        found = {str(row.id): str(row.file) for row in rows}
        for each in unit.content:  # jobs of this very batch
            if each.kind == self._kind:
                found[each.id] = each.file
        return found

    def _is_published(self, unit: Unit, kind: str, settings: Policy | Routing) -> bool:
        table = schema.content.c
        known = unit.connection.execute(select(table.body).where(table.kind == kind)).scalar()
        return known is not None and bytes(known) == msgspec.json.encode(settings)


def _saved(piece: Piece, at: int) -> e.WorkspaceEvent:
    if isinstance(piece, MacroSource):
        return e.MacroSaved(piece)
    return e.ArticleSaved(msgspec.structs.replace(piece, revised_at=at))


def _macro(key: str, text: str) -> MacroSource:
    library.checked(key, text)
    return MacroSource(id=key, text=text, version=_digest(text))


def _digest(text: str) -> str:
    """The version that a file's text gives what it says."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def batched(keys: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """`keys`, `size` at a time."""
    rest = iter(keys)
    while some := tuple(islice(rest, size)):
        yield some


def _teams(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(schema.team.c.id)).scalars())


class Content:
    """The files of a data folder, and how far they are published."""

    def __init__(self, root: Path, config: Config) -> None:
        self.root = root
        self._config_file = root / "config.toml"
        self._config_stamp = self._stamp()
        self._settings = config
        self._kinds: tuple[tuple[str, Files, Callable[[str, str], Piece]], ...] = (
            ("article", Files(root / "kb"), articles.parse),
            ("macro", Files(root / "macros"), _macro),
        )
        self._whole = False  # whether the last pass came to its end
        self._told: frozenset[str] = frozenset()  # of folders, until it is over
        self.problems: list[Problem] = []  # that the last pass came across

    def is_due(self) -> bool:
        """Whether there is something to do that no watch of the folders tells."""
        return not self._whole or self._stamp() != self._config_stamp

    def jobs(self, database: Database) -> Generator[Publish, None, None]:
        """What is to be published, bit by bit; asking for the next one says that the last is done.

        The first pass compares every file with what is published, later ones look at those that
        changed. Broken ones stay published as they were; so does all if a pass is broken off, and
        the next compares everything again.
        """
        published = None if self._whole else self._published(database)
        self._whole = False
        self.problems = []
        told: set[str] = set()
        for kind, files, parse in self._kinds:
            look = files.look()
            fresh = [problem for problem in look.problems if str(problem) not in self._told]
            self._report(files, fresh)
            told |= {str(problem) for problem in look.problems}
            known = published[kind] if published is not None else None
            for some in batched(look.here if known is not None else look.changed, AT_ONCE):
                yield from self._some(kind, files, look, parse, some, known)
            lost = look.gone
            if known is not None:
                lost = tuple(
                    key
                    for key, file in known.items()
                    if file and key not in look.here and not look.hides(key)
                )
            for some in batched(lost, AT_ONCE):
                yield Publish(kind, gone=some)
                for key in some:
                    files.forget(key)
        if published is not None or self._stamp() != self._config_stamp:
            before = self._settings
            found = self._settings_now(database, changed=published is None)
            yield Publish("settings", settings=found)
            if published is not None or self._settings is not before:
                self._report_unknown_teams(database)
        self._whole, self._told = True, frozenset(told)

    def _some(
        self,
        kind: str,
        files: Files,
        look: Look,
        parse: Callable[[str, str], Piece],
        keys: Sequence[str],
        known: dict[str, str] | None,
    ) -> Iterator[Publish]:
        found: list[Piece] = []
        for key in keys:
            try:
                text = files.read(key)
                if known is None or known.get(key) != _digest(text):
                    found.append(parse(key, text))
            except Malformed as error:
                self._report(files, [Problem(f"{key}.md", error.line, error.text)])
        if found:
            yield Publish(kind, found)
        for key in keys:
            files.keep(key, look.here[key])

    def _published(self, database: Database) -> dict[str, dict[str, str]]:
        """Of everything published, by kind and id: the file's version that it stands on."""
        found: dict[str, dict[str, str]] = {kind: {} for kind, _, _ in self._kinds}
        table = schema.content.c
        with database.read() as connection:
            rows = connection.execute(select(table.kind, table.id, table.file))
            for kind, key, file in rows:
                if kind in found:
                    found[kind][key] = file
        return found

    def _report(self, files: Files, problems: Sequence[Problem]) -> None:
        for problem in problems:
            log.warning("%s/%s", files.root.name, problem)
        self.problems.extend(problems)

    def _settings_now(self, database: Database, *, changed: bool) -> Config:
        """config.toml; while it is away or cannot be used, as it was before.

        What it was `changed` to while the server runs may name no other team that is not there: it
        is a slip, and the chats of the team that was meant would stay where they are.
        """
        stamp = self._stamp()
        if stamp not in (self._config_stamp, AWAY):
            try:
                found = configs.load(self._config_file)
                if changed:
                    self._refuse_unknown_teams(found, database)
                self._settings = found
            except ConfigError as error:
                kept = Both("；沿用原来的设置", "; the settings stay as they were")
                log.warning("%s%s", error.title, kept)
            else:
                now = Both("：读过了，从现在起有效", ": read, and in force from now on")
                log.info("%s%s", self._config_file, now)
        self._config_stamp = stamp
        return self._settings

    def _refuse_unknown_teams(self, found: Config, database: Database) -> None:
        teams = _teams(database)
        known = {each.what for each in rule_checks.unknown_teams(self._settings.sorting, teams)}
        for wrong in rule_checks.unknown_teams(found.sorting, teams):
            if wrong.what not in known:
                what = Both(
                    f"{wrong.what.zh}（{wrong.hint.zh}）", f"{wrong.what.en} ({wrong.hint.en})"
                )
                full = rule_checks.RulesError(wrong.place, what, wrong.hint)
                raise configs.refusal(full, str(self._config_file), self._text())

    def _report_unknown_teams(self, database: Database) -> None:
        """A team may still be made, so settings with which the server starts are published even if
        they name one that is not there: until then a rule leaves the conversation where it is."""
        for wrong in rule_checks.unknown_teams(self._settings.sorting, _teams(database)):
            found = configs.refusal(wrong, str(self._config_file), self._text())
            until = Both(
                f"（{wrong.hint.zh}）；建好之前不起作用",
                f" ({wrong.hint.en}); of no effect until it is made",
            )
            log.warning("%s%s", found.title, until)

    def _text(self) -> str:
        try:
            return self._config_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def _stamp(self) -> Stamp:
        try:
            status = self._config_file.stat()
        except OSError:
            return AWAY
        return (status.st_mtime_ns, status.st_size, status.st_ino)

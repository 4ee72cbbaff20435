"""What becomes of each canned reply, before anything is written."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from typing import Any

import msgspec

from agent_tui import frontmatter, misfits
from agent_tui.frontmatter import Malformed
from agent_tui.knowledge.articles import plain
from agent_tui.knowledge.files import folded
from agent_tui.knowledge.importing.plan import Step, safe, slug
from agent_tui.knowledge.importing.row import language_of
from agent_tui.lang import Both
from agent_tui.macros import linting
from agent_tui.macros.importing.row import Row, Skipped, Unfit
from agent_tui.macros.linting import Source
from agent_tui.macros.model import PERSONAL, Head, Macro
from agent_tui.macros.writing import text_of

__all__ = ["Planner", "Step"]


class Planner:
    """Finds each row's place among the macros that are there, and among those before it."""

    def __init__(self, root: Path, *, lang: str = "", folder: str = "", own: bool = False) -> None:
        """`root` is the macros/ folder; `lang` and `folder` are for rows that say nothing. `own`:
        they become one agent's, whoever they were for."""
        self._own = own
        self._lang = lang
        self._where = folder
        found, problems = frontmatter.read_folder(root, linting.source)
        self._there = {folded(each.macro.id): each for each in found}
        self._broken = {folded(p.path.removesuffix(".md")): p.path for p in problems}
        self._sources: dict[tuple[str, str], Source] = {
            (each.macro.head.source, each.macro.head.lang): each
            for each in found
            if each.macro.head.source
        }
        self._bodies: dict[tuple[str, str], str] = {
            (e.macro.head.lang, plain(e.macro.body)): e.macro.id for e in found
        }
        self._shorts: dict[tuple[str, str], str] = {
            (e.macro.head.lang, e.macro.head.short): e.macro.id for e in found
        }
        self._taken: dict[str, Row] = {}

    def step(self, row: Row | Skipped) -> Step:
        """What becomes of `row`."""
        if isinstance(row, Skipped):
            return Step("skipped", row.place, why=row.why)
        try:
            return self._step(row)
        except Unfit as unfit:
            return Step("skipped", row.place, why=unfit.why)

    def _step(self, row: Row) -> Step:
        lang = language_of(row.lang, self._lang, f"{row.title} {row.body}")
        there = self._sources.get((row.source, lang)) if row.source else None
        key = there.macro.id if there else self._id_of(row, lang)
        there = there or self._there.get(folded(key))
        self._take(key, row)
        if there is None:
            self._refuse_double(row, lang)
        notes = list(row.notes)
        head = _merged(row, lang, there.macro.head if there else None)
        head = self._free_short(key, head, notes)
        if self._own:
            head = msgspec.structs.replace(head, scope=PERSONAL)
        text = _checked(key, head, row.body)
        why = _joined(notes)
        path = f"{key}.md"
        if there is None:
            return Step("new", row.place, path, why=why, text=text)
        changes = _differences(there.macro, head, row.body)
        if not changes:
            return Step("same", row.place, path, text=text, before=there.text)
        return Step("update", row.place, path, changes, why, text, there.text)

    def _take(self, key: str, row: Row) -> None:
        """Nothing else of this import may become the macro `key`. Raises Unfit."""
        name = folded(key)
        if name in self._broken:
            path = self._broken[name]
            raise Unfit(
                f"{path} 有误，先看 macros lint", f"{path} is broken: see macros lint first"
            )
        other = self._taken.setdefault(name, row)
        if other is not row:
            raise Unfit(f"与 {other.place} 是同一条", f"is the same macro as {other.place}")

    def _refuse_double(self, row: Row, lang: str) -> None:
        """Raises Unfit for a text that is there already, under another name."""
        body = plain(row.body)
        twin = self._bodies.setdefault((lang, body), row.place)
        if twin != row.place:
            raise Unfit(f"与 {twin} 正文相同", f"has the same text as {twin}")

    def _id_of(self, row: Row, lang: str) -> str:
        if row.id:
            return "/".join(safe(part) for part in row.id.split("/") if part.strip(". "))
        folder = "/".join(slug(part) for part in (row.folder or self._where).split("/") if part)
        suffix = ".en" if lang == "en" else ""
        key = f"{folder}/{slug(row.title)}" if folder else slug(row.title)
        if self._is_others(key + suffix, row):
            digest = hashlib.sha256(plain(row.body).encode()).hexdigest()[:6]
            key = f"{key}-{slug(row.source.partition(':')[2]) if row.source else digest}"
        return key + suffix

    def _is_others(self, key: str, row: Row) -> bool:
        """Whether another macro has `key`: one of another source; of a row without a source, one of
        this import that says something else."""
        there = self._there.get(folded(key))
        taken = self._taken.get(folded(key))
        if row.source:
            return (there is not None and there.macro.head.source != row.source) or (
                taken is not None and taken.source != row.source
            )
        return taken is not None and plain(taken.body) != plain(row.body)

    def _free_short(self, key: str, head: Head, notes: list[Both]) -> Head:
        """The head, without its short name if another macro has that."""
        if not head.short:
            return head
        other = self._shorts.setdefault((head.lang, head.short), key)
        if other == key:
            return head
        words = (
            f"/{head.short} 已被 {other} 占用，没有带上",
            f"/{head.short} is {other}'s: left out",
        )
        notes.append(Both(*words))
        return msgspec.structs.replace(head, short="")


def _merged(row: Row, lang: str, there: Head | None) -> Head:
    """The front matter of `row`, with what the row says nothing about as it is there."""
    base = there or Head(title=row.title)
    data: dict[str, Any] = msgspec.to_builtins(base, builtin_types=(datetime.date,))
    given: dict[str, Any] = {
        "short": row.short,
        "tags": row.tags,
        "ask": dict(row.ask),
        "actions": row.actions,
        "note": row.note,
        "source": row.source,
    }
    given = {name: msgspec.to_builtins(value) for name, value in given.items() if value}
    data |= {"title": row.title, "lang": lang, **given, **row.more}
    if not row.ask:
        data.pop("ask", None)
    try:
        return msgspec.convert(data, Head)
    except msgspec.ValidationError as error:
        said = misfits.explained(str(error), Head)
        raise Unfit(said.zh, said.en) from None


def _checked(key: str, head: Head, body: str) -> str:
    """The file, which reads as the same macro. Raises Unfit."""
    text = text_of(head, body)
    try:
        again = linting.source(key, text).macro
    except Malformed as error:
        raise Unfit(error.text.zh, error.text.en) from None
    if again.head != head or again.body.strip() != body.strip():
        raise Unfit("写不成文件", "cannot be written to a file")
    return text


def _differences(there: Macro, head: Head, body: str) -> tuple[str, ...]:
    fields = [
        name for name in head.__struct_fields__ if getattr(there.head, name) != getattr(head, name)
    ]
    return (*fields, *(("body",) if there.body.strip() != body.strip() else ()))


def _joined(notes: list[Both]) -> Both | None:
    if not notes:
        return None
    return Both("；".join(note.zh for note in notes), "; ".join(note.en for note in notes))

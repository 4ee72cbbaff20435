"""Canned replies from elsewhere as macro files: `read` gives rows, `plan.Planner` says what each
becomes, and `agent_tui.knowledge.importing.plan.apply` writes the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from agent_tui import frontmatter
from agent_tui.errors import ContentError, NotFound
from agent_tui.frontmatter import Malformed
from agent_tui.knowledge.importing import tables
from agent_tui.knowledge.importing.row import field_of
from agent_tui.lang import Both
from agent_tui.macros import library
from agent_tui.macros.importing import ours, systems
from agent_tui.macros.importing.row import Row, Skipped, Unfit

Format = Literal[
    "auto", "md", "csv", "xlsx", "json", "chatwoot", "zendesk", "zammad", "livehelperchat"
]
MAX_BYTES = 50_000_000
_ONE: Mapping[str, Callable[[str, systems.Data], Row]] = {
    "chatwoot": systems.chatwoot,
    "zendesk": systems.zendesk,
    "zammad": systems.zammad,
}
# By which columns a system's own table is known.
_COLUMNS: tuple[tuple[Format, frozenset[str]], ...] = (
    ("livehelperchat", frozenset({"title", "msg"})),
    ("chatwoot", frozenset({"short_code", "content"})),
    ("zammad", frozenset({"name", "keywords", "content"})),
)
NOT_KNOWN = Both(
    "要有 Zendesk 的 {macros: [...]}、Chatwoot 的 [{short_code, content}] 或 macros export 的列表",
    "neither Zendesk's {macros: [...]} nor Chatwoot's [{short_code, content}] nor an export",
)


def read(source: Path, form: Format = "auto", *, brackets: bool = False) -> Iterator[Row | Skipped]:
    """Every canned reply in the file `source`, or in the macro files of a folder; what is none says
    why. With `brackets`, `[…]` in tables of one's own is a placeholder. Raises NotFound and
    ContentError."""
    if source.is_dir():
        yield from _folder(source)
        return
    if not source.exists():
        raise NotFound(Both(f"没有 {source}", f"there is no {source}"))
    suffix = source.suffix.lower()
    try:
        if suffix in (".json", ".jsonl"):
            yield from _json(source, form, brackets)
        elif suffix in (".md", ".markdown"):
            yield _file(source, source.name, source.stem)
        elif suffix in (".csv", ".tsv", ".txt", ".xlsx", ".xlsm"):
            yield from _table(source, form, brackets)
        else:
            raise ContentError(
                Both(f"看不出 {source} 是什么格式", f"{source} is of no known format"),
                Both("要 .json .csv .xlsx 或 .md", "it takes .json, .csv, .xlsx or .md"),
            )
    except OSError as error:
        what = error.strerror
        raise ContentError(
            Both(f"{source} 读不了：{what}", f"cannot read {source}: {what}")
        ) from None


def _folder(source: Path) -> Iterator[Row | Skipped]:
    problems: list[frontmatter.Problem] = []
    for path in sorted(frontmatter.files(source, problems)):
        name = path.relative_to(source).as_posix()
        yield _file(path, name, name.removesuffix(".md"))
    for problem in problems:
        yield Skipped(f"{problem.path}:{problem.line}", problem.text)


def _file(path: Path, name: str, key: str) -> Row | Skipped:
    try:
        return ours.of_macro(name, library.checked(key, frontmatter.read_text(path)))
    except Malformed as error:
        return Skipped(f"{name}:{error.line}", error.text)
    except OSError as error:
        return Skipped(name, frontmatter.unreadable(path, error))


def _json(source: Path, form: Format, brackets: bool) -> Iterator[Row | Skipped]:
    if source.stat().st_size > MAX_BYTES:
        raise ContentError(Both(f"{source} 超过 50 MB", f"{source} is over 50 MB"))
    try:
        raw = source.read_bytes().removeprefix(b"\xef\xbb\xbf")
        lines = source.suffix.lower() == ".jsonl"
        document = msgspec.json.Decoder().decode_lines(raw) if lines else msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContentError(Both(f"{source}：{error}", f"{source}: {error}")) from None
    for number, each in enumerate(_listed(document, source), 1):
        kind = form if form in _ONE else _kind_of(each)
        where = f"{source.name}[{number}]"
        if kind == "zendesk":
            where = f"{source.name}: macro {each.get('id')}"
        yield from _row(where, each, kind, brackets)


def _listed(document: Any, source: Path) -> list[dict[str, Any]]:
    """The objects of a document: a list, pages of it, or what stands under the usual names."""
    pages = document if isinstance(document, list) else [document]
    found: list[dict[str, Any]] = []
    for page in pages:
        if not isinstance(page, dict):
            raise ContentError(Both(f"{source} 看不懂", f"{source} is not understood"), NOT_KNOWN)
        for name in ("macros", "payload", "canned_responses", "text_modules"):
            inside = page.get(name)
            if isinstance(inside, list):
                found += [each for each in inside if isinstance(each, dict)]
                break
        else:
            found.append(page)
    if any(_kind_of(each) == "auto" for each in found):
        raise ContentError(Both(f"{source} 看不懂", f"{source} is not understood"), NOT_KNOWN)
    return found


def _kind_of(data: Mapping[str, Any]) -> Format:
    """Whose an object or a table's row is; `auto` for nobody's."""
    names = {str(name).strip().casefold() for name in data}
    if isinstance(data.get("actions"), list) and "body" not in names:
        return "zendesk"
    for kind, columns in _COLUMNS:
        if columns <= names:
            return kind
    fields = set(map(field_of, names))
    return "json" if "body" in fields and (fields & {"title", "questions"}) else "auto"


def _table(source: Path, form: Format, brackets: bool) -> Iterator[Row | Skipped]:
    kind = form
    for place, found in tables.records(source, ours.known):
        if isinstance(found, Both):
            yield Skipped(place, found)
            continue
        data = {name.strip().casefold(): value for name, value in found.items()}
        if kind not in (*_ONE, "livehelperchat"):
            kind = _kind_of(data)
        if kind == "auto":
            raise ContentError(
                Both(f"{source} 第一行没有标题和正文列", f"{source} names no title and text"),
                Both(f"有：{'、'.join(found)}", f"there are: {', '.join(found)}"),
            )
        yield from _row(place, data, kind, brackets)


def _row(
    place: str, data: Mapping[str, Any], kind: Format, brackets: bool
) -> Iterator[Row | Skipped]:
    if kind == "livehelperchat":
        yield from systems.livehelperchat(place, data)
        return
    try:
        if kind in _ONE:
            yield _ONE[kind](place, data)
        else:
            yield ours.of_fields(place, data, brackets=brackets)
    except Unfit as unfit:
        yield Skipped(place, unfit.why)

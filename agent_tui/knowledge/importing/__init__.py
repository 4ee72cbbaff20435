"""Knowledge from elsewhere: Markdown, CSV, XLSX, and what help centres export, as article files.

`read` gives rows, `plan.plan` says what each becomes, `plan.apply` writes the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from agent_tui.errors import ContentError, NotFound
from agent_tui.knowledge.importing import centres, pages, tables
from agent_tui.knowledge.importing.row import Row, Skipped
from agent_tui.lang import Both

Format = Literal["auto", "md", "csv", "xlsx", "json", "zendesk", "chatwoot"]
_BY_SUFFIX: Mapping[str, Format] = {
    ".md": "md",
    ".markdown": "md",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".json": "json",
    ".jsonl": "json",
}


def read(
    source: Path, form: Format = "auto", columns: Mapping[str, str] | None = None
) -> Iterator[Row | Skipped]:
    """Every article in `source`, a file or a folder; what is none says why.

    `columns` names a table's columns by field. A folder gives its Markdown files or, if it has
    none, its other files. Raises NotFound and ContentError.
    """
    if source.is_dir():
        yield from _folder(source, form, columns or {})
    elif source.exists():
        try:
            yield from _file(source, form, columns or {})
        except OSError as error:
            raise ContentError(
                Both(
                    f"{source} 读不了：{error.strerror}", f"cannot read {source}: {error.strerror}"
                )
            ) from None
    else:
        raise NotFound(Both(f"没有 {source}", f"there is no {source}"))


def _folder(source: Path, form: Format, columns: Mapping[str, str]) -> Iterator[Row | Skipped]:
    files = sorted(path for path in source.iterdir() if path.suffix.lower() in _BY_SUFFIX)
    others = [path for path in files if _BY_SUFFIX[path.suffix.lower()] != "md"]
    if form == "md" or (form == "auto" and (not others or any(source.rglob("*.md")))):
        yield from pages.read_folder(source)
        return
    wanted = {"zendesk": "json", "chatwoot": "json"}.get(form, form)
    for path in others:
        if form == "auto" or _BY_SUFFIX[path.suffix.lower()] == wanted:
            yield from _file(path, form, columns)


def _file(source: Path, form: Format, columns: Mapping[str, str]) -> Iterator[Row | Skipped]:
    found = form if form != "auto" else _BY_SUFFIX.get(source.suffix.lower())
    if found == "md":
        yield pages.read(source, source.name)
    elif found == "csv":
        yield from tables.read_csv(source, columns)
    elif found == "xlsx":
        yield from tables.read_xlsx(source, columns)
    elif found is not None:
        yield from _json(source, found, columns)
    else:
        raise ContentError(
            Both(f"看不出 {source} 是什么格式", f"{source} is of no known format"),
            Both("用 --format 指明", "say which with --format"),
        )


def _json(source: Path, form: Format, columns: Mapping[str, str]) -> Iterator[Row | Skipped]:
    if source.stat().st_size > tables.MAX_BYTES:
        raise ContentError(Both(f"{source} 超过 200 MB", f"{source} is over 200 MB"))
    if source.suffix.lower() == ".jsonl":
        yield from _lines(source, columns)
        return
    try:
        document = msgspec.json.decode(source.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContentError(Both(f"{source}：{error}", f"{source}: {error}")) from None
    if form == "zendesk" or (form == "json" and centres.is_zendesk(document)):
        yield from centres.read_zendesk(source.name, document)
    elif form == "chatwoot" or (form == "json" and centres.is_chatwoot(document)):
        yield from centres.read_chatwoot(source.name, document)
    elif isinstance(document, list) and all(isinstance(each, dict) for each in document):
        for number, each in enumerate(document, 1):
            yield tables.of_mapping(f"{source.name}[{number}]", each, columns)
    else:
        raise ContentError(
            Both(f"{source} 看不懂", f"{source} is not understood"), centres.NOT_KNOWN
        )


def _lines(source: Path, columns: Mapping[str, str]) -> Iterator[Row | Skipped]:
    """An object on each line."""
    with source.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            place = f"{source.name}:{number}"
            try:
                fields = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                yield Skipped(place, Both(f"看不懂：{error}", f"not understood: {error}"))
            else:
                yield tables.of_mapping(place, fields, columns)

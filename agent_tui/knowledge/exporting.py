"""Articles as Markdown files, CSV, XLSX or JSON: what `kb import` reads again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agent_tui import frontmatter
from agent_tui.domain.model import Article
from agent_tui.errors import ContentError
from agent_tui.knowledge import articles
from agent_tui.lang import Both

FIELDS = (
    "id",
    "title",
    "lang",
    "category",
    "questions",
    "tags",
    "audience",
    "owner",
    "valid_from",
    "valid_to",
    "body",
    "internal",
    "source",
)
# What a cell of Excel holds; it would cut the rest off without a word.
CELL = 32_767

Record = Mapping[str, str | list[str]]


def load(root: Path) -> tuple[list[tuple[Article, str]], list[frontmatter.Problem]]:
    """Every article of a kb/ folder with its source, and what is wrong with the others."""
    return frontmatter.read_folder(root, _with_source)


def _with_source(key: str, text: str) -> tuple[Article, str]:
    head, _ = articles.head_of(text)
    return articles.parse(key, text), head.source


def record(article: Article, source: str = "") -> Record:
    """The article as plain values by the names of FIELDS."""
    found: dict[str, str | list[str]] = {}
    for name in FIELDS[:-1]:
        value = getattr(article, name)
        found[name] = list(value) if isinstance(value, tuple) else value
    return found | {"source": source}


def to_json(records: Iterable[Record]) -> bytes:
    """A list of objects, UTF-8."""
    return (json.dumps(list(records), ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def to_csv(records: Iterable[Record], fields: Sequence[str] = FIELDS) -> bytes:
    """A table in UTF-8 with the mark by which Excel knows it; several values are lines."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(fields)
    for each in records:
        writer.writerow([_cell(each[name]) for name in fields])
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(records: Iterable[Record], fields: Sequence[str] = FIELDS, title: str = "kb") -> bytes:
    """A workbook with one sheet. Raises ContentError without openpyxl, or for a text too long."""
    try:
        import openpyxl
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise ContentError(
            Both("写 XLSX 要装 openpyxl", "writing XLSX takes openpyxl"),
            "pip install 'agent-tui[xlsx]'",
        ) from None
    rows = [[(name, _cell(each[name])) for name in fields] for each in records]
    for row in rows:
        _refuse_too_long(row)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(list(fields))
    for row in rows:
        cells = [WriteOnlyCell(sheet, value=text) for _, text in row]
        for cell in cells:
            cell.data_type = "s"  # a text that begins with = is no formula
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


def _refuse_too_long(row: Sequence[tuple[str, str]]) -> None:
    key = row[0][1]
    for name, text in row:
        if len(text) > CELL:
            raise ContentError(
                Both(
                    f"{key} 的 {name} 超过 Excel 一格的 {CELL} 字",
                    f"{name} of {key} is over the {CELL} characters of an Excel cell",
                ),
                Both("用 --format csv 或 json", "use --format csv or json"),
            )


def to_files(found: Iterable[tuple[Article, str]]) -> Iterable[tuple[str, str]]:
    """(path below kb/, text) of each article's file."""
    for article, source in found:
        yield f"{article.id}.md", articles.write(article, source)


def _cell(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return value
    # The line end tells a single value that has separators in it from several.
    return "".join(f"{each}\n" for each in value)

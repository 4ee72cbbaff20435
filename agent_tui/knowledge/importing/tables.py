"""Tables: CSV in whatever encoding and with whatever delimiter, and XLSX."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_tui import charset, frontmatter
from agent_tui.errors import ContentError
from agent_tui.knowledge.importing.row import Row, Skipped, Unfit, field_of, of_fields
from agent_tui.lang import Both

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

# Bytes of a table, and of a workbook once unpacked.
MAX_BYTES = 200_000_000
_DELIMITERS = ",;\t|"
Columns = Mapping[str, str]  # field -> the table's own name for it
Cells = Iterable[tuple[int, Sequence[Any]]]  # (line or row on which they stand, cells)


def read_csv(path: Path, columns: Columns) -> Iterator[Row | Skipped]:
    """A row for each line of the CSV file `path`. Raises ContentError."""
    return _table(path.name, _csv_cells(path, _known(columns)), columns)


def records(
    path: Path, known: Callable[[str], bool]
) -> Iterator[tuple[str, dict[str, Any] | Both]]:
    """(place, cells by heading, or why there are none) of each row of a CSV file or of a workbook.

    `known` tells headings that mean something: by them a CSV file's delimiter is found. Raises
    ContentError.
    """
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        yield from _records(path.name, _csv_cells(path, known))
        return
    book = _book(path)
    try:
        several = len(book.sheetnames) > 1
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            cells = ((n, list(row)) for n, row in enumerate(sheet.iter_rows(values_only=True), 1))
            yield from _records(f"{path.name}[{sheet.title}]" if several else path.name, cells)
    finally:
        book.close()


def _csv_cells(path: Path, known: Callable[[str], bool]) -> Cells:
    try:
        text, _ = charset.decode(_bytes(path))
    except ValueError:
        raise ContentError(
            Both(f"{path} 不是文本文件", f"{path} is not a text file"),
            Both("如果是 Excel 文件，改名为 .xlsx", "if Excel wrote it, name it .xlsx"),
        ) from None
    csv.field_size_limit(frontmatter.MAX_BYTES)
    return _lines(text, known)


def _known(columns: Columns) -> Callable[[str], bool]:
    return lambda name: bool(field_of(name)) or name in columns.values()


def read_xlsx(path: Path, columns: Columns) -> Iterator[Row | Skipped]:
    """A row for each row of each sheet of `path` that has headings. Raises ContentError."""
    book = _book(path)
    try:
        rows: list[Row | Skipped] = []
        several = len(book.sheetnames) > 1
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # some programs write wrong ones
            cells = ((n, list(row)) for n, row in enumerate(sheet.iter_rows(values_only=True), 1))
            name = f"{path.name}[{sheet.title}]" if several else path.name
            if several and not _has_headings(sheet.iter_rows(max_row=1, values_only=True), columns):
                why = Both("这一页没有标题列", "this sheet has no column of titles")
                rows.append(Skipped(name, why))
                continue
            rows += _table(name, cells, columns)
        return iter(rows)
    finally:
        book.close()


def _book(path: Path) -> Workbook:
    try:
        import openpyxl
    except ImportError:
        raise ContentError(
            Both("读 XLSX 要装 openpyxl", "reading XLSX takes openpyxl"),
            "pip install 'agent-tui[xlsx]'",
        ) from None
    _check_archive(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # about styles that it does not know
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # whatever a broken workbook makes openpyxl raise
        raise _no_workbook(path) from error


def of_mapping(place: str, data: Mapping[str, Any], columns: Columns) -> Row | Skipped:
    """The row of one object or line by its own names for the fields."""
    mine = {name: field for field, name in columns.items()}
    fields: dict[str, Any] = {}
    for name, value in data.items():
        field = mine.get(name) or field_of(name)
        if field and field not in fields:
            fields[field] = value
    try:
        return of_fields(place, fields)
    except Unfit as unfit:
        return Skipped(place, unfit.why)


def _table(name: str, lines: Cells, columns: Columns) -> Iterator[Row | Skipped]:
    cells = iter(lines)
    _, first = next(cells, (1, ()))
    headings = ["" if cell is None else str(cell).strip() for cell in first]
    _check_headings(name, headings, columns)
    for place, found in _rows(name, headings, cells):
        if isinstance(found, Both):
            yield Skipped(place, found)
        else:
            yield of_mapping(place, found, columns)


def _records(name: str, lines: Cells) -> Iterator[tuple[str, dict[str, Any] | Both]]:
    cells = iter(lines)
    _, first = next(cells, (1, ()))
    headings = ["" if cell is None else str(cell).strip() for cell in first]
    return _rows(name, headings, cells)


def _rows(
    name: str, headings: Sequence[str], cells: Cells
) -> Iterator[tuple[str, dict[str, Any] | Both]]:
    for number, values in cells:
        if all(value is None or not str(value).strip() for value in values):
            continue
        place = f"{name}:{number}"
        if len(values) > len(headings) and any(values[len(headings) :]):
            why = Both(
                f"有 {len(values)} 格，表头只有 {len(headings)} 格",
                f"has {len(values)} cells, the headings {len(headings)}",
            )
            yield place, why
            continue
        pairs = zip(headings, values, strict=False)
        yield place, {key: "" if value is None else value for key, value in pairs if key}


def _check_headings(name: str, headings: Sequence[str], columns: Columns) -> None:
    unknown = [heading for heading in columns.values() if heading not in headings]
    if unknown:
        raise ContentError(
            Both(f"{name} 没有 {unknown[0]} 这一列", f"{name} has no column {unknown[0]}"),
            Both(f"有：{'、'.join(headings)}", f"there are: {', '.join(headings)}"),
        )
    if not _names_titles(headings, columns):
        raise ContentError(
            Both(f"{name} 第一行没有标题列", f"the first line of {name} names no column of titles"),
            Both(
                f"有：{'、'.join(headings)}；用 --map title=列名 指出",
                f"there are: {', '.join(headings)}; say which with --map title=COLUMN",
            ),
        )


def _has_headings(rows: Iterable[Sequence[Any]], columns: Columns) -> bool:
    first = [str(cell or "").strip() for cell in next(iter(rows), ())]
    return _names_titles(first, columns)


def _names_titles(headings: Sequence[str], columns: Columns) -> bool:
    """Whether a column of titles, or of questions, is among `headings`."""
    mine = {columns.get("title"), columns.get("questions")}
    return not {"title", "questions"}.isdisjoint(map(field_of, headings)) or not mine.isdisjoint(
        headings
    )


def _lines(text: str, known: Callable[[str], bool]) -> Iterator[tuple[int, Sequence[str]]]:
    """(line on which it starts, cells) of each record."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, known))
    start = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ContentError(
                Both(f"第 {reader.line_num} 行：{error}", f"line {reader.line_num}: {error}"),
                Both("检查引号", "look for a quote that is not closed"),
            ) from None
        yield start, cells
        start = reader.line_num + 1


def _delimiter(text: str, known: Callable[[str], bool]) -> str:
    """The delimiter with which most headings are known ones; a comma if none is."""

    def fitting(delimiter: str) -> tuple[int, int]:
        first = next(csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter), [])
        names = [cell.strip() for cell in first]
        fields = sum(map(known, names))
        return fields, len(names) if fields else 0

    return max(_DELIMITERS, key=fitting)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ContentError(
            Both(f"{path} 超过 200 MB", f"{path} is over 200 MB"), Both("请拆开", "split it")
        )
    return data


def _check_archive(path: Path) -> None:
    """Raises ContentError unless `path` is a zip archive of a size that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile:
        raise _no_workbook(path) from None
    if size > MAX_BYTES:
        raise ContentError(
            Both(f"{path} 解开后超过 200 MB", f"{path} is over 200 MB when unpacked"),
            Both("请拆开", "split it"),
        )


def _no_workbook(path: Path) -> ContentError:
    return ContentError(
        Both(f"{path} 不是能读的 XLSX", f"{path} is no XLSX file that can be read"),
        Both(
            "带密码的和旧的 .xls 都不行：另存为 .xlsx 或 CSV",
            "neither one with a password nor an old .xls can: save it as .xlsx or CSV",
        ),
    )

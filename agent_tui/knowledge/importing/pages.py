"""Markdown files, with front matter of whatever kind or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from agent_tui import charset, frontmatter
from agent_tui.frontmatter import Malformed
from agent_tui.knowledge.articles import split_internal
from agent_tui.knowledge.importing.row import Row, Skipped, Unfit, field_of, of_fields
from agent_tui.lang import Both

_HEADING = re.compile(r"\A\s*#{1,2} +(.+?)(?: #+)?[ \t]*(?:\n|\Z)")
_SUFFIX = re.compile(r"\.(zh|en)\Z")


def read_folder(root: Path) -> Iterator[Row | Skipped]:
    """A row for each Markdown file below `root`."""
    problems: list[frontmatter.Problem] = []
    paths = sorted(frontmatter.files(root, problems))
    for problem in problems:
        yield Skipped(problem.path, problem.text)
    for path in paths:
        yield read(path, path.relative_to(root).as_posix())


def read(path: Path, name: str) -> Row | Skipped:
    """The article in the file `path`; `name` is its path below the folder that is imported."""
    try:
        text = _text(path)
        data, body = _split(text)
        return _row(name, data, body)
    except Unfit as unfit:
        return Skipped(name, unfit.why)
    except Malformed as error:
        return Skipped(f"{name}:{error.line}" if error.line else name, error.text)
    except OSError as error:
        return Skipped(name, Both(f"读不了：{error.strerror}", f"cannot read: {error.strerror}"))


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(frontmatter.MAX_BYTES + 1)
    if len(data) > frontmatter.MAX_BYTES:
        raise Unfit("文件超过 1 MB", "the file is over 1 MB")
    try:
        return charset.decode(data)[0]
    except ValueError:
        raise Unfit("不是文本文件", "not a text file") from None


def _split(text: str) -> tuple[dict[str, Any], str]:
    if text.split("\n", 1)[0].rstrip() != "---":
        return {}, text
    data, body, _ = frontmatter.split(text)
    return data, body


def _row(name: str, data: dict[str, Any], body: str) -> Row:
    fields = {field: value for key, value in data.items() if (field := field_of(str(key)))}
    fields.pop("id", None)  # the file's own path is the id
    valid = data.get("valid")
    if isinstance(valid, dict):
        fields |= {f"valid_{end}": valid[end] for end in ("from", "to") if end in valid}
    key = str(PurePosixPath(name).with_suffix(""))
    if not fields.get("title"):
        heading = _HEADING.match(body)
        if heading:
            fields["title"] = heading[1]
            body = body[heading.end() :]
        else:
            fields["title"] = _SUFFIX.sub("", PurePosixPath(key).name).replace("-", " ")
    suffix = _SUFFIX.search(key)
    if suffix and not fields.get("lang"):
        fields["lang"] = suffix[1]
    public, internal = split_internal(body)
    given: dict[str, Any] = {"body": public}
    if internal:
        given["internal"] = internal
    fields = {field: value for field, value in fields.items() if field not in ("body", "internal")}
    return of_fields(name, fields, id=key, **given)

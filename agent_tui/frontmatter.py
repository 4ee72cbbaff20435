"""Files with YAML front matter between `---` lines, and errors that name the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
import yaml

from agent_tui.lang import Both

MAX_BYTES = 1_000_000
T = TypeVar("T")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """YAML in which only true and false are truth values: `no` may be a slot's name, or a word."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":bool")]
        for first, pairs in _Base.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)\Z"), ["t", "f"])


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file. `line` is 1-based; 0 means the whole file."""

    path: str
    line: int
    text: Both

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class Malformed(Exception):
    """The text is not front matter and body. Caught where files are read; becomes a Problem."""

    def __init__(self, line: int, text: Both) -> None:
        super().__init__(str(text))
        self.line = line
        self.text = text


def split(text: str) -> tuple[dict[str, Any], str, int]:
    """(front matter, body, line on which the body starts). Raises Malformed."""
    lines = text.split("\n")
    if not lines or lines[0].rstrip() != "---":
        raise Malformed(1, Both("第一行应是 ---", "the first line must be ---"))
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise Malformed(len(lines), Both("缺少结尾的 ---", "the closing --- is missing"))
    try:
        data = yaml.load("\n".join(lines[1:end]), _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        what = getattr(error, "problem", None) or "YAML"
        raise Malformed(line, Both(f"YAML 有误：{what}", f"bad YAML: {what}")) from None
    except (ValueError, RecursionError) as error:  # a 13th month, say: PyYAML lets it through
        raise Malformed(1, Both(f"YAML 有误：{error}", f"bad YAML: {error}")) from None
    if not isinstance(data, dict):
        raise Malformed(1, Both("--- 之间要有 键: 值", "there must be key: value lines"))
    start = next((i for i, line in enumerate(lines[end + 1 :], end + 1) if line), end + 1)
    return data, "\n".join(lines[start:]).rstrip("\n"), start + 1


def line_of(text: str, key: str) -> int:
    """The line on which front matter key `key` stands; 1 if it does not."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip("- ").startswith(f"{key}:"):
            return number
    return 1


def convert(data: dict[str, Any], kind: type[T], text: str) -> T:
    """Front matter as `kind`. Raises Malformed with the line of the key at fault."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        what, _, where = message.partition(" - at `$.")
        key = where.rstrip("`").split(".")[0].split("[")[0] if where else ""
        if "unknown field" in message:
            key = message.split("`")[1]
        raise Malformed(
            line_of(text, key) if key else 1,
            Both(f"{key or '文件头'}：{what}", f"{key or 'front matter'}: {what}"),
        ) from None


def read_folder(root: Path, parse: Callable[[str, str], T]) -> tuple[list[T], list[Problem]]:
    """Every `*.md` file under `root`, parsed as (id, text) -> T; a bad file becomes a Problem.

    The id is the path below `root` without the suffix, with forward slashes.
    """
    found: list[T] = []
    problems: list[Problem] = []
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        try:
            if path.stat().st_size > MAX_BYTES:
                raise Malformed(0, Both("文件超过 1 MB", "the file is over 1 MB"))
            text = path.read_text("utf-8").replace("\r\n", "\n").removeprefix("\ufeff")
            if "\0" in text:
                raise Malformed(0, Both("不是文本文件", "not a text file"))
            found.append(parse(name.removesuffix(".md"), text))
        except Malformed as error:
            problems.append(Problem(name, error.line, error.text))
        except UnicodeDecodeError:
            problems.append(Problem(name, 0, Both("不是 UTF-8", "not UTF-8")))
        except OSError as error:
            text = str(error.strerror)
            problems.append(Problem(name, 0, Both(f"读不了：{text}", f"cannot read: {text}")))
    return found, problems


def _files(root: Path) -> Iterable[Path]:
    return sorted(path for path in root.rglob("*.md") if path.is_file())

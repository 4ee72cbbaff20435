"""Files with YAML front matter between `---` lines, and errors that name the line."""

from __future__ import annotations

import datetime
import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
import yaml

from agent_tui import charset, misfits
from agent_tui.lang import Both

MAX_BYTES = 1_000_000
T = TypeVar("T")
Value = str | datetime.date | Sequence[str] | Mapping[str, datetime.date]
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
    """Something wrong in a file. `line` is 1-based; 0 means the whole file.

    With a `warning` the file is used all the same.
    """

    path: str
    line: int
    text: Both
    warning: bool = False

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
        if number > 1 and line.rstrip() == "---":
            break
        if line.lstrip("- ").startswith(f"{key}:"):
            return number
    return 1


def convert(data: dict[str, Any], kind: type[T], text: str) -> T:
    """Front matter as `kind`. Raises Malformed with the line of the key at fault."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        key = misfits.place(message).split(".")[0].split("[")[0]
        line = line_of(text, key) if key else 1
        if strange := misfits.unknown(message):
            # One on its table's own line stands nowhere by itself.
            own = line_of(text, strange)
            raise Malformed(own if own > 1 else line, _unknown(strange, kind)) from None
        said = misfits.explained(message, kind)
        raise Malformed(
            line,
            Both(f"{key or '文件头'}：{said.zh}", f"{key or 'front matter'}: {said.en}"),
        ) from None


def _unknown(key: str, kind: type[Any]) -> Both:
    known = sorted(set(misfits.keys(kind)))
    near = misfits.nearest(key, known)
    if near:
        return Both(
            f"没有 {key} 这一项，是不是 {near}？", f"unknown key {key}: did you mean {near}?"
        )
    return Both(
        f"没有 {key} 这一项；可以写 {'、'.join(known)}",
        f"unknown key {key}; there are {', '.join(known)}",
    )


def join(data: Mapping[str, Value], body: str) -> str:
    """The file of which `split` gives `data` and `body` again; empty values are left out.

    Strings must not hold line breaks; a list of the key `questions` has a line for each.
    """
    lines = ["---"]
    for key, value in data.items():
        if isinstance(value, str):
            lines.append(f"{key}: {scalar(value)}")
        elif isinstance(value, datetime.date):
            lines.append(f"{key}: {value.isoformat()}")
        elif isinstance(value, Mapping):
            pairs = ", ".join(f"{k}: {v.isoformat()}" for k, v in value.items())
            lines.append(f"{key}: {{{pairs}}}")
        elif key == "questions":
            lines += [f"{key}:", *(f"  - {scalar(each)}" for each in value)]
        else:
            lines.append(f"{key}: [{', '.join(scalar(each) for each in value)}]")
    return "\n".join([*lines, "---", body.rstrip("\n"), ""])


# What YAML takes for a string without quotes, in lists too. Digits could be numbers and dates.
_BARE = re.compile(
    r"[A-Za-z\u4e00-\u9fff][\w \u4e00-\u9fff()/.;!?'’“”，。？！、；：（）《》—…-]*(?<! )\Z"
)


def scalar(text: str) -> str:
    """`text`, of one line, as YAML has it: bare where that is safe, else in quotes."""
    if _BARE.match(text) and yaml.load(f"[{text}]", _Base) == [text]:
        return text
    return json.dumps(text, ensure_ascii=False)


def read_folder(root: Path, parse: Callable[[str, str], T]) -> tuple[list[T], list[Problem]]:
    """Every `*.md` file under `root`, parsed as (id, text) -> T; a bad file becomes a Problem.

    The id is the path below `root` without the suffix, with forward slashes. Hidden files and
    folders are left out; links to folders are followed, but not in a circle.
    """
    found: list[T] = []
    problems: list[Problem] = []
    for path in sorted(files(root, problems)):
        name = path.relative_to(root).as_posix()
        try:
            found.append(parse(name.removesuffix(".md"), read_text(path)))
        except Malformed as error:
            problems.append(Problem(name, error.line, error.text))
        except OSError as error:
            problems.append(Problem(name, 0, unreadable(path, error)))
    return found, problems


def read_text(path: Path) -> str:
    """The text of an article or macro file, with LF line ends. Raises Malformed and OSError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        # Asking for one byte more tells of a file that grew meanwhile.
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        size_mb = max(size, len(data)) / 1_000_000
        raise Malformed(
            0,
            Both(
                f"文件有 {size_mb:.1f} MB，超过 1 MB：请拆成几篇",
                f"the file has {size_mb:.1f} MB, over 1 MB: split it into several",
            ),
        )
    try:
        text = data.decode("utf-8").replace("\r\n", "\n").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Malformed(0, _not_utf8(data)) from None
    if "\0" in text:
        raise Malformed(0, _not_utf8(data))
    return text


def _not_utf8(data: bytes) -> Both:
    codec = charset.guess(data)
    if codec is None or codec.startswith("utf-8"):
        return Both("不是文本文件", "not a text file")
    name = charset.NAMES[codec]
    return Both(
        f"不是 UTF-8，像是 {name}：用 iconv -f {name} -t UTF-8 转换，或用 kb import 导入",
        f"not UTF-8, looks like {name}: convert it with iconv -f {name} -t UTF-8, "
        "or take it in with kb import",
    )


def unreadable(path: Path, error: OSError) -> Both:
    """Why a file could not be read."""
    if error.errno == errno.ELOOP:
        return Both("链接绕成了圈", "a link that leads in a circle")
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return Both("链接指向的文件不存在", "a link to a file that is not there")
        return Both("读的时候不见了", "it vanished while it was read")
    return Both(f"读不了：{error.strerror}", f"cannot read: {error.strerror}")


def files(root: Path, problems: list[Problem]) -> Iterator[Path]:
    """Every visible `*.md` below `root`, links that lead nowhere included, in no order.

    What cannot be looked into is added to `problems`.
    """
    return (Path(each.path) for each in entries(root, problems))


def entries(root: Path, problems: list[Problem]) -> Iterator[os.DirEntry[str]]:
    """The same as directory entries, which know their `stat` already."""
    open_folders: list[tuple[Path, tuple[str, ...]]] = [(root, (_real(root),))]
    while open_folders:
        folder, above = open_folders.pop()
        try:
            inside = list(os.scandir(folder))
        except OSError as error:
            if folder == root and isinstance(error, FileNotFoundError):
                return
            name = folder.relative_to(root).as_posix()
            problems.append(Problem(name, 0, unreadable(folder, error)))
            continue
        for each in inside:
            if each.name.startswith("."):
                continue
            if _is_folder(each):
                path = Path(each.path)
                real = _real(path)
                if real in above:
                    circle = Both("链接绕成了圈", "a link that leads in a circle")
                    problems.append(Problem(path.relative_to(root).as_posix(), 0, circle))
                else:
                    open_folders.append((path, (*above, real)))
            elif each.name.endswith(".md"):
                if _is_special(each):
                    what = Both("不是普通文件", "not an ordinary file")
                    name = Path(each.path).relative_to(root).as_posix()
                    problems.append(Problem(name, 0, what))
                else:
                    yield each


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: reading it says so
        return False


def _is_special(entry: os.DirEntry[str]) -> bool:
    """A pipe, a socket, a device: opening one could wait for ever."""
    try:
        mode = entry.stat().st_mode
    except OSError:  # a link that leads nowhere: reading it says so
        return False
    return not stat.S_ISREG(mode)

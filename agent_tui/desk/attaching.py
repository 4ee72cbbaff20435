"""A file of the agent's own machine, on its way to the server: paths as people give them."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.text import clean

LARGEST = 64 * 1024 * 1024  # that any server takes; each says its own limit
SHOWN = 8  # names of a folder at a time
DAY_MS = 24 * 3600 * 1000


class Attached(NamedTuple):
    """A file as it is handed in. The server takes one `key` once, so an upload can be repeated."""

    key: str
    name: str
    content: bytes


def read(typed: str, now: int) -> Attached:
    """The file that `typed` names; `now` in ms. Blocking. Raises UsageError."""
    path = Path(plain(typed))
    try:
        if not path.is_file():
            raise UsageError(
                Both(f"没有文件 {path}", f"there is no file {path}"),
                Both("检查路径", "check the path"),
            )
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(Both(f"读不了 {path}：{why}", f"cannot read {path}: {why}")) from error
    if not content or len(content) > LARGEST:
        raise UsageError(
            Both(f"{path.name} 太大", f"{path.name} is too large")
            if content
            else Both(f"{path.name} 是空的", f"{path.name} is empty")
        )
    # The same file on another day is another one: each is kept for as long as the last.
    key = f"{now // DAY_MS}-{hashlib.sha256(content).hexdigest()[:40]}"
    return Attached(key, path.name, content)


def plain(typed: str) -> str:
    """A path as it was typed, pasted, or dropped on the terminal: quoted, escaped, as an address,
    or under `~`."""
    text = typed.strip()
    if text.lower().startswith("file://"):
        text = unquote(urlsplit(text).path)
    elif text[:1] in ("'", '"') or "\\" in text:
        try:
            words = shlex.split(text)
        except ValueError:  # an apostrophe
            words = []
        if len(words) == 1:
            text = words[0]
    return os.path.expanduser(text)


def completed(typed: str) -> tuple[str, list[str]]:
    """`typed` with what is common to all that it can become, and their names if there are several.
    Blocking; a folder that cannot be read has none."""
    folder, start = os.path.split(os.path.expanduser(typed))
    try:
        with os.scandir(folder or ".") as entries:
            names = [
                entry.name + ("/" if entry.is_dir() else "")
                for entry in entries
                if entry.name.startswith(start) and (start or entry.name[0] != ".")
            ]
    except (OSError, ValueError):
        return typed, []
    names = sorted(name for name in names if clean(name) == name)
    if not names:
        return typed, []
    head = typed[: len(typed) - len(start)] if start else typed
    common = os.path.commonprefix(names)  # noqa: RUF071 -- of letters
    return head + common, names if len(names) > 1 else []

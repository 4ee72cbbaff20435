"""Files of a folder, read again only when they changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent_tui import frontmatter
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.lang import Both

SUFFIX = ".md"
Stamp = tuple[int, int, int]


class Look(msgspec.Struct, frozen=True):
    """What is other than it was. Ids are paths below the folder, without the suffix.

    `hidden` are folders that could not be looked into, and files that could not be told of: nobody
    knows whether what was there is gone.
    """

    here: Mapping[str, Stamp]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    problems: tuple[Problem, ...]
    hidden: tuple[str, ...]

    def hides(self, key: str) -> bool:
        """Whether `key` may be there all the same."""
        return any(
            key == place.removesuffix(SUFFIX) or place == "." or key.startswith(f"{place}/")
            for place in self.hidden
        )


class Files:
    """The `*.md` files below `root`, and which versions of them are dealt with."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, Stamp] = {}

    def look(self) -> Look:
        """Compare the folder with what was kept, by time, size and inode."""
        problems: list[Problem] = []
        here: dict[str, Stamp] = {}
        if not self.root.is_dir():
            away = Both("没有这个文件夹；已发布的保留", "no such folder; what it held stays")
            problems.append(Problem(".", 0, away))
        start = len(str(self.root)) + 1
        for entry in frontmatter.entries(self.root, problems):
            key = entry.path[start:].replace("\\", "/").removesuffix(SUFFIX)
            try:
                status = entry.stat()
                here[key] = (status.st_mtime_ns, status.st_size, status.st_ino)
            except OSError:
                here[key] = (0, 0, 0)  # reading it says what is wrong
        known = self._known
        found = Look(
            here=here,
            changed=tuple(sorted(key for key, stamp in here.items() if known.get(key) != stamp)),
            gone=(),
            problems=tuple(problems),
            hidden=tuple(problem.path for problem in problems),
        )
        gone = tuple(sorted(key for key in known.keys() - here.keys() if not found.hides(key)))
        return msgspec.structs.replace(found, gone=gone)

    def read(self, key: str) -> str:
        """A file's text. Raises Malformed, whatever is wrong with it."""
        path = self.root / f"{key}{SUFFIX}"
        try:
            return frontmatter.read_text(path)
        except OSError as error:
            raise Malformed(0, frontmatter.unreadable(path, error)) from error

    def keep(self, key: str, stamp: Stamp) -> None:
        """That version is dealt with."""
        self._known[key] = stamp

    def forget(self, key: str) -> None:
        """It is gone, and that is dealt with."""
        self._known.pop(key, None)

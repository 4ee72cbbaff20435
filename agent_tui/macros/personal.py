"""An agent's own macros: files in the config folder, read again whenever one of them changes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from agent_tui import frontmatter
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.lang import Both
from agent_tui.macros.library import checked
from agent_tui.macros.model import PERSONAL, Macro

State = dict[str, tuple[int, int, int]]


class Personal:
    """The macros below `root`. A file that cannot be used leaves the others as they are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.macros: tuple[Macro, ...] = ()
        self.problems: tuple[Problem, ...] = ()
        self._seen: State | None = None

    def look(self) -> bool:
        """Read the files if one of them changed; whether anything is different now.

        For a thread beside the screen; from one at a time.
        """
        state = _state(self.root)
        if state == self._seen:
            return False
        first, self._seen = self._seen is None, state
        before = self.macros, self.problems
        found, problems = frontmatter.read_folder(self.root, own)
        problems += list(_taken(found))
        self.macros, self.problems = tuple(found), tuple(problems)
        return before != (self.macros, self.problems) or (first and bool(found))


def own(key: str, text: str) -> Macro:
    """The personal macro in `text`: its scope is its owner. Raises Malformed."""
    macro = checked(key, text)
    if macro.head.scope.startswith("team:"):
        raise Malformed(
            frontmatter.line_of(text, "scope"),
            Both("这里的都是自己的：不写 scope", "what lies here is one's own: no scope"),
        )
    head = msgspec.structs.replace(macro.head, scope=PERSONAL)
    return msgspec.structs.replace(macro, id=f"{PERSONAL}/{key}", head=head)


def _taken(found: list[Macro]) -> list[Problem]:
    """Two of one's own on one key, or of one name. One that a colleague has too is no trouble."""
    problems: list[Problem] = []
    taken: dict[tuple[str, str], Macro] = {}
    for macro in found:
        for value in (macro.head.key, f"/{macro.head.short}" if macro.head.short else ""):
            other = taken.setdefault((macro.head.lang, value), macro) if value else macro
            if other is not macro:
                name = macro.id.removeprefix(f"{PERSONAL}/")
                words = Both(f"{value} 已被 {other.id} 占用", f"{value} is {other.id}'s")
                problems.append(Problem(f"{name}.md", 1, words, warning=True))
    return problems


def _state(root: Path) -> State:
    """(mtime in ns, size, inode) of every macro file below `root`."""
    state: State = {}
    for each in frontmatter.entries(root, []):
        with suppress(OSError):  # gone since it was listed
            status = each.stat()
            state[each.path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return state

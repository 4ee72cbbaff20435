"""What a command says: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from agent_tui.lang import Both

T = TypeVar("T")


def words(zh: str, en: str) -> str:
    """One sentence in the language in use, for help texts, which are read as they are made."""
    return str(Both(zh, en))


def say(text: Both | str = "") -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")


def note(text: Both | str) -> None:
    """A line beside the result: progress, a warning, the next step."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")


def document(value: Any) -> None:
    """`value` (Structs, lists, dicts) as the one JSON document on stdout."""
    import msgspec

    plain = msgspec.to_builtins(value)
    # A terminal or pipe that is not UTF-8 gets \u escapes: the document stays the same.
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(json.dumps(plain, ensure_ascii=ascii_only, indent=2) + "\n")


def listing(
    found: Sequence[T], as_json: bool, line: Callable[[T], Both | str], nothing: Both | None = None
) -> None:
    """A `line` for each, or all of them as a document; `nothing` is said where there are none."""
    if as_json:
        document(found)
        return
    for each in found:
        say(line(each))
    if nothing is not None and not found:
        note(nothing)


def is_tty() -> bool:
    """Whether a person is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def answer(question: Both | str) -> str:
    """What is typed on the terminal after `question`; empty if nothing is."""
    sys.stderr.write(f"{question} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def confirmed(question: Both) -> bool:
    """The answer to a yes-or-no question on the terminal; no if there is none."""
    return answer(f"{question} [y/N]").lower() in ("y", "yes", "是")

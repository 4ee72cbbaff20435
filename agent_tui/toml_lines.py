"""The line of a TOML file where a setting stands, to name it in an error.

`tomllib` forgets lines. This looks for table headers and keys as people write them; where a file is
written otherwise it knows less, never something wrong on purpose: 0 stands for unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Step = str | int
_HEADER = re.compile(r"\s*\[(\[)?\s*([\w\".-]+)\s*\]\]?\s*(?:#.*)?\Z")
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def line_of(text: str, place: str) -> int:
    """The line (from 1) of `place`, as "rules[3].any" or "policy.first_reply"; 0 if unknown."""
    wanted = [name or int(number) for name, number in _STEP.findall(place)]
    lines = text.splitlines()
    best: tuple[int, int, int] = (0, 0, 0)  # steps that fit, its line, where its table ends
    headers = list(_headers(lines))
    for n, (path, at) in enumerate(headers):
        end = headers[n + 1][1] - 1 if n + 1 < len(headers) else len(lines)
        if len(path) > best[0] and wanted[: len(path)] == list(path):
            best = (len(path), at, end)
    steps, at, end = best
    if not steps:
        end = headers[0][1] - 1 if headers else len(lines)
    key = _key_line(lines, at, end, wanted[steps:])
    return key or at


def _headers(lines: Sequence[str]) -> Iterator[tuple[tuple[Step, ...], int]]:
    """(path, line) of every table; elements of arrays of tables are numbered."""
    counts: dict[tuple[Step, ...], int] = {}
    for number, line in enumerate(lines, 1):
        found = _HEADER.match(line)
        if found is None:
            continue
        path: tuple[Step, ...] = ()
        names = [name.strip(' "') for name in found[2].split(".")]
        for n, name in enumerate(names):
            path = (*path, name)
            if n == len(names) - 1 and found[1]:
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = (*path, counts[path])
        yield path, number


def _key_line(lines: Sequence[str], start: int, end: int, rest: Sequence[Step]) -> int:
    """Where in a table the rest of a path stands; lines `start` + 1 to `end`."""
    if not rest or isinstance(rest[0], int):
        return 0
    key = re.compile(rf'\s*"?{re.escape(rest[0])}"?\s*=')
    at = next((n for n in range(start, end) if key.match(lines[n])), None)
    if at is None:
        return 0
    if len(rest) > 1 and isinstance(rest[1], int):
        return _element_line(lines, at, end, rest[1]) or at + 1
    return at + 1


def _element_line(lines: Sequence[str], at: int, end: int, number: int) -> int:
    """Where an element of the array that begins on line `at` + 1 stands; 0 if unknown."""
    last = next((n for n in range(at, end) if lines[n].rstrip().endswith("]")), end - 1)
    for n in range(at, last + 1):
        value = lines[n].partition("=")[2] if n == at else lines[n]
        # An inline table stands on a line of its own; of other elements the texts are counted.
        tables = value.lstrip(" [").startswith("{")
        number -= 1 if tables else len(_TEXT.findall(value))
        if number < 0:
            return n + 1
    return 0

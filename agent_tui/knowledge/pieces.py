"""The beginning of a continuation: a word of it, a clause, as much as there is room for."""

from __future__ import annotations

import re

from rich.cells import cell_len

from agent_tui.text import head

_CLAUSE = re.compile(r"[，,：:、；;。！？!?…～\n]+[”」』）)\"']*\s*|\.(?=\s|\Z)\s*")


def clause(text: str) -> str:
    """The beginning of `text` up to its first punctuation, all of it if there is none."""
    found = _CLAUSE.search(text, len(text) - len(text.lstrip()) + 1)
    return text[: found.end()] if found else text


_WORD = re.compile(r"\s*(?:[A-Za-z0-9'’-]+|[\u3400-\u9fff]{1,2}|[^\w\s]+|\S)[^\w\s]*\s?")


def word(text: str) -> str:
    """The beginning of `text` that is one word, or two Chinese characters, with what closes it."""
    found = _WORD.match(text)
    return found.group() if found else text


def cut(text: str, cells: int) -> str:
    """As much of a continuation as fits into `cells`: up to a clause, if one ends there."""
    if cell_len(text) <= cells:
        return text
    whole = ""
    while (part := clause(text[len(whole) :])) and cell_len(whole + part) <= cells:
        whole += part
    return whole or head(text, cells)

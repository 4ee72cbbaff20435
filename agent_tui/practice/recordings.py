"""Files of recorded conversations: the customers' side of each line."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.text import clean

CUSTOMER = "usr"
NAME_CHARS = 60
_SURROGATES = re.compile("[\ud800-\udfff]")
_HAN = re.compile("[\u3400-\u9fff]")


class Recording(msgspec.Struct, frozen=True):
    """The customer's side of one conversation, in order, empty turns included."""

    line: int
    id: str
    turns: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """The turns that leave something to read."""
        return tuple(turn for turn in self.turns if clean(turn).strip())

    @property
    def language(self) -> str:
        """`zh` if a Chinese character occurs, else `en`."""
        return "zh" if any(_HAN.search(turn) for turn in self.turns) else "en"


class BrokenLine(msgspec.Struct, frozen=True):
    """A line that holds no conversation, and why."""

    line: int
    why: Both


def read(path: Path) -> Iterator[Recording | BrokenLine]:
    """The lines of a JSONL or JSONL.gz file; blank ones are passed over. Raises UsageError."""
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            number = 0
            while True:
                number += 1
                try:
                    raw = file.readline()
                except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                    what = str(error)
                    yield BrokenLine(
                        number,
                        Both(
                            f"文件到此为止，压缩数据损坏：{what}", f"damaged from here on: {what}"
                        ),
                    )
                    return
                if not raw:
                    return
                if raw.strip():
                    yield _recording(number, raw)
    except OSError as error:
        raise UsageError(
            Both(f"读不了 {path}：{error.strerror}", f"cannot read {path}: {error.strerror}"),
            Both("检查路径", "check the path"),
        ) from error


def _recording(number: int, raw: bytes) -> Recording | BrokenLine:
    try:
        # Not msgspec: it refuses escaped lone surrogates, which recordings do contain.
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        what = str(error)
        return BrokenLine(number, Both(f"不是 JSON：{what}", f"not JSON: {what}"))
    found = _turns(data) if isinstance(data, dict) else None
    if found is None:
        return BrokenLine(
            number,
            Both(
                "没有 messages: [{role, text}]，也没有 customer_turns: [{text}]",
                "neither messages: [{role, text}] nor customer_turns: [{text}]",
            ),
        )
    key = data.get("id")
    name = str(key)[:NAME_CHARS] if isinstance(key, str | int) else f"line {number}"
    # UTF-8 cannot carry a lone half of a character; `clean` would do the same on arrival.
    return Recording(number, _whole(name), tuple(_whole(turn) for turn in found))


def _whole(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text)


def _turns(data: dict[str, Any]) -> list[str] | None:
    """The customer's texts in order; None if the line is not of a known form."""
    if isinstance(data.get("messages"), list):
        parts = data["messages"]
        if not all(isinstance(part, dict) and isinstance(part.get("role"), str) for part in parts):
            return None
        parts = [part for part in parts if part["role"] == CUSTOMER]
    elif isinstance(data.get("customer_turns"), list):
        parts = data["customer_turns"]
    else:
        return None
    if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts):
        return None
    return [part["text"] for part in parts]

"""Replies to write: JSON lines with `reply` and `lang`, what stands in [brackets] filled in.

A bracket stands for what differs from customer to customer. It is filled with a value drawn from a
seed, so that nothing can know it before it is typed.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SLOT = re.compile(r"\[([^\[\]\n]{1,60})\]")
_NUMBER = re.compile(
    r"X|\d|时间|日期|金额|价|数量|单号|订单号|尺码|天|时长|费|码|"
    r"\b(?:days?|dates?|times?|amount|price|number|quantity|size|discount|credits|hours?)\b",
    re.IGNORECASE,
)
_HAN = [chr(code) for code in range(0x4E00, 0x9FA6)]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Reply(NamedTuple):
    """A reply as it is written to one customer, and the script that it follows: its title, its text
    with brackets, the shop's file, and what stands in the brackets this time."""

    text: str
    language: str  # zh | en
    title: str
    template: str
    file: str
    values: tuple[str, ...]


def read(paths: Sequence[Path], seed: int) -> Iterator[Reply]:
    """Every reply of the files, in their order."""
    draw = random.Random(seed)
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            text, language = row["reply"].strip(), row["lang"]
            values = tuple(_value(label, draw) for label in SLOT.findall(text))
            written = filled(text, values)
            file = row.get("file", path.name)
            yield Reply(written, language, row.get("title", ""), text, file, values)


def filled(template: str, values: Sequence[str]) -> str:
    """`template` with its brackets replaced one after the other."""
    left = iter(values)
    return SLOT.sub(lambda _: next(left), template)


def _value(label: str, draw: random.Random) -> str:
    if _NUMBER.search(label):
        return str(draw.randrange(10, 1000))
    if re.search(r"[\u4e00-\u9fff]", label):
        return "".join(draw.choices(_HAN[:6000], k=draw.randint(2, 4)))
    return "".join(draw.choices(_LETTERS, k=draw.randint(4, 9)))

"""What in a message can be opened: links, pictures, order and parcel numbers.

A customer's text decides nothing but itself: a link leads where its letters say, and where letters
look like others, or a name stands before the host, that is said.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from agent_tui.lang import Both
from agent_tui.text import clean_line


class Kind(StrEnum):
    """What a target is."""

    LINK = "link"
    PICTURE = "picture"
    FILE = "file"
    NUMBER = "number"


class Target(NamedTuple):
    """A stretch of a text that can be opened. `value` is the address or the number."""

    kind: Kind
    start: int
    end: int
    value: str
    host: str = ""  # of an address, as it is on the wire
    doubt: Both | None = None  # why the host may not be what it looks like

    @property
    def name(self) -> str:
        """A picture's or file's name, as people read it; else the value."""
        if self.kind in (Kind.PICTURE, Kind.FILE):
            name = unquote(urlsplit(self.value).path.rpartition("/")[2])
            return clean_line(name) or self.host
        return self.value

    @property
    def kept(self) -> str:
        """Where it would lie on a server of this program, from the root; else nothing."""
        path = urlsplit(self.value).path
        return path if self.doubt is None and _KEPT.fullmatch(path) else ""


LONGEST = 2000  # characters of an address
MOST = 60  # addresses looked at in one text: hostile ones hold thousands
_SCHEME = re.compile(r"(?:https?://|www\.)", re.IGNORECASE)
_AUTHORITY = re.compile(r"[^\s/?#<>\"'“”‘’，。！？；：、（）【】《》「」『』…]{1,300}")
_REST = re.compile(r"[/?#][!-~]{0,2000}")
_ASCII_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}(?::\d{1,5})?")
_IDEOGRAPH = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uff00-\uffef]")
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif|bmp|heic)\Z", re.IGNORECASE)
_LETTER = "[bcdfghklmnprstyz]"  # as the server makes its files' ids
_KEPT = re.compile(rf"/files/{_LETTER}{{32}}/[^/]+")
_KEPT_ADDRESS = re.compile(
    rf"https?://[^\s/]+/files/(?:{_LETTER}{{32}}(?:/([!-~]*))?|{_LETTER}{{1,31}}\Z)"
)
_TRAILING = ".,;:!?'\"*_~"
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}
# Ten to twenty digits, Amazon's three groups, or a parcel's letters and digits.
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{10,20}|\d{3}-\d{7}-\d{7}|1Z[0-9A-Z]{16}|[A-Z]{1,4}\d{9,18}(?:[A-Z]{2})?)"
    r"(?![0-9A-Za-z])"
)
IDN = Both("域名含非英文字母", "the host has letters of other scripts")
BEFORE_HOST = Both("@ 前面的不是域名", "what stands before @ is not the host")


def named(text: str) -> str:
    """`text`, of which the end may be missing, with names for the addresses of files that a server
    of this program keeps."""
    return _KEPT_ADDRESS.sub(_name_of, text) if "/files/" in text else text


def _name_of(address: re.Match[str]) -> str:
    name = clean_line(unquote(address[1] or "", errors="ignore"))
    picture = _PICTURE.search(name)
    what = Both("图片", "picture") if picture else Both("文件", "file")
    return f"[{what} {name}]" if name else f"[{what}]"


@lru_cache(maxsize=2_000)
def targets(text: str) -> tuple[Target, ...]:
    """Everything in `text` that can be opened, in order, without overlaps."""
    found = list(_links(text)) if "://" in text or "www." in text.lower() else []
    taken = [(link.start, link.end) for link in found]
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if not any(start < b and a < end for a, b in taken):
            found.append(Target(Kind.NUMBER, start, end, match[0]))
    return tuple(sorted(found, key=lambda target: target.start))


def _links(text: str) -> list[Target]:
    found: list[Target] = []
    at = 0
    for _ in range(MOST):
        match = _SCHEME.search(text, at)
        if match is None:
            break
        at = match.end()
        if (
            match.start()
            and text[match.start() - 1].isalnum()
            and text[match.start() - 1].isascii()
        ):
            continue  # the middle of a word
        link = _link(text, match)
        if link is not None:
            found.append(link)
            at = link.end
    return found


def _link(text: str, scheme: re.Match[str]) -> Target | None:
    bare = scheme[0].lower() == "www."
    start = scheme.start() if bare else scheme.end()
    authority = _AUTHORITY.match(text, start)
    if authority is None:
        return None
    where = authority[0]
    if not where.isascii():
        # Chinese is written without a space behind an address that is whole without it.
        known = _ASCII_HOST.match(where)
        if known is not None and known.end() < len(where) and _IDEOGRAPH.match(where[known.end()]):
            where = where[: known.end()]
    end = start + len(where)
    rest = _REST.match(text, end)
    end = rest.end() if rest else end
    if end - scheme.start() > LONGEST:
        return None
    end = _trimmed(text, start, end)
    written = text[scheme.start() : end]
    address = f"https://{written}" if bare else written
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
        _ = parts.port  # a wrong one raises
    except ValueError:  # UnicodeError is one
        return None
    if "." not in host.strip(".") and host != "localhost":
        return None
    doubt = None
    if not (parts.hostname or "").isascii() or "xn--" in host:
        doubt = IDN
    elif "@" in parts.netloc:
        doubt = BEFORE_HOST
    kind = Kind.FILE if _KEPT.fullmatch(parts.path) else Kind.LINK
    if _PICTURE.search(parts.path):
        kind = Kind.PICTURE
    return Target(kind, scheme.start(), end, address, host, doubt)


def _trimmed(text: str, start: int, end: int) -> int:
    """`end` without the punctuation of the sentence around the address."""
    while end > start:
        last = text[end - 1]
        opened = _PAIRS.get(last)
        if last in _TRAILING or (
            opened is not None and text.count(last, start, end) > text.count(opened, start, end)
        ):
            end -= 1
        else:
            break
    return end

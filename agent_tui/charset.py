"""Which encoding a file's bytes are in: what offices in mainland China, Taiwan and abroad write."""

from __future__ import annotations

import codecs

# What a person calls them, and what iconv does.
NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "gb18030": "GB18030",
    "big5": "Big5",
    "cp1252": "Windows-1252",
}
_SAMPLE = 200_000
# The lead bytes under which the two standards keep the characters that are in daily use.
_COMMON = {"gb18030": (0xB0, 0xD7, 0xA1), "big5": (0xA4, 0xC6, 0x40)}


def guess(data: bytes) -> str | None:
    """The codec that reads `data`: a key of NAMES, or None for what is not text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16" if _reads(data, "utf-16") else None
    if b"\0" in data[:_SAMPLE]:
        return _without_mark(data)
    if _reads(data, "utf-8-sig"):
        return "utf-8-sig"
    chinese = [name for name in _COMMON if _reads(data, name)]
    if chinese:
        return max(chinese, key=lambda name: _likely(data[:_SAMPLE], name))
    return "cp1252" if _reads(data, "cp1252") else None


def decode(data: bytes) -> tuple[str, str]:
    """(text with LF line ends, codec). Raises ValueError for what is not text."""
    name = guess(data)
    if name is None:
        raise ValueError("not a text file")
    text = data.decode(name).replace("\r\n", "\n").replace("\r", "\n")
    return text.removeprefix("\ufeff"), name


def _reads(data: bytes, name: str) -> bool:
    try:
        text = data.decode(name)
    except UnicodeError:
        return False
    return "\0" not in text


def _without_mark(data: bytes) -> str | None:
    """UTF-16 whose first character is no byte order mark.

    Any even number of bytes is UTF-16 of something: text has hardly a character from outside ASCII,
    Latin, CJK and its punctuation.
    """
    shares = {}
    for name in ("utf-16-le", "utf-16-be"):
        if _reads(data, name):
            text = data.decode(name)[:2000]
            shares[name] = sum(map(_ordinary, text)) / len(text)
    name = max(shares, key=lambda each: shares[each], default="")
    return name if shares.get(name, 0) >= 0.95 else None


def _ordinary(char: str) -> bool:
    return (
        char in "\n\r\t"
        or " " <= char <= "\u024f"
        or "\u2010" <= char <= "\u2027"
        or "\u3000" <= char <= "\u9fff"
        or "\uff00" <= char <= "\uffef"
    )


def _likely(data: bytes, name: str) -> float:
    """The share of two-byte characters that are in daily use, were `data` in that encoding."""
    first, last, least = _COMMON[name]
    common = total = place = 0
    while place < len(data) - 1:
        lead, trail = data[place], data[place + 1]
        if lead < 0x80:
            place += 1
            continue
        place += 2
        if 0xA1 <= lead <= 0xA3:  # punctuation: in both
            continue
        total += 1
        common += first <= lead <= last and trail >= least
    return common / total if total else 0.0

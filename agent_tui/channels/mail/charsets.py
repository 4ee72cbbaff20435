"""Bytes of a mail as text, whatever the mail says they are, and headers with encoded words."""

from __future__ import annotations

import binascii
import codecs
import quopri
import re
from base64 import b64decode
from email.message import Message

from agent_tui import charset

# What is said, and what the bytes often are: the larger set that holds the other.
_LARGER = {
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "euc-cn": "gb18030",
    "csgb2312": "gb18030",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "unicode-1-1-utf-7": "utf-7",
    "iso-8859-8-i": "iso-8859-8",
    "utf8mb4": "utf-8",
}
_TEXT_CODECS = frozenset(
    [
        "gb18030",
        "hz",
        "big5hkscs",
        "cp949",
        "cp932",
        "utf-7",
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
    ]
)
_SINGLE = re.compile(
    r"cp\d{3,4}|iso8859-\d+|koi8-[rtu]|mac-\w+|tis-620|iso2022_\w+|euc_\w+|big5\w*"
)
_CHINESE_SHARE = 0.4  # of bytes beyond ASCII; a European text has far fewer
_CJK_IN_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")
_WORD = re.compile(r"=\?([^\s?*]{1,40})(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN = re.compile(r"\s+")
HEADER_CHARS = 10_000


def decode(data: bytes, said: str) -> str:
    """`data` as text; `said` is the charset that the mail names, and may be wrong or unknown.

    Never raises: bytes that are nothing become U+FFFD.
    """
    if data.isascii() and b"\x1b" not in data and b"~{" not in data and b"+" not in data:
        return data.decode("ascii")
    name = _codec(said)
    if name != "utf-8" and len(_CJK_IN_UTF8.findall(data)) > 1 and _reads(data, "utf-8"):
        name = "utf-8"
    elif name in ("", "cp1252"):
        name = _looked_at(data, name)
    elif not _reads(data, name):
        # It lies, or a byte is broken: whatever reads all of it is the better guess.
        guessed = charset.guess(data)
        name = guessed if guessed in ("utf-8-sig", "gb18030", "big5") else name
    return data.decode(name, "replace").removeprefix("\ufeff")


def _looked_at(data: bytes, name: str) -> str:
    """What bytes are of which the mail says nothing, or only that they are western."""
    guessed = charset.guess(data) or "utf-8"
    beyond = sum(byte > 0x7F for byte in data)
    if name and guessed in ("gb18030", "big5") and beyond < _CHINESE_SHARE * len(data):
        return name
    return guessed


def _codec(said: str) -> str:
    """A codec for text; empty for a name that is none. Not every codec of Python's is one."""
    name = said.strip().strip("\"'").lower()
    name = _LARGER.get(name, name)
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    found = _LARGER.get(found, found)
    return found if found in _TEXT_CODECS or _SINGLE.fullmatch(found) else ""


def _reads(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeError:
        return False
    return True


def header(mail: Message, name: str, *, encoded_words: bool = True) -> str:
    """The header `name` on one line, decoded; empty if there is none."""
    raw = raw_header(mail, name)
    return words(raw) if encoded_words else _eight_bit(raw)


def raw_header(mail: Message, name: str) -> str:
    """The first header `name` as it came, unfolded; bytes beyond ASCII are surrogates."""
    wanted = name.lower()
    for key, value in mail.raw_items():
        if key.lower() == wanted:
            return " ".join(str(value)[:HEADER_CHARS].split())
    return ""


def words(text: str) -> str:
    """A header's text with its encoded words (RFC 2047) decoded.

    Words that follow each other are put together before they are decoded: many programs cut a
    character in two.
    """
    out: list[str] = []
    pending, said = b"", ""
    end = 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        close = bool(end) and (not between or _BETWEEN.fullmatch(between) is not None)
        name = match[1].lower()
        if pending and (not close or name != said):
            out.append(decode(pending, said))
            pending = b""
        if not close:
            out.append(_eight_bit(between))
        pending, said = pending + _word_bytes(match[2], match[3]), name
        end = match.end()
    if pending:
        out.append(decode(pending, said))
    out.append(_eight_bit(text[end:]))
    return "".join(out)


def _word_bytes(kind: str, encoded: str) -> bytes:
    if kind in "qQ":
        raw = encoded.replace("_", " ").encode("utf-8", "surrogateescape")
        return quopri.decodestring(raw, header=False)
    return lenient_base64(encoded.encode("utf-8", "surrogateescape"))


def lenient_base64(data: bytes) -> bytes:
    """What can be read of base64 that may have lost its end or its padding."""
    try:
        return b64decode(data)
    except binascii.Error:
        pass  # then without regard to how it ends
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    try:
        return b64decode(kept + b"=" * (-len(kept) % 4))
    except binascii.Error:
        return b""


def _eight_bit(text: str) -> str:
    """Header text whose bytes beyond ASCII came without any word on what they are."""
    if text.isascii():
        return text
    return decode(text.encode("utf-8", "surrogateescape"), "")

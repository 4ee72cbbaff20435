"""Addresses and Message-IDs: what is one, which are ours."""

from __future__ import annotations

import hashlib
import re

ADDRESS_CHARS = 190
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]+@[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]+")
# Longer ones, or with other characters, are nobody's that could be answered.
_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_OURS = re.compile(r"<agent-tui\.([A-Za-z0-9_-]{1,64})@[!-;=?-~]{1,190}>")
MOST_IDS = 50


def address(text: str) -> str:
    """`text` as an address is compared and kept, in lower case; empty for what is none."""
    found = text.strip().lower()
    if len(found) > ADDRESS_CHARS or not _ADDRESS.fullmatch(found) or not found.isprintable():
        return ""
    return found


def message_id(key: str, domain: str) -> str:
    """The Message-ID of the reply `key`: the same however often it is sent."""
    return f"<agent-tui.{key}@{ascii_domain(domain)}>"


def ids(text: str) -> tuple[str, ...]:
    """The Message-IDs in a header, each once; of very many the last ones."""
    return tuple(dict.fromkeys(_ID.findall(text)))[-MOST_IDS:]


def ours(text: str) -> tuple[str, ...]:
    """The keys of replies whose Message-IDs are in `text`, the last one first."""
    return tuple(reversed(dict.fromkeys(_OURS.findall(text)[-MOST_IDS:])))


def external(found: str, *marks: str) -> str:
    """A mail's identity: its Message-ID with a digest of `marks`, as some programs give every mail
    the same; only the digest where it has none."""
    digest = hashlib.sha256("\0".join(marks).encode("utf-8", "replace")).hexdigest()
    return f"{found} {digest[:16]}" if 0 < len(found) <= 170 else f"sha256:{digest}"


def ascii_domain(domain: str) -> str:
    """A domain as it is on the wire. Raises UnicodeError for what is none."""
    return domain if domain.isascii() else domain.encode("idna").decode()


def wire(address: str) -> str:
    """An address with its domain as it is on the wire. Raises UnicodeError."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"

"""The text of a mail, and what is attached to it."""

from __future__ import annotations

import quopri
from collections.abc import Iterator
from email.message import Message

import msgspec

from agent_tui.channels.mail import markup
from agent_tui.channels.mail.charsets import decode, header, lenient_base64, words
from agent_tui.text import clean_line

TEXT_CHARS = 500_000  # looked at; what is kept of it is `policy.message_chars`
TEXT_BYTES = 4 * TEXT_CHARS
MOST_PARTS = 200
MOST_ATTACHMENTS = 20
DEEPEST = 30


class Attachment(msgspec.Struct, frozen=True):
    """A file that came with a mail. Beyond the first 20, only a name and a size."""

    name: str
    size: int
    data: bytes = b""


class _Found:
    def __init__(self) -> None:
        self.parts = 0
        self.attachments: list[Attachment] = []

    def attach(self, name: str, data: bytes) -> None:
        kept = data if len(self.attachments) < MOST_ATTACHMENTS else b""
        self.attachments.append(Attachment(clean_line(name, 120) or "file", len(data), kept))


def body(mail: Message) -> tuple[str, tuple[Attachment, ...]]:
    """(text, attachments): plain text where there is any, else what HTML says."""
    found = _Found()
    text = "\n\n".join(part for part in _texts(mail, found, 0) if part.strip())
    return text[:TEXT_CHARS], tuple(found.attachments)


def _texts(part: Message, found: _Found, depth: int) -> Iterator[str]:
    found.parts += 1
    if found.parts > MOST_PARTS or depth > DEEPEST:
        return
    media = part.get_content_type()
    inner = _inner(part)
    if media == "message/rfc822":
        yield from _forwarded(inner, found, depth)
    elif inner and media == "multipart/alternative":
        yield _best(inner, found, depth)
    elif inner:
        if media.startswith("multipart/"):
            for each in inner:
                yield from _texts(each, found, depth + 1)
    elif media in ("text/plain", "text/html") and not _is_attached(part):
        text = _decoded(part)
        yield markup.to_text(text) if media == "text/html" else _flowed(part, text)
    elif not media.startswith("multipart/"):
        found.attach(_file_name(part) or media.replace("/", "."), _bytes(part))
    else:  # it says that it has parts, and has none
        yield _decoded(part)


def _inner(part: Message) -> list[Message]:
    """The parts within a part."""
    parts = part.get_payload() if part.is_multipart() else []
    return [each for each in parts if isinstance(each, Message)]


def _decoded(part: Message) -> str:
    charset = parameter(part, "Content-Type", "charset")
    return decode(_bytes(part)[:TEXT_BYTES], charset)[:TEXT_CHARS]


def _best(parts: list[Message], found: _Found, depth: int) -> str:
    """The same said in several ways: plain text, unless it is empty."""
    ways = [
        (each.get_content_type(), "\n\n".join(_texts(each, found, depth + 1))) for each in parts
    ]
    ways = [(media, text) for media, text in ways if text.strip()]
    plain = [text for media, text in ways if media == "text/plain"]
    return plain[0] if plain else ways[-1][1] if ways else ""


def _forwarded(inner: list[Message], found: _Found, depth: int) -> Iterator[str]:
    """A mail within the mail is told, not kept: its subject and its text stand in its place."""
    for each in inner[:1]:
        yield f"--- {clean_line(header(each, 'Subject'))} ---"
        yield from _texts(each, found, depth + 1)


def _is_attached(part: Message) -> bool:
    said = header(part, "Content-Disposition").lower()
    return said.startswith("attachment") or bool(_file_name(part))


def _file_name(part: Message) -> str:
    """The name that it was given, in any of the ways that programs have to encode one."""
    said = parameter(part, "Content-Disposition", "filename")
    return words(said or parameter(part, "Content-Type", "name"))


def parameter(part: Message, header_name: str, name: str) -> str:
    """A parameter of a header, decoded; empty if there is none."""
    alone = Message()
    alone["X"] = header(part, header_name, encoded_words=False)
    found = alone.get_param(name, "", "X")
    if isinstance(found, tuple):  # RFC 2231: what charset it says, and the bytes as Latin-1
        return decode(found[2].encode("raw-unicode-escape"), found[0] or "")
    return str(found or "")


def _bytes(part: Message) -> bytes:
    """What a part holds. Of broken base64, what can be read."""
    if part.is_multipart():
        return b""
    encoding = header(part, "Content-Transfer-Encoding").strip().lower()
    if encoding in ("base64", "quoted-printable"):
        del part["Content-Transfer-Encoding"]  # what is decoded then is the bytes as they came
    found = part.get_payload(decode=True)
    raw = found if isinstance(found, bytes) else b""
    if encoding == "base64":
        return lenient_base64(raw)
    return quopri.decodestring(raw) if encoding == "quoted-printable" else raw


def _flowed(part: Message, text: str) -> str:
    """Lines that a program broke, whole again, where it says that it broke them (RFC 3676)."""
    if parameter(part, "Content-Type", "format").lower() != "flowed":
        return text
    joined = "" if parameter(part, "Content-Type", "delsp").lower() == "yes" else " "
    out: list[str] = []
    open_ = False
    for line in text.replace("\r\n", "\n").split("\n"):
        quoted = line.startswith(">")
        if not quoted and line.startswith(" "):
            line = line[1:]
        if open_ and not quoted and line != "-- ":
            out[-1] = out[-1].rstrip(" ") + joined + line
        else:
            out.append(line)
        open_ = not quoted and line.endswith(" ") and line != "-- "
    return "\n".join(out)

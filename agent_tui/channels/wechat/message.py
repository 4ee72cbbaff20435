"""What a callback says: its fields, from XML or JSON, and what becomes of each kind of message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

import msgspec

from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.text import clean, clean_line

ROOT = "xml"
DEEPEST = 8
MOST_BYTES = 256 * 1024
LINE_CHARS = 2_000  # addresses stay whole

PICTURE = Both("[图片]", "[picture]")
VOICE = Both("[语音]", "[voice message]")
VIDEO = Both("[视频]", "[video]")
PLACE = Both("[位置]", "[location]")
LINK = Both("[链接]", "[link]")
CARD = Both("[小程序]", "[mini-program]")
FILE = Both("[文件]", "[file]")
OTHER = Both("[这里看不了的消息：{kind}]", "[a message that cannot be shown here: {kind}]")


class Words(msgspec.Struct, frozen=True):
    """A message as agents read it. `media` is WeChat's key for a picture, voice or video that goes
    with it, kept there for three days; `lead` is what stands before that file's address, `text`
    what is said if the file cannot be had."""

    text: str
    media: str = ""
    lead: str = ""


def fields(body: bytes) -> dict[str, str]:
    """The fields of a callback by their names; those that hold others are left out.

    Raises UsageError or msgspec's errors for what is neither such XML nor such JSON.
    """
    if len(body) > MOST_BYTES:
        raise UsageError(
            Both(f"请求超过 {MOST_BYTES} 字节", f"the request is over {MOST_BYTES} bytes")
        )
    return _json(body) if body.lstrip().startswith(b"{") else _xml(body)


def _json(body: bytes) -> dict[str, str]:
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except RecursionError:
        raise UsageError(_NESTED) from None
    return {
        name: value if isinstance(value, str) else str(value)
        for name, value in found.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _xml(body: bytes) -> dict[str, str]:
    """One level of elements. expat fetches nothing, but it would unfold entities: so no document
    type is taken at all."""
    found: dict[str, str] = {}
    path: list[str] = []
    pieces: list[str] = []

    def refuse(*_: Any) -> None:
        raise UsageError(Both("XML 里不许有 DTD", "the XML may hold no document type"))

    def start(name: str, _: Any) -> None:
        path.append(name)
        if len(path) > DEEPEST:
            raise UsageError(_NESTED)
        if path[0] != ROOT:
            raise UsageError(Both("不是微信的消息", "not a message of WeChat's"))
        if len(path) == 2:
            pieces.clear()

    def data(text: str) -> None:
        if len(path) == 2:
            pieces.append(text)

    def end(_: str) -> None:
        if len(path) == 2:
            found.setdefault(path[1], "".join(pieces))
        path.pop()

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.CharacterDataHandler = data
    parser.EndElementHandler = end
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # An encoding that Python does not know, or cannot read this way, is a LookupError or so.
        raise UsageError(Both(f"不是 XML：{error}", f"not XML: {error}")) from None
    return found


def words(found: Mapping[str, str], language: str) -> Words | None:
    """What agents read of the message with these fields; None where there is nothing to answer.

    An event is nothing that a customer says: that they follow the account, or entered its customer
    service, opens no conversation.
    """
    english = language == "en"

    def say(label: Both, *parts: str) -> str:
        shown = label.en if english else label.zh
        return " ".join((shown, *(part for part in map(_line, parts) if part)))

    def get(name: str) -> str:
        return found.get(name, "")

    media = get("MediaId").strip()
    match get("MsgType").strip().lower():
        case "event":
            return None
        case "text":
            text = clean(get("Content"))
            return Words(text) if text.strip() else None
        case "image":
            return Words(say(PICTURE, get("PicUrl")), media)
        case "voice":
            heard = say(VOICE, get("Recognition"))
            return Words(heard, media, heard)
        case "video" | "shortvideo":
            return Words(say(VIDEO), media, say(VIDEO))
        case "location":
            place = ",".join(filter(None, map(_line, (get("Location_X"), get("Location_Y")))))
            return Words(say(PLACE, get("Label"), place))
        case "link":
            return Words(_lines(say(LINK, get("Title")), get("Description"), get("Url")))
        case "miniprogrampage":
            return Words(_lines(say(CARD, get("Title")), get("PagePath")))
        case "file":
            return Words(_lines(say(FILE, get("Title")), get("Description")))
        case kind:
            return Words((OTHER.en if english else OTHER.zh).format(kind=clean_line(kind, 40)))


def identity(found: Mapping[str, str]) -> str:
    """WeChat's own name for the message: the same when it is handed in again."""
    number = found.get("MsgId", "").strip()
    sender, at = found.get("FromUserName", ""), found.get("CreateTime", "")
    return number or f"{sender}:{at}:{found.get('MsgType', '')}"


def _line(text: str) -> str:
    return clean_line(text, LINE_CHARS)


def _lines(first: str, *more: str) -> str:
    return "\n".join((first, *(line for line in map(_line, more) if line)))


_NESTED = Both("嵌套太深", "nested too deep")

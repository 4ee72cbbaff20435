"""Canned replies as other products hand them out.

Chatwoot: `GET /api/v1/accounts/{id}/canned_responses`, a list of {id, short_code, content}
(developers.chatwoot.com/api-reference/canned-responses), or a CSV of the same columns.
Zendesk: `GET /api/v2/macros`, {"macros": [{id, title, active, description, restriction, actions:
[{field, value}]}]} (developer.zendesk.com/api-reference/ticketing/business-rules/macros and its
"Actions reference").
Zammad: the CSV of text modules (name, keywords, content as HTML, note, active, groups; several
values joined by `~~~`), as its own import takes it (github.com/zammad/zammad, can_csv_import.rb).
Live Helper Chat: the CSV of canned messages (title, msg, explain, fallback_msg, languages,
disabled, unique_id, tags_plain, subject ...) (github.com/LiveHelperChat, lhcannedmsg/import.php).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from agent_tui.domain.model import Priority
from agent_tui.knowledge.articles import lines_of, one_line
from agent_tui.knowledge.importing.markup import to_text
from agent_tui.lang import Both
from agent_tui.macros.importing import placeholders
from agent_tui.macros.importing.row import Row, Skipped, Unfit, said, short_of, truth
from agent_tui.macros.model import Action
from agent_tui.text import clean

Data = Mapping[str, Any]
_HTML = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-z]+|#\d+);")
_BBCODE = re.compile(r"\[(/?)(b|i|u|s|fs\w*|color|html|quote|youtube|button)(?:=[^\]]*)?\]", re.I)
_BBLINK = re.compile(r"\[url(?:=([^\]]+))?\](.*?)\[/url\]", re.IGNORECASE | re.DOTALL)


def row(place: str, title: str, text: str, form: re.Pattern[str], **fields: Any) -> Row:
    """A row whose text has placeholders of this form. Raises Unfit."""
    body, slots = placeholders.convert(clean(text).strip(), form)
    title = one_line(title)
    if not title:
        raise Unfit("标题为空", "the title is empty")
    if not body.strip():
        raise Unfit("没有正文", "there is no text")
    notes = list(fields.pop("notes", ()))
    if slots:
        names = " ".join(slots)
        notes.append(Both(f"要填的空：{names}", f"to be filled in: {names}"))
    return Row(place, title, body, ask=slots, notes=tuple(notes), **fields)


def _plain(text: str) -> str:
    return to_text(text) if _HTML.search(text) else text


# --- Chatwoot ------------------------------------------------------------------------------------


def chatwoot(place: str, data: Data) -> Row:
    """A canned response. Its short code is all the title it has. Raises Unfit."""
    code = said(data, "short_code")
    key = said(data, "id")
    return row(
        place,
        code,
        _plain(said(data, "content")),
        placeholders.LIQUID,
        short=short_of(code),
        source=f"chatwoot:{key or code}",
    )


# --- Zendesk -------------------------------------------------------------------------------------

_STATUS: Mapping[str, Literal["open", "pending", "resolved"]] = {
    "open": "open",
    "new": "open",
    "pending": "pending",
    "hold": "pending",
    "solved": "resolved",
    "closed": "resolved",
}
_TEXTS = ("comment_value", "comment_value_html")


def zendesk(place: str, data: Data) -> Row:
    """A macro: its comment, and of its actions those that there are here. Raises Unfit."""
    if data.get("active") is False:
        raise Unfit("已停用", "switched off")
    text, actions, notes, public = "", [], [], True
    for field, value in _actions(data):
        if field in _TEXTS:
            text = _comment(value)
            text = to_text(text) if field.endswith("html") else text
        elif field == "comment_mode_is_public":
            public = truth(value, True)
        elif found := _action(field, value):
            actions += found
            if field == "set_tags":
                words = (
                    "set_tags 会替换全部标签，这里只加上",
                    "set_tags replaced all tags: added here",
                )
                notes.append(Both(*words))
        else:
            shown = f"{field}={value}"[:60]
            notes.append(Both(f"没有对应的动作：{shown}", f"no such action here: {shown}"))
    if not public:
        raise Unfit("是内部备注，不是回复", "an internal note, no reply")
    if not text.strip():
        raise Unfit("只有动作，没有正文", "only actions, no text")
    limit = data.get("restriction")
    if isinstance(limit, dict):
        who = f"{limit.get('type', '?')} {limit.get('id', '')}".strip()
        notes.append(Both(f"原来只给 {who}", f"was for {who} only"))
    *folders, title = said(data, "title").split("::")
    return row(
        place,
        title,
        text,
        placeholders.LIQUID,
        folder="/".join(part.replace("/", " ") for part in folders),
        actions=tuple(actions),
        note=one_line(said(data, "description")),
        source=f"zendesk:{said(data, 'id')}",
        notes=notes,
    )


def _actions(data: Data) -> Iterator[tuple[str, Any]]:
    found = data.get("actions")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and isinstance(each.get("field"), str):
            yield each["field"], each.get("value")


def _comment(value: Any) -> str:
    """The text of a comment; with a channel before it (`["channel:all", text]`) where there is."""
    if isinstance(value, list):
        texts = [each for each in value if isinstance(each, str)]
        return texts[-1] if texts else ""
    return value if isinstance(value, str) else ""


def _action(field: str, value: Any) -> list[Action]:
    word = value if isinstance(value, str) else ""
    if field == "status" and word in _STATUS:
        return [Action(status=_STATUS[word])]
    if field == "priority" and word in set(Priority):
        return [Action(priority=Priority(word))]
    if field in ("set_tags", "current_tags"):
        return [Action(tag=tag) for tag in word.split()]
    if field == "remove_tags":
        return [Action(untag=tag) for tag in word.split()]
    return []


# --- Zammad --------------------------------------------------------------------------------------


def zammad(place: str, data: Data) -> Row:
    """A text module. Raises Unfit."""
    if not truth(data.get("active"), True):
        raise Unfit("已停用", "switched off")
    name = said(data, "name")
    *folders, title = name.split("::")
    notes = []
    groups = said(data, "groups").replace("~~~", ", ")
    if groups:
        notes.append(Both(f"原来只给 {groups}", f"was for {groups} only"))
    key = said(data, "foreign_id", "id") or name
    return row(
        place,
        title,
        to_text(said(data, "content")),
        placeholders.ZAMMAD,
        folder="/".join(part.strip() for part in folders),
        tags=lines_of(re.split(r"~~~|[,，、;；\s]+", said(data, "keywords"))),
        note=one_line(said(data, "note")),
        lang=said(data, "locale"),
        source=f"zammad:{key}",
        notes=notes,
    )


# --- Live Helper Chat ----------------------------------------------------------------------------


class _Translated(msgspec.Struct):
    languages: list[str] = []
    message: str = ""


def livehelperchat(place: str, data: Data) -> Iterator[Row | Skipped]:
    """A canned message, and one for each of its other languages."""
    title = said(data, "title")
    key = said(data, "unique_id", "id") or title
    tags = lines_of(re.split(r"[,，、#\s]+", said(data, "tags_plain", "subject")))
    explain = one_line(said(data, "explain", "explanation"))
    notes = []
    for column in ("fallback_msg", "html_snippet"):
        if said(data, column).strip():
            words = f"没有导入 {column}", f"{column} was not taken over"
            notes.append(Both(*words))
    versions = [("", said(data, "msg", "message"))]
    try:
        more = msgspec.json.decode(said(data, "languages") or "[]", type=list[_Translated])
    except msgspec.MsgspecError:
        more = []
        notes.append(Both("languages 看不懂", "languages is not understood"))
    versions += [(each.languages[0], each.message) for each in more if each.languages]
    for lang, text in versions:
        where = f"{place} ({lang})" if lang else place
        try:
            if truth(data.get("disabled"), False):
                raise Unfit("已停用", "switched off")
            yield row(
                where,
                title or explain or text.splitlines()[0][:40] if text else title,
                _from_bbcode(text),
                placeholders.SINGLE,
                lang=lang,
                tags=tags,
                note=explain if title else "",
                source=f"livehelperchat:{key}",
                notes=notes,
            )
        except Unfit as unfit:
            yield Skipped(where, unfit.why)


def _from_bbcode(text: str) -> str:
    def link(found: re.Match[str]) -> str:
        target, words = found[1], found[2].strip()
        return f"{words} {target}" if target and target != words else words

    return _BBCODE.sub("", _BBLINK.sub(link, _plain(text)))

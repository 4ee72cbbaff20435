"""Tables of one's own, and what `macros export` writes: the round trip loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent_tui import misfits
from agent_tui.frontmatter import Malformed
from agent_tui.knowledge.articles import one_line
from agent_tui.knowledge.importing.row import field_of, several
from agent_tui.lang import Both
from agent_tui.macros import library
from agent_tui.macros.importing import placeholders, systems
from agent_tui.macros.importing.row import Row, Unfit, said, short_of
from agent_tui.macros.model import Head, Macro
from agent_tui.macros.writing import text_of

# Columns of a table; the rest of the front matter is one of them, as JSON.
FIELDS = ("id", "title", "lang", "key", "short", "scope", "tags", "note", "body", "source", "more")
_SHORT = ("short", "short_code", "shortcode", "shortcut", "快捷码", "快捷短语", "短码", "简称")
_KEY = ("key", "hotkey", "快捷键")


def known(name: str) -> bool:
    """Whether a column called so means something here."""
    plain = name.strip().casefold()
    return plain in (*FIELDS, *_SHORT, *_KEY, "msg", "keywords", "explain") or bool(field_of(name))


def of_macro(place: str, macro: Macro) -> Row:
    """A macro file of ours as a row."""
    head = macro.head
    more = {
        key: value
        for key, value in msgspec.to_builtins(head).items()
        if key not in ("title", "lang", "short", "tags", "note", "ask", "actions", "source")
    }
    return Row(
        place,
        head.title,
        macro.body,
        ask=head.ask,
        short=head.short,
        lang=head.lang,
        tags=head.tags,
        actions=head.actions,
        note=head.note,
        id=macro.id,
        source=head.source,
        more=more,
    )


def record(macro: Macro) -> dict[str, str | list[str]]:
    """A macro as plain values by the names of FIELDS."""
    head = macro.head
    rest = {
        key: value
        for key, value in msgspec.to_builtins(head).items()
        if key not in ("title", "lang", "key", "short", "scope", "tags", "note", "source")
    }
    return {
        "id": macro.id,
        "title": head.title,
        "lang": head.lang,
        "key": head.key,
        "short": head.short,
        "scope": head.scope,
        "tags": list(head.tags),
        "note": head.note,
        "body": macro.body,
        "source": head.source,
        "more": msgspec.json.encode(rest).decode() if rest else "",
    }


def of_fields(place: str, data: Mapping[str, Any], *, brackets: bool = False) -> Row:
    """A row of a table: an export of ours, or one whose columns are called so; with `brackets`,
    `[…]` in its text is a placeholder, too. Raises Unfit."""
    if "more" in data and said(data, "id"):
        return _exported(place, data)
    fields: dict[str, Any] = {}
    for name, value in data.items():
        plain = name.strip().casefold()
        field = "short" if plain in _SHORT else "key" if plain in _KEY else field_of(name)
        if field and field not in fields and value not in (None, ""):
            fields[field] = value
    text = said(fields, "body")
    form = placeholders.LIQUID_OR_BRACKET if brackets else placeholders.LIQUID
    open_ones = None if brackets else placeholders.BRACKET.search(text)
    notes = []
    if open_ones:
        piece = open_ones[0]
        notes.append(Both(f"{piece} 是空位吗？加 --brackets", f"is {piece} a slot? --brackets"))
    row = systems.row(
        place,
        said(fields, "title", "questions"),
        text,
        form,
        notes=notes,
        short=short_of(said(fields, "short")),
        lang=one_line(said(fields, "lang")),
        folder=said(fields, "category"),
        tags=several("tags", fields.get("tags")),
        note=one_line(said(fields, "internal")),
        id=said(fields, "id") if "/" in said(fields, "id") else "",
        source=said(fields, "source"),
    )
    key = said(fields, "key").upper()
    return msgspec.structs.replace(row, more={"key": key}) if key else row


def _exported(place: str, data: Mapping[str, Any]) -> Row:
    """Raises Unfit."""
    try:
        more = msgspec.json.decode(said(data, "more") or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Unfit(f"more：{error}", f"more: {error}") from None
    front = {name: said(data, name) for name in ("title", "lang", "key", "short", "scope")}
    front |= {"note": said(data, "note"), "source": said(data, "source")}
    front = {name: value for name, value in front.items() if value}
    key = said(data, "id")
    try:
        head = msgspec.convert(front | {"tags": several("tags", data.get("tags"))} | more, Head)
        return of_macro(place, library.checked(key, text_of(head, said(data, "body"))))
    except msgspec.ValidationError as error:
        words = misfits.explained(str(error), Head)
        raise Unfit(words.zh, words.en) from None
    except Malformed as error:
        raise Unfit(error.text.zh, error.text.en) from None

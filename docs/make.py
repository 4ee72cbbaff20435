"""Writes the generated pages: config.toml, docs/config.md, docs/keys.md, docs/protocol.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from agent_tui import config_docs
from agent_tui.config import Config
from agent_tui.desk.reasons import REASONS
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.outcome import HELD, Reason
from agent_tui.server import app
from agent_tui.server.database import Database
from agent_tui.server.endpoint import Endpoint
from agent_tui.tui.keymap import PRESETS, table
from agent_tui.tui.keynames import key_name
from agent_tui.tui.screens.help import MORE
from tests.tui import budget

ROOT = Path(__file__).resolve().parent.parent


def settings() -> str:
    """config.toml: every setting with its default, and the shop of docs/shop.in.toml."""
    return config_docs.toml() + "\n" + (ROOT / "docs" / "shop.in.toml").read_text("utf-8")


def keys() -> str:
    """docs/keys.md, from the one table of intents."""
    lines = [
        "# Keys",
        "",
        "Made from the program's table of intents by `make docs`; `agent-tui keys` and F1 show",
        "the same. Give an intent another key in `config.toml`: `[keys]`, then",
        '`claim = "ctrl+k"`. Keys of the queue are extras, plain letters while the list has the',
        'focus: `[letters]`, then `claim = "c,K"`. A key with two meanings is refused, with both',
        "names.",
        "",
        "| intent | anywhere | in the queue | in the transcript | what it does | 做什么 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| | {_code([key])} | | | {doc.en} | {doc.zh} |" for key, doc in MORE]
    rows = table()
    for name in dict.fromkeys(row.id for row in rows):
        mine = [row for row in rows if row.id == name]
        places = {row.context: row.keys for row in mine}
        anywhere = _code(map(key_name, places.get("everywhere", ())))
        queue = _code(map(key_name, places.get("queue", ())))
        reading = _code(map(key_name, places.get("transcript", ())))
        doc = f"{mine[0].doc_en} | {mine[0].doc_zh}"
        lines.append(f"| `{name}` | {anywhere} | {queue} | {reading} | {doc} |")
    lines += [
        "",
        "## Presets",
        "",
        "`[interface] preset` chooses the habits, `[keys]` and `[letters]` change single ones.",
        "What is not said here is as above.",
        "",
        "| preset | what it is like | 是什么 |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {each.doc.en} | {each.doc.zh} |" for name, each in PRESETS.items()]
    lines += [
        "",
        "## What the usual tasks take",
        "",
        "A key or a chord counts 1; a filter that is typed counts 3, with the Enter that takes its",
        "top hit; what is written to somebody counts nothing. `tests/tui/test_budget.py` presses",
        "these keys for targets drawn by lot and looks at what the server knows afterwards.",
        "",
        budget.table(),
    ]
    return "\n".join(lines) + "\n"


def _code(keys: Iterable[str]) -> str:
    return " ".join(f"`{key}`" for key in keys)


def protocol() -> str:
    """docs/protocol.md: the text of docs/protocol.in.md with the tables of what there is."""
    text = (ROOT / "docs" / "protocol.in.md").read_text("utf-8")
    _, service = app.build(Config(), Database("sqlite:///never-opened.db"))
    offered = app.endpoints(service)
    return (
        text.replace("{{commands}}", _kinds((*get_args(c.AgentPart), c.NoteCall, c.Batch)))
        .replace("{{events}}", _kinds(get_args(e.LoggedEvent)))
        .replace("{{feed}}", _kinds((e.ConversationEntered, e.ConversationLeft)))
        .replace("{{reasons}}", _reasons())
        .replace("{{endpoints}}", _endpoints(offered))
    )


def _kinds(kinds: Iterable[type[msgspec.Struct]]) -> str:
    lines = ["| kind | fields | meaning |", "|---|---|---|"]
    for kind in kinds:
        doc = " ".join((inspect.getdoc(kind) or "").split())
        lines.append(f"| `{kind.__struct_config__.tag}` | {_fields(kind)} | {doc} |")
    return "\n".join(lines)


def _fields(kind: type[msgspec.Struct]) -> str:
    """`name: type` of every field; `?` marks those that may be missing."""
    hints = get_type_hints(kind)
    return "<br>".join(
        f"`{field.encode_name}{'' if field.required else '?'}: {_type(hints[field.name])}`"
        for field in msgspec.structs.fields(kind)
    )


def _type(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        members = [_type(each) for each in get_args(kind) if each is not msgspec.UnsetType]
        # The parts of a batch are all the commands of the table that it stands in.
        return "command" if len(members) > 8 else " or ".join(members)
    if get_origin(kind) is tuple:
        return f"[{_type(get_args(kind)[0])}]"
    words = {str: "text", int: "number", bool: "true or false", type(None): "null"}
    return words.get(kind) or str(kind.__name__)


def _reasons() -> str:
    lines = ["| reason | | in words |", "|---|---|---|"]
    for reason in Reason:
        outcome = "held" if reason in HELD else "refused"
        lines.append(f"| `{reason}` | {outcome} | {REASONS[reason].en} / {REASONS[reason].zh} |")
    return "\n".join(lines)


def _endpoints(endpoints: Iterable[Endpoint]) -> str:
    lines = ["| | token | query | body | answer | |", "|---|---|---|---|---|---|"]
    for one in endpoints:
        body = one.body.__name__ if one.body else ""
        answer = one.answer.__name__ if one.answer else ""
        query = ", ".join(one.query)
        who = "" if one.auth == "none" else one.auth
        lines.append(
            f"| `{one.method} {one.path}` | {who} | {query} | {body} | {answer} | {one.summary} |"
        )
    return "\n".join(lines)


PAGES = {
    "config.toml": settings,
    "docs/config.md": config_docs.markdown,
    "docs/keys.md": keys,
    "docs/protocol.md": protocol,
}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main()

"""Writes the generated pages: config.toml, docs/config.md, docs/keys.md, docs/protocol.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from agent_tui import config_docs
from agent_tui.config import Config
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.server import app
from agent_tui.server.database import Database
from agent_tui.server.endpoint import Endpoint
from agent_tui.tui.commands import key_name, table
from agent_tui.tui.screens.help import MORE

ROOT = Path(__file__).resolve().parent.parent


def keys() -> str:
    """docs/keys.md, from the one table of intents."""
    lines = [
        "# Keys",
        "",
        "Made from the program's table of intents by `make docs`; `agent-tui keys` and F1 show the same.",
        'Give an intent another key in `config.toml`: `[keys]`, then `claim = "ctrl+k"`. Keys of the queue',
        "are extras: plain letters while the list has the focus.",
        "",
        "| intent | anywhere | in the queue | what it does | 做什么 |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| | {_code([key])} | | {doc.en} | {doc.zh} |" for key, doc in MORE]
    rows = table()
    for name in dict.fromkeys(row.id for row in rows):
        mine = [row for row in rows if row.id == name]
        places = {row.context: row.keys for row in mine}
        anywhere = _code(key_name(key) for key in places.get("everywhere", ()))
        queue = _code(key_name(key) for key in places.get("queue", ()) if key != "/")
        lines.append(f"| `{name}` | {anywhere} | {queue} | {mine[0].doc_en} | {mine[0].doc_zh} |")
    return "\n".join(lines) + "\n"


def _code(keys: Iterable[str]) -> str:
    return " ".join(f"`{key}`" for key in keys)


def protocol() -> str:
    """docs/protocol.md: the text of docs/protocol.in.md with the tables of what there is."""
    text = (ROOT / "docs" / "protocol.in.md").read_text("utf-8")
    _, service = app.build(Config(), Database("sqlite:///never-opened.db"))
    offered = app.endpoints(service)
    return (
        text.replace("{{commands}}", _kinds((*get_args(c.AgentPart), c.Batch)))
        .replace("{{events}}", _kinds(get_args(e.LoggedEvent)))
        .replace("{{feed}}", _kinds((e.ConversationEntered, e.ConversationLeft)))
        .replace("{{endpoints}}", _endpoints(offered))
    )


def _kinds(kinds: Iterable[type]) -> str:
    lines = ["| kind | fields | meaning |", "|---|---|---|"]
    for kind in kinds:
        doc = " ".join((inspect.getdoc(kind) or "").split())
        fields = ", ".join(f"`{name}`" for name in kind.__struct_fields__)  # type: ignore[attr-defined]
        lines.append(f"| `{kind.__struct_config__.tag}` | {fields} | {doc} |")  # type: ignore[attr-defined]
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
    "config.toml": config_docs.toml,
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

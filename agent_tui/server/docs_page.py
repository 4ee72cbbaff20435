"""A page for people about the HTTP interface, made from the OpenAPI document."""

from __future__ import annotations

from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.6 system-ui, "Noto Sans SC", sans-serif; max-width: 56rem;
  margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8884; padding: .6rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: 13px; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; color: #1f7a5c; }
pre { overflow-x: auto; background: #8881; padding: .6rem; border-radius: 6px; }
.auth { opacity: .7; }
"""


def render(document: dict[str, Any]) -> str:
    """The document as HTML without any script."""
    sections = [
        _section(path, method, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    schemas = "".join(
        f"<section id='{escape(name)}'><h3>{escape(name)}</h3>{_schema(schema)}</section>"
        for name, schema in document["components"]["schemas"].items()
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>agent-tui API</title><style>{STYLE}</style>"
        f"<h1>agent-tui API {escape(document['info']['version'])}</h1>"
        "<p>Machine-readable: <a href='/openapi.json'>/openapi.json</a></p>"
        f"{''.join(sections)}<h2>Types</h2>{schemas}</html>"
    )


def _section(path: str, method: str, operation: dict[str, Any]) -> str:
    auth = ", ".join(name for rule in operation.get("security", []) for name in rule)
    query = ", ".join(p["name"] for p in operation.get("parameters", []) if p["in"] == "query")
    lines = [
        f"<section><span class='method'>{method.upper()}</span> <code>{escape(path)}</code>",
        f"<span class='auth'> {'token: ' + auth if auth else 'public'}</span>",
        f"<div>{escape(operation['summary'])}</div>",
    ]
    if query:
        lines.append(f"<div>query: <code>{escape(query)}</code></div>")
    body = operation.get("requestBody")
    if body:
        ((media, content),) = body["content"].items()
        shown = _link(content["schema"]) if "schema" in content else media
        lines.append(f"<div>body: {shown}</div>")
    for status, answer in operation["responses"].items():
        for media, content in answer.get("content", {}).items():
            lines.append(f"<div>{status} {escape(media)}: {_link(content['schema'])}</div>")
    return "".join(lines) + "</section>"


def _link(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return f"<a href='#{escape(name)}'>{escape(name)}</a>" if name else "<code>object</code>"


def _schema(schema: dict[str, Any]) -> str:
    rows = [
        f"<div><code>{escape(name)}</code>: {_link(kind) if '$ref' in kind else _kind(kind)}</div>"
        for name, kind in schema.get("properties", {}).items()
    ]
    return f"<p>{escape(schema.get('description', ''))}</p>{''.join(rows)}"


def _kind(schema: dict[str, Any]) -> str:
    items = schema.get("items", {})
    if isinstance(items, dict) and "$ref" in items:
        return f"array of {_link(items)}"
    return f"<code>{escape(str(schema.get('type', 'any of several')))}</code>"

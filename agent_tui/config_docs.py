"""config.toml and docs/config.md, written from the settings' own types."""

from __future__ import annotations

import inspect
import json
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from agent_tui.config import Config

HEADER = """\
# 工作台与服务端共用的设置。每一项都有默认值，可以整段删掉。
# Settings of the workstation and of the server. Everything has a default; any part may be left out.
"""


def toml() -> str:
    """The shipped config.toml: every setting with its default, commented in both languages."""
    lines = [HEADER]
    for name, kind, doc, _default in _settings(Config):
        value = getattr(Config(), name)
        if isinstance(value, msgspec.Struct):
            lines.extend(_table(name, value))
        elif not _listed(kind):
            lines.append(f"[{name}]\n# {doc}\n")
    return "\n".join(lines)


def _table(name: str, value: msgspec.Struct) -> list[str]:
    lines = [f"[{name}]"]
    nested: list[str] = []
    for field, _kind, doc, _default in _settings(type(value)):
        inner = getattr(value, field)
        if isinstance(inner, msgspec.Struct):
            nested.extend(_table(f"{name}.{field}", inner))
        elif inner != {}:  # the shop's own tables stand behind
            lines.append(f"# {doc}")
            lines.append(f"{field} = {_literal(inner)}")
    return [*lines, "", *nested]


def markdown() -> str:
    """docs/config.md: one table a section."""
    out = [
        "# Settings",
        "",
        "Made from the program's own types by `make docs`. One file, `config.toml`, serves both",
        "sides: the server reads the one in its data folder, the workstation the one in the",
        "agent's config folder (`agent-tui doctor` prints both paths). An unknown key or a wrong",
        "type is an error.",
        "",
    ]
    for name, kind, _doc, _default in _settings(Config):
        value = getattr(Config(), name)
        if isinstance(value, msgspec.Struct):
            out.extend(_section(name, type(value)))
        elif listed := _listed(kind):
            out.extend(_section(f"[{name}]", listed))
        else:
            out.extend(
                [
                    f"## [{name}]",
                    "",
                    '`intent = "key"`, for example `resolve_next = "ctrl+d"`.',
                    "[keys.md](keys.md) lists every intent.",
                    "",
                ]
            )
    return "\n".join(out).rstrip() + "\n"


def _section(name: str, kind: type[msgspec.Struct]) -> list[str]:
    out = [f"## [{name}]", "", inspect.getdoc(kind) or "", ""]
    rows: list[str] = []
    nested: list[str] = []
    for field, annotation, doc, default in _settings(kind):
        if isinstance(default, msgspec.Struct):
            nested.extend(_section(f"{name}.{field}", type(default)))
            continue
        if listed := _listed(annotation):
            nested.extend(_section(f"{name[:-1]}.{field}]", listed))
        if named := _named(annotation):
            nested.extend(_section(f"{name}.{field}.NAME", named))
        shown = "" if default in (msgspec.NODEFAULT, None) else f"`{_literal(default)}`"
        rows.append(f"| `{field}` | {_type(annotation)} | {shown} | {doc} |")
    return [*out, "| key | type | default | meaning |", "|---|---|---|---|", *rows, "", *nested]


def _listed(annotation: Any) -> type[msgspec.Struct] | None:
    """The Struct of which a setting is a list (`[[rules]]`), or None."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    one = get_args(annotation)[0] if get_origin(annotation) is tuple else None
    return one if isinstance(one, type) and issubclass(one, msgspec.Struct) else None


def _named(annotation: Any) -> type[msgspec.Struct] | None:
    """The Struct of which a setting holds one under each name (`[routing.teams.NAME]`), or None."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    one = get_args(annotation)[1] if get_origin(annotation) is dict else None
    return one if isinstance(one, type) and issubclass(one, msgspec.Struct) else None


def _settings(kind: type[msgspec.Struct]) -> list[tuple[str, Any, str, Any]]:
    """(name, type, description, default) of every field of `kind`."""
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in msgspec.structs.fields(kind):
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        found.append((field.name, hints[field.name], _description(hints[field.name]), default))
    return found


def _description(annotation: Any) -> str:
    if get_origin(annotation) is not Annotated:
        return ""
    for extra in reversed(get_args(annotation)):
        if isinstance(extra, msgspec.Meta) and extra.description:
            return extra.description
    return ""


def _type(annotation: Any) -> str:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is tuple:
        numbers = _type(get_args(annotation)[0]) == "whole number"
        texts = "list of whole numbers" if numbers else "list of texts"
        return "list of tables" if _listed(annotation) else texts
    if get_origin(annotation) is dict:
        return "a table each" if _named(annotation) else "names and texts"
    if get_origin(annotation) is UnionType:
        return _type(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f'`"{each}"`' for each in annotation)
    choices = get_args(annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return " or ".join(f'`"{choice}"`' for choice in choices)
    names = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    return names.get(annotation, str(annotation))


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)

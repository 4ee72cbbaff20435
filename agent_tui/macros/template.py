"""Macro text -> reply. Jinja2's immutable sandbox behind a whitelist of the syntax tree.

A plain sandbox still renders 30 MB from one line or hangs on a loop; so only names, the default
filter and its kin, and if-blocks are taken at all.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from jinja2 import ChainableUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent_tui.frontmatter import Malformed
from agent_tui.lang import Both

VARIABLES = frozenset(
    {
        "customer.name",
        "customer.tier",
        "customer.language",
        "agent.name",
        "shop.name",
        "order.no",
        "order.item",
        "order.status",
        "order.carrier",
        "order.tracking",
        "order.eta",
        "order.amount",
        "now.date",
        "now.time",
    }
)
FILTERS = frozenset({"default", "upper", "lower", "trim"})
TESTS = frozenset({"defined", "undefined"})
COMPARISONS = frozenset({"eq", "ne"})  # any other may fail on a value that is not known
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Filter,
    nodes.Const,
    nodes.If,
    nodes.Test,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Compare,
    nodes.Operand,
)
MAX_RENDERED = 20_000


class _Open(ChainableUndefined):
    """A value that is not known: it stays in the text as an open slot, which blocks sending."""

    def __str__(self) -> str:
        return "{{ " + (self._undefined_name or "?") + " }}"

    def __getattr__(self, name: str) -> _Open:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Open(name=f"{self._undefined_name}.{name}")


class _Group:
    """The known variables that begin with one word: `customer.name`, `customer.tier` ..."""

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self._name = name
        self._values = values

    def __str__(self) -> str:
        return "{{ " + self._name + " }}"

    def __getattr__(self, name: str) -> str | _Open:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values.get(name) or _Open(name=f"{self._name}.{name}")


_environment = ImmutableSandboxedEnvironment(undefined=_Open, autoescape=False)


def _parse(text: str, first_line: int) -> nodes.Template:
    try:
        tree = _environment.parse(text)
    except TemplateSyntaxError as error:
        line = first_line + (error.lineno or 1) - 1
        raise Malformed(
            line, Both(f"模板有误：{error.message}", f"bad template: {error.message}")
        ) from None
    for node in tree.find_all(nodes.Node):
        line = first_line + (node.lineno or 1) - 1
        if not isinstance(node, _ALLOWED) or _of_a_constant(node):
            name = type(node).__name__
            raise Malformed(
                line,
                Both(
                    f"模板里不能用 {name}；只能用变量、default 和 if",
                    f"{name} is not allowed here: use variables, default and if",
                ),
            )
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise Malformed(line, Both(f"没有过滤器 {node.name}", f"no filter {node.name}"))
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            raise Malformed(line, Both(f"没有测试 {node.name}", f"no test {node.name}"))
        if isinstance(node, nodes.Compare) and any(x.op not in COMPARISONS for x in node.ops):
            raise Malformed(line, Both("只能用 == 和 != 比较", "compare by == and != only"))
    return tree


def _of_a_constant(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Const)


def check(text: str, slots: frozenset[str], first_line: int = 1) -> None:
    """Raises Malformed for bad syntax or an unknown variable, naming the line."""
    tree = _parse(text, first_line)
    for line, name in _variables(tree):
        if name in slots or name in VARIABLES:
            continue
        import difflib

        near = difflib.get_close_matches(name, sorted(slots | VARIABLES), n=1)
        hint = (f"；是不是 {near[0]}？", f"; did you mean {near[0]}?") if near else ("", "")
        raise Malformed(
            first_line + line - 1,
            Both(f"没有变量 {name}{hint[0]}", f"unknown variable {name}{hint[1]}"),
        )


def names(text: str) -> frozenset[str]:
    """The slots and variables that `text` names. Raises Malformed."""
    return frozenset(name for _, name in _variables(_parse(text, 1)))


def literal(text: str) -> str:
    """`text` as a template that renders as it stands."""
    return re.sub(r"\{[{%#]", lambda found: "{{ '" + found[0] + "' }}", text)


def _variables(tree: nodes.Template) -> list[tuple[int, str]]:
    inner = {id(node.node) for node in tree.find_all(nodes.Getattr)}
    found: list[tuple[int, str]] = []
    for node in tree.find_all((nodes.Getattr, nodes.Name)):
        if id(node) in inner:
            continue
        found.append((node.lineno, _dotted(node)))
    return found


def _dotted(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{_dotted(node.node)}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else "?"


@functools.lru_cache(maxsize=2000)
def _compiled(text: str) -> Template:
    _parse(text, 1)
    return _environment.from_string(text)


def render(text: str, values: Mapping[str, str]) -> str:
    """`text` with dotted `values` filled in; what is unknown or empty stays as `{{ name }}`.

    Raises Malformed if the template is not allowed. The result is at most 20,000 characters.
    """
    template = _compiled(text)
    slots: dict[str, str] = {}
    groups: dict[str, dict[str, str]] = {}
    for name, value in values.items():
        first, _, last = name.partition(".")
        if last:
            groups.setdefault(first, {})[last] = value
        elif value:
            slots[name] = value
    known = {first: _Group(first, group) for first, group in groups.items()}
    return template.render(known, **slots)[:MAX_RENDERED]


_OPEN = re.compile(r"\{\{.*?\}\}|\{%|\{\{|\}\}")


def open_slots(text: str) -> list[tuple[int, int]]:
    """(start, end) of everything in `text` that looks like a place still to be filled."""
    return [found.span() for found in _OPEN.finditer(text)]


__all__ = ["VARIABLES", "check", "literal", "names", "open_slots", "render"]

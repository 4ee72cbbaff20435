"""The filter language: which conversations of a list are looked at, or acted on.

    team:refunds waiting>5m tag:vip -assigned
    (团队:退款 或 团队:物流) -已分配

`filter_keys` has the keys, `filter_syntax` the grammar, `filter_matching` what each term holds
against a conversation as `filter_view` sees it, `filter_completion` what may come next.
"""

from __future__ import annotations

from agent_tui.domain.filter_completion import Completion, complete
from agent_tui.domain.filter_errors import FilterError
from agent_tui.domain.filter_keys import HELP
from agent_tui.domain.filter_matching import compiled, stands_for_who
from agent_tui.domain.filter_syntax import All, Match, Node, Parser, Value, Word, walk, write
from agent_tui.domain.filter_view import View
from agent_tui.domain.model import Conversation

__all__ = ["HELP", "Completion", "Filter", "FilterError", "View", "complete", "parse"]


class Filter:
    """A filter that was understood. `str()` gives its one way of being written."""

    __slots__ = ("_node", "_test", "text")

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self._node = node
        self._test = compiled(node)

    def matches(self, conversation: Conversation, view: View) -> bool:
        """Whether `conversation` passes.

        Names are looked up once for each `View`: make one for a whole list.
        """
        return self._test(conversation, view)

    def words(self) -> list[str]:
        """What is looked for as text: no key, and no flag."""
        return [node.text for node in walk(self._node) if isinstance(node, Word)]

    def strangers(self, view: View) -> list[tuple[str, str]]:
        """What stands behind `team:` and `agent:` and means nobody, or several, that `view` knows;
        behind `type:`, what is none of those that it knows, if it knows any; behind `id:`, how
        several conversations begin.

        It is no error, since a list may be older than a name; whoever acts on it can refuse it.
        """
        return [
            (match.key, value.text)
            for match in walk(self._node)
            if isinstance(match, Match)
            for value in match.values
            if _strange(match.key, value, view)
        ]

    def __bool__(self) -> bool:
        return self._node != All(())

    def __str__(self) -> str:
        return write(self._node)

    def __repr__(self) -> str:
        return f"Filter({str(self)!r})"


def _strange(key: str, value: Value, view: View) -> bool:
    if key == "id":
        return view.begins_several(key, value.text)
    if key == "type":
        return not view.has_type(value.text)
    if key not in ("team", "agent") or stands_for_who(key, value):
        return False
    return not view.knows(key, value.text)


def parse(text: str) -> Filter:
    """What `text` says; a filter of nothing but spaces passes everything. Raises FilterError."""
    return Filter(text, Parser(text).parse())

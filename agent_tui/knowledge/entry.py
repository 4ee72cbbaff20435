"""What can be found, and how a find looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["article", "macro", "case"]
KINDS: tuple[Kind, ...] = ("article", "macro", "case")


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that can be found. (`kind`, `id`) is its key.

    An empty `language`, `shop` or `team` fits every one. `body` may be left empty by whoever can
    fetch it later: then the entry is found by its names only.
    """

    kind: Kind
    id: str
    title: str
    questions: tuple[str, ...] = ()  # other ways customers ask for it
    tags: tuple[str, ...] = ()
    body: str = ""
    language: str = ""  # zh | en
    audience: Literal["public", "internal"] = "public"
    shop: str = ""
    team: str = ""
    type: str = ""  # question type, as on conversations
    valid_from: str = ""  # ISO dates, both inclusive
    valid_to: str = ""
    label: str = ""  # what a list shows at its right: a category, or a macro's key and short name

    @property
    def key(self) -> tuple[Kind, str]:
        """What tells entries apart."""
        return self.kind, self.id

    def holds(self, today: str) -> bool:
        """Whether it is valid on an ISO date; on an unknown one it is."""
        return not today or self.valid_from <= today <= (self.valid_to or today)

    @property
    def internal(self) -> bool:
        """For colleagues only."""
        return self.audience == "internal"


class Context(msgspec.Struct, frozen=True):
    """Who asks and where: moves entries up, never hides one.

    `uses` holds one weight for each used entry, 0 to 1: how often and how lately this agent and
    this team used it (`agent_tui.knowledge.usage`).
    """

    language: str = ""
    shop: str = ""
    type: str = ""
    today: str = ""  # ISO date: what does not hold then goes down
    uses: Mapping[tuple[Kind, str], float] = {}


class Hit(msgspec.Struct, frozen=True):
    """A found entry.

    `score` is 0 to 100, higher is better. `name` is the title, question or tag that matched best;
    `query` is what was looked for, folded. `why` are the parts of the score by name, in points;
    their sum is the score before it is cut to 0..100.
    """

    entry: Entry
    score: float
    name: str = ""
    query: str = ""
    why: tuple[tuple[str, float], ...] = ()

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Half-open ranges of characters of `name` that matched, in order."""
        from agent_tui.knowledge.spans import spans

        return spans(self.query, self.name)

    @property
    def verbatim(self) -> bool:
        """Whether what was typed is there, and not only something like it."""
        from agent_tui.knowledge.verbatim import verbatim

        return verbatim(self.query, self.name, (part for part, _ in self.why))

"""From where a filter looks: what it takes for now, for me, and for a name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from agent_tui.domain.filter_keys import fold
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Agent, Inbox, Team
from agent_tui.domain.plan import PLAIN, Plan
from agent_tui.domain.policy import Policy
from agent_tui.lang import Both


class View(msgspec.Struct, frozen=True):
    """The time (ms), the shop's figures, who asks, and who is called what.

    `names` are shown names by id, several with a slash between them ("退款/Refunds"). `among` says
    for "agent", "team", "inbox", "type" and "id" (of conversations) which of these ids are of that
    kind; without it any may.
    """

    now: int
    policy: Policy
    me: AgentId | None = None
    names: Mapping[str, str] = {}
    among: Mapping[str, Collection[str]] = {}
    plan: Plan = PLAIN  # whose calendars the deadlines follow

    @classmethod
    def over(
        cls,
        now: int,
        policy: Policy,
        me: AgentId | None = None,
        *,
        agents: Iterable[Agent] = (),
        teams: Iterable[Team] = (),
        inboxes: Iterable[Inbox] = (),
        types: Mapping[str, Both] = {},
        chats: Collection[str] = (),
        plan: Plan = PLAIN,
    ) -> View:
        """The view that knows these by their names in both languages, and `chats` by how their ids
        begin."""
        named: dict[str, dict[str, str]] = {
            "agent": {each.id: each.name for each in agents},
            "team": {each.id: f"{each.name_zh}/{each.name_en}" for each in teams},
            "inbox": {each.id: f"{each.title_zh}/{each.title_en}" for each in inboxes},
            "type": {each: f"{shown.zh}/{shown.en}" for each, shown in types.items()},
        }
        names: dict[str, str] = {}
        for ids in named.values():
            for key, name in ids.items():
                # An agent may be called as a team is: then both names lead to the id.
                names[key] = f"{names[key]}/{name}" if key in names else name
        among = {kind: frozenset(ids) for kind, ids in named.items()}
        return cls(now, policy, me, names, {**among, "id": chats}, plan)

    def meant(self, kind: str, wanted: Iterable[str], *, begins: bool) -> frozenset[str]:
        """Which ids, folded, the folded `wanted` mean: an id, else a name, else, with `begins`,
        how one id alone begins. What is not known is an id, too."""
        ids = self.among.get(kind, self.names)
        # Conversations are many, and have none.
        known = {
            fold(each): _names(shown) if (shown := self.names.get(each)) else _NO_NAMES
            for each in ids
        }
        found = set(wanted)
        for value in wanted:
            if value in known:
                continue
            called = [each for each, names in known.items() if value in names]
            if not called and begins:
                beginning = [each for each in known if each.startswith(value)]
                called = beginning if len(beginning) == 1 else []
            found.update(called)
        return frozenset(found)

    def knows(self, kind: str, value: str) -> bool:
        """Whether `value` means somebody."""
        known = {fold(each) for each in self.among.get(kind, self.names)}
        return not known.isdisjoint(self.meant(kind, [fold(value)], begins=True))

    def has_type(self, value: str) -> bool:
        """Whether `value` is a question type, by id or name; any is where none are known."""
        known = {fold(each) for each in self.among.get("type", ())}
        return not known or not known.isdisjoint(self.meant("type", [fold(value)], begins=False))

    def begins_several(self, kind: str, value: str) -> bool:
        """Whether `value` is no id, and how several begin."""
        wanted = fold(value)
        known = {fold(each) for each in self.among.get(kind, ())}
        return wanted not in known and sum(each.startswith(wanted) for each in known) > 1


_NO_NAMES: frozenset[str] = frozenset()


def _names(shown: str) -> frozenset[str]:
    return frozenset(fold(each.strip()) for each in (shown, *shown.split("/")))

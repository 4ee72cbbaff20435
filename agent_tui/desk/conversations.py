"""Every conversation as this desk sees it: what came home, with what is pending laid over it."""

from __future__ import annotations

from collections.abc import Iterable, KeysView
from itertools import islice

from agent_tui.desk.directory import Directory
from agent_tui.desk.overlay import Predicted, predict
from agent_tui.desk.pending import Pending
from agent_tui.domain.commands import NoteCall
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation, Status, Suggestion
from agent_tui.store.cache import Cache, Changes

RESOLVED_KEPT = 5_000  # of those resolved since the start, the last ones


class Conversations:
    """Keeps those that are unresolved, and the last that were resolved since the start; the others
    come from the cache when they are asked for. `not_understood` are those in which a newer
    program's events lie."""

    def __init__(self, cache: Cache, directory: Directory, pending: Pending) -> None:
        self._cache = cache
        self._directory = directory
        self._pending = pending
        self._kept: dict[ConversationId, Conversation] = {}
        self._resolved: dict[ConversationId, None] = {}  # of those, the last one last
        self._predicted: dict[ConversationId, Predicted] = {}
        self.not_understood: frozenset[ConversationId] = frozenset()

    def changed(self, changes: Changes) -> None:
        """Something came in."""
        if changes.all:
            self._kept = {state.id: state for state in self._cache.live()}
            self._resolved.clear()
            self._predicted.clear()
        for key in changes.conversations:
            state = self._cache.conversation(key)
            self._resolved.pop(key, None)
            if state is None:
                self._kept.pop(key, None)
                continue
            self._kept[key] = state
            if state.status is Status.RESOLVED:
                self._resolved[key] = None
        self._forget(len(self._resolved) - RESOLVED_KEPT)
        self.laid_over(changes.conversations)
        if changes.all or changes.conversations:
            self.not_understood = self._cache.not_understood()

    def _forget(self, count: int) -> None:
        """So many resolved ones less, the oldest first; not those with something pending."""
        if count > 0:
            idle = (key for key in self._resolved if not self._pending.of(key))
            for key in tuple(islice(idle, count)):
                del self._resolved[key], self._kept[key]
                self._predicted.pop(key, None)

    def laid_over(self, keys: Iterable[ConversationId]) -> None:
        """What is pending for these is something else now."""
        for key in keys:
            self._predicted.pop(key, None)

    def ids(self) -> KeysView[ConversationId]:
        """Those that are kept; a few of them may be resolved by now."""
        return self._kept.keys()

    def state(self, key: ConversationId) -> Conversation | None:
        """One of them with what is pending laid over it."""
        found = self.predicted(key)
        return found.state if found else None

    def predicted(self, key: ConversationId) -> Predicted | None:
        """The same, with the messages that wait."""
        known = self._predicted.get(key)
        if known is not None:
            return known
        state = self._confirmed(key)
        if state is None:
            return None
        directory = self._directory
        orders = self._pending.of(key)
        if key not in self._kept and orders:
            # It may have come home a moment ago, with the call that opened it.
            done = self._cache.done()
            orders = [
                each
                for each in orders
                if each.number > done or not isinstance(each.command, NoteCall)
            ]
        found = predict(state, orders, directory.me, directory.policy, directory.plan)
        self._predicted[key] = found
        return found

    def live(self) -> list[Conversation]:
        """Those that are kept, with what is pending laid over them."""
        return [found.state for found in map(self.predicted, tuple(self._kept)) if found]

    def suggestions(self) -> list[tuple[Conversation, Suggestion]]:
        """Suggested articles that wait for a lead, oldest first, each with its conversation."""
        keys = {state.id for state in self._cache.suggested()} | self._pending.conversations()
        states = filter(None, map(self.state, keys))
        found = [(state, each) for state in states for each in state.open_suggestions]
        return sorted(found, key=lambda pair: (pair[1].at, pair[1].id))

    # --- what came home --------------------------------------------------------------------------

    def _confirmed(self, key: ConversationId) -> Conversation | None:
        return self._kept.get(key) or self._cache.conversation(key)

    def last_confirmed(self, key: ConversationId) -> int:
        """The number of a conversation's last message that came home; 0 if there is none."""
        state = self._confirmed(key)
        return state.messages if state else 0

    def is_gone(self, key: ConversationId) -> bool:
        """Whether the server took it away; false before it told of any."""
        return self._confirmed(key) is None and self._cache.cursor() is not None

    def matching(self, prefix: str) -> list[ConversationId]:
        """Up to two whose id begins with `prefix`."""
        return self._cache.matching(prefix)

"""The command palette: every intent, by its Chinese words, its English words or its id."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from agent_tui.tui.commands import INTENTS, key_name
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.screens.workstation import Workstation


class IntentProvider(Provider):
    """Intents as palette entries."""

    def _screen(self) -> Workstation | None:
        for screen in reversed(self.app.screen_stack):
            if isinstance(screen, Workstation):
                return screen
        return None

    def _label(self, intent: type[Intent]) -> str:
        screen = self._screen()
        overrides = screen.config.keys if screen else {}
        key = (overrides.get(intent.id, intent.default_keys) or intent.letters).split(",")[0]
        return f"{intent.title}  {key_name(key)}" if key else str(intent.title)

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        screen = self._screen()
        if screen is not None:
            for intent in INTENTS:
                run = partial(screen.action_intent, intent.id)
                yield DiscoveryHit(self._label(intent), run, help=str(intent.doc))

    async def search(self, query: str) -> Hits:
        """Those whose words match."""
        screen = self._screen()
        if screen is None:
            return
        matcher = self.matcher(query)
        for intent in INTENTS:
            texts = (intent.title.zh, intent.title.en, intent.doc.zh, intent.doc.en, intent.id)
            score = max(matcher.match(text) for text in texts)
            if score > 0:
                run = partial(screen.action_intent, intent.id)
                yield Hit(score, self._label(intent), run, help=str(intent.doc))

"""That somebody looks at a chat, from one machine to another's header."""

from __future__ import annotations

import queue
from pathlib import Path

from agent_tui import bootstrap
from agent_tui.bootstrap import Login
from agent_tui.domain.protocol import Presence
from agent_tui.paths import Profile
from tests.driver import Serving, conversation_of, until
from tests.flow.workstation import account


def link(serving: Serving, root: Path, person: str, heard: queue.Queue[Presence]) -> bootstrap.Link:
    """A machine's sync side; what it hears of others goes to `heard`."""
    login = Login(serving.base, serving.token(person), account(person))
    profile = Profile(root / person)
    bootstrap.write_login(profile, login)
    bootstrap.open_desk(profile, login).close()
    found = bootstrap.Link(
        profile,
        login,
        on_change=lambda changes: None,
        on_link=lambda link, trouble: None,
        on_presence=heard.put,
    )
    found.start()
    return found


def test_a_colleague_hears_who_looks_and_who_left(serving: Serving, tmp_path: Path) -> None:
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    heard: queue.Queue[Presence] = queue.Queue()
    anna = link(serving, tmp_path, "anna", queue.Queue())
    bo = link(serving, tmp_path, "bo", heard)
    try:

        def told(looking: bool) -> Presence | None:
            anna.viewing(key, looking)  # a hint that came too early is lost
            try:
                return heard.get(timeout=0.2)
            except queue.Empty:
                return None

        seen = until(lambda: told(True))
        assert (seen.conversation, seen.agent, seen.typing) == (key, "anna", False)
        left = until(lambda: (one := told(False)) and one.until < seen.until - 20_000 and one)
        assert left.agent == "anna"
    finally:
        anna.close()
        bo.close()

"""A desk for one command: brought up to date first, and told what the server decided."""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from types import TracebackType

from agent_tui import bootstrap
from agent_tui.cli import output
from agent_tui.cli.shapes import Verdict
from agent_tui.desk import bulk
from agent_tui.domain.commands import AgentCommand
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.outcome import Held
from agent_tui.errors import NotFound, StoreError, Unauthorized, UsageError
from agent_tui.lang import Both
from agent_tui.paths import Profile
from agent_tui.store.bulks import Bulk
from agent_tui.store.cache import Changes
from agent_tui.store.outbox import Outbox
from agent_tui.tui.format import local

PATIENCE = 10.0
# Once the server did not answer, how long a second try may take.
SECOND_CHANCE = 2.0


class Session:
    """Use as a context manager. `trouble` says why what is read may be old; empty if it is not."""

    def __init__(
        self,
        profile: Profile,
        login: bootstrap.Login,
        *,
        offline: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        profile.create()
        self._patience = patience
        self._news: queue.SimpleQueue[Changes | tuple[str, str]] = queue.SimpleQueue()
        self._link: bootstrap.Link | None = None
        self._outbox: Outbox | None = None
        self._profile = profile
        self._login = login
        self.trouble = ""
        self._undecided: set[int] = set()
        if not offline:
            self._link = bootstrap.Link(
                profile,
                login,
                on_change=self._news.put,
                on_link=lambda link, trouble: self._news.put((link, trouble)),
            )

    def __enter__(self) -> Session:
        try:
            if self._link is not None:
                self._undecided = _undecided(self._profile)
                self._link.start()
                self._catch_up()
            # Opened only now: a damaged cache has been built anew, under another file.
            self.desk = bootstrap.open_desk(self._profile, self._login)
            self._outbox = Outbox(self._profile.outbox)
        except BaseException:
            if self._link is not None:
                self._link.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._link is not None:
            self._link.close()
        if self._outbox is not None:
            self._tell_late(self._outbox)
            self._outbox.close()
        self.desk.close()

    def _tell_late(self, outbox: Outbox) -> None:
        """What became, meanwhile, of deeds to many chats that an earlier command could only queue:
        nobody else tells of them."""
        waiting = set(outbox.unsettled())
        for deed in outbox.bulks():
            open_still = any(deed.first <= number <= deed.last for number in waiting)
            if deed.first in self._undecided and not open_still:
                self.tell(deed)

    def tell(self, deed: Bulk) -> None:
        """Say what was refused of a deed to many chats, if anything was; once in a session."""
        self._undecided.discard(deed.first)
        if deed.refused:
            at, said = local(deed.at).strftime("%m-%d %H:%M"), bulk.refusals(deed)
            output.note(Both(f"之前（{at}）{said.zh}", f"earlier ({at}), {said.en}"))

    def _catch_up(self) -> None:
        """Until the cache is up to date, another process sees to that, or patience ends."""
        deadline = time.monotonic() + self._patience
        while (left := deadline - time.monotonic()) > 0:
            try:
                news = self._news.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(news, Changes):
                continue
            link, trouble = news
            if link == "online":
                self.trouble = ""
                return
            self._raise_if_logged_out(link)
            self.trouble = trouble
            deadline = min(deadline, time.monotonic() + SECOND_CHANCE)
        self.trouble = self.trouble or str(
            Both("服务端没有及时回答", "the server did not answer in time")
        )

    def _raise_if_logged_out(self, link: str) -> None:
        if link == "logged_out":
            raise Unauthorized(
                Both("登录已失效", "the login is no longer valid"),
                Both(
                    f"重新登录：agent-tui login {self._login.url}",
                    f"log in again: agent-tui login {self._login.url}",
                ),
            )

    def find(self, prefix: str) -> ConversationId:
        """The conversation that `prefix` names, alone. Raises NotFound, UsageError."""
        found = self.desk.conversations.matching(prefix) if prefix else []
        if ConversationId(prefix) in found:
            return ConversationId(prefix)
        if not found:
            raise NotFound(
                Both(f"没有会话 {prefix}", f"there is no conversation {prefix}"),
                Both("用 agent-tui queue 查看编号", "agent-tui queue lists their ids"),
            )
        if len(found) > 1:
            raise UsageError(
                Both(
                    f"{prefix} 对应不止一个会话", f"{prefix} is the beginning of more than one id"
                ),
                Both("多写几位", "give more of it"),
            )
        return found[0]

    def do(self, conversation: ConversationId, command: AgentCommand) -> Verdict:
        """Queue `command` and wait until the server has decided, or patience ends."""
        assert self._outbox is not None
        known = {item.id for item in self._outbox.tray.items()}
        refused = self.desk.do(conversation, command)
        if refused is not None:
            outcome = "held" if isinstance(refused, Held) else "refused"
            return Verdict(conversation, outcome, refused.reason, refused.detail)
        if self._link is None:
            return Verdict(conversation, "queued")
        self._link.ring()
        # A server that was away a moment ago is not waited for twice.
        deadline = time.monotonic() + (SECOND_CHANCE if self.trouble else self._patience)
        while any(order.command == command for order in self._outbox.pending()):
            left = deadline - time.monotonic()
            if left <= 0:
                return Verdict(conversation, "queued", detail=self.trouble)
            self._wait(left)
        # The outbox settles a command and puts a refused one in the tray in one transaction.
        for item in self._outbox.tray.items():
            if item.id not in known and item.order.command == command:
                outcome = "held" if item.held else "refused"
                return Verdict(conversation, outcome, item.reason, item.detail, item.text)
        return Verdict(conversation, "applied")

    def do_all(
        self,
        steps: Sequence[tuple[ConversationId, AgentCommand]],
        title: Both,
    ) -> list[Verdict]:
        """Queue a command for each of many conversations, each only once, and wait until the server
        has decided all, or patience ends. In their order."""
        assert self._outbox is not None
        left = self.desk.doing.do_all(steps, title=title, undoable=False)
        refused = {
            key: Verdict(
                key, "held" if isinstance(why, Held) else "refused", why.reason, why.detail
            )
            for key, why in left.items()
            if why is not None
        }
        waiting: set[ConversationId] = set()
        if len(left) < len(steps):
            deed = self.desk.pending.bulks[-1]
            waiting = self._settle(deed)
            deed = next((b for b in self._outbox.bulks() if b.first == deed.first), deed)
            refused |= {
                key: Verdict(key, "refused", code, detail) for key, code, detail in deed.refused
            }
        for key in waiting:
            refused[key] = Verdict(key, "queued", detail=self.trouble)
        return [refused.get(key) or Verdict(key, "applied") for key, _ in steps]

    def _settle(self, deed: Bulk) -> set[ConversationId]:
        """The conversations of whose commands the server has not decided when patience ends."""
        assert self._outbox is not None
        deadline = time.monotonic()
        if self._link is not None:
            self._link.ring()
            deadline += SECOND_CHANCE if self.trouble else self._patience
        while any(deed.first <= number <= deed.last for number in self._outbox.unsettled()):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._wait(left)
        orders = self._outbox.pending()
        return {each.conversation for each in orders if deed.first <= each.number <= deed.last}

    def _wait(self, seconds: float) -> None:
        try:
            news = self._news.get(timeout=min(seconds, 0.5))
        except queue.Empty:
            return
        if not isinstance(news, Changes):
            link, self.trouble = news
            self._raise_if_logged_out(link)


def _undecided(profile: Profile) -> set[int]:
    """The first numbers of the deeds to many chats that the server has not decided."""
    try:
        outbox = Outbox(profile.outbox)
    except StoreError:
        return set()  # whoever syncs deals with it
    try:
        waiting = set(outbox.unsettled())
        return {
            deed.first
            for deed in outbox.bulks()
            if any(deed.first <= number <= deed.last for number in waiting)
        }
    finally:
        outbox.close()

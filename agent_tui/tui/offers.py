"""The line above the composer: a colleague's unsent draft, and what this version cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from agent_tui.domain import commands as c
from agent_tui.domain.model import Conversation, Offer
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.text import clean, clip

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

NARROW = 64
TAKE, DISMISS = "take_draft", "dismiss_draft"


class Strip(Static):
    """One line, or none."""

    DEFAULT_CSS = """
    Strip { height: 1; padding: 0 1; background: $panel; color: $warning; display: none; }
    Strip.-shown { display: block; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, markup=False)

    def show(self, content: Content | None) -> None:
        """Draw it; None: take no room."""
        self.set_class(content is not None, "-shown")
        self.update(content or "", layout=False)


class Offers:
    """Drafts that colleagues' late replies left in the open conversation."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    def _open(self) -> list[Offer]:
        """Those for whoever sits here, oldest first; one's own lie in the unsent tray."""
        desk, key = self._screen.desk, self._screen.current
        state = desk.conversation(key) if key else None
        if state is None or state.assignee not in (None, desk.me.id):
            return []
        return [offer for offer in state.offers if not offer.settled and offer.author != desk.me.id]

    def draw(self, state: Conversation | None) -> None:
        """The line for the open conversation."""
        strip = self._screen.query_one("#strip", Strip)
        if offers := self._open():
            strip.show(self._offer(offers, strip))
        elif state is not None and state.id in self._screen.desk.conversations.not_understood:
            words = Both(
                "部分内容需要升级后才能显示", "parts of this chat need an upgrade to be shown"
            )
            strip.show(Content.assemble((f"! {words}", "$warning")))
        else:
            strip.show(None)

    def _offer(self, offers: list[Offer], strip: Strip) -> Content:
        offer = offers[0]
        agent = self._screen.desk.directory.agents().get(offer.author)
        name = clip(clean(agent.name if agent else offer.author), 12)
        # Not yet laid out, it is as wide as the pane that it is in.
        width = self._screen.transcript.size.width - 2
        whose = Both(f"{name} 的未发草稿：", f"{name}'s unsent draft: ")
        titles = ((TAKE, Both("采用", "take")), (DISMISS, Both("忽略", "dismiss")))
        ways = " · ".join(f"{self._key(intent)} {title}" for intent, title in titles)
        if width < NARROW:
            whose = Both(f"{name} 草稿：", f"{name}: ")
            ways = ways.replace("Ctrl+", "^")
        count = f" ({len(offers)})" if len(offers) > 1 else ""
        room = width - cell_len(f"{whose}{count}  {ways}")
        text = clip(clean(offer.text).replace("\n", " "), max(4, room))
        return Content.assemble(
            (str(whose), "$warning bold"),
            (text, "$foreground"),
            (count, ""),
            (f"  {ways}", "$accent"),
        )

    def _key(self, intent: str) -> str:
        return self._screen.keymap.shown(intent)

    def take(self) -> None:
        """Insert it at the cursor; it is never sent by itself."""
        screen = self._screen
        offer = next(iter(self._open()), None)
        if offer is None or not self._settle(offer, Both("采用草稿", "take the draft")):
            return
        screen.composer.set_note(False)
        screen.composer.put_block(offer.text)
        screen.composer.focus()

    def dismiss(self) -> None:
        """It is not wanted; can be undone."""
        offer = next(iter(self._open()), None)
        if offer is not None and self._settle(offer, Both("忽略草稿", "dismiss the draft")):
            key = self._key("undo")
            undo = Both(f"已忽略 · {key} 撤销", f"dismissed · {key} undoes")
            self._screen.doing.say(undo, seconds=3)

    def _settle(self, offer: Offer, title: Both) -> bool:
        screen = self._screen
        if screen.current is None:
            return False
        try:
            refused = screen.desk.do(screen.current, c.SettleDraft(offer.message), title=title)
        except StoreError as error:
            screen.doing.trouble(error)
            return False
        if refused is not None:
            screen.doing.refuse(refused.reason, refused.detail)
            return False
        screen.ui.ring()
        return True

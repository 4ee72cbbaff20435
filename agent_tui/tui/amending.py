"""Other words in the place of one's own: asked for, looked at as before they left, and queued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.desk.transcripts import Line
from agent_tui.domain.edits import unchangeable
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.amend import AmendScreen
from agent_tui.tui.sending import SETTLE

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


async def amend(screen: Workstation) -> None:
    """Edit the message at the cursor of the transcript; without one, one's own last."""
    screen.reading.ensure_open()
    key, line = screen.current, screen.reading.line() or _own_last(screen)
    if key is None or line is None:
        screen.doing.say(Both("没有自己写的消息可改", "there is no message of yours to edit"))
        return
    if line.state in ("grace", "held"):
        screen.doing.say(_not_there(screen, line.state))
        return
    refused = _refused(screen, key, line)
    if refused is not None:
        screen.doing.refuse(refused.reason, screen.names.of(refused.detail))
        return
    await _ask(screen, key, line)


def _not_there(screen: Workstation, state: str) -> Both:
    """What was not sent is corrected where it is."""
    if state == "grace":
        undo = screen.keymap.shown("undo")
        return Both(f"还没发出，{undo} 撤回来改", f"not sent yet: {undo} takes it back")
    tray = screen.keymap.shown("tray")
    return Both(f"没有发出，{tray} 处理", f"not sent: {tray} opens the tray")


def _own_last(screen: Workstation) -> Line | None:
    mine = (line for line in reversed(screen.reading.lines) if _is_own(screen, line))
    return next(mine, None)


def _is_own(screen: Workstation, line: Line) -> bool:
    return (
        line.message.kind is not MessageKind.CUSTOMER and line.message.author == screen.desk.me.id
    )


def _refused(screen: Workstation, key: ConversationId, line: Line) -> Rejected | None:
    state = screen.desk.conversation(key)
    if state is None:
        return None
    return unchangeable(state, line.message.kind, line.message.author, screen.desk.me)


async def _ask(screen: Workstation, key: ConversationId, line: Line) -> None:
    """What is refused, or not meant after all, stays in its author's hands."""
    message, note = line.message, line.message.kind is MessageKind.NOTE
    what = Both("备注", "note") if note else Both("回复", "reply")
    when = fmt.clock(message.at)
    who = screen.doing.who(key)
    heading = str(Both(f"修改 {when} 的{what.zh} · {who}", f"Edit the {what.en} of {when} · {who}"))
    text = message.text
    while True:
        view = AmendScreen(heading, message.text, text, note=note)
        written = await screen.app.push_screen_wait(view)
        if written is None:
            return
        text = written
        if not await _is_meant(screen, key, text, note=note):
            continue
        try:
            refused = screen.desk.writing.edit(key, message, text)
        except StoreError as error:
            screen.doing.trouble(error)
            continue
        if refused is None:
            screen.ui.ring()
            undo = screen.keymap.shown("undo")
            words = Both(f"已修改 · {undo} 改回原文", f"edited · {undo} brings the old text back")
            screen.doing.say(words, seconds=3)
            return
        _say(screen, refused)


def _say(screen: Workstation, refused: Rejected | Held) -> None:
    screen.doing.refuse(refused.reason, screen.names.of(refused.detail))


async def _is_meant(screen: Workstation, key: ConversationId, text: str, *, note: bool) -> bool:
    """Whether nothing is found in it, as before a new reply, or it is meant all the same."""
    from agent_tui.tui.screens.guard import GuardScreen

    findings = screen.chat.guards.check(key, text, note=note)
    if not findings:
        return True
    settle = min(SETTLE, screen.ui.quiet_seconds)
    return bool(await screen.app.push_screen_wait(GuardScreen(text, findings, settle=settle)))

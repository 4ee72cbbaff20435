"""Puts macros and articles into the composer, and knows what of them is still in it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from agent_tui.desk.reasons import DEADLINES, PRIORITIES, STATUSES, TYPES, word
from agent_tui.desk.tagnames import tag_name
from agent_tui.domain.ids import ConversationId
from agent_tui.errors import StoreError
from agent_tui.knowledge.entry import Entry
from agent_tui.lang import Both
from agent_tui.text import clean
from agent_tui.tui.answers import Answers
from agent_tui.tui.screens.pick import SlotForm
from agent_tui.tui.versions import for_customer, slots_of, title_of

if TYPE_CHECKING:
    from agent_tui.macros.flows import Moment
    from agent_tui.macros.model import Action, Macro
    from agent_tui.tui.screens.workstation import Workstation

LEAST = 6  # characters in a row by which an inserted text is known again
MACRO = "macro:"


class Inserted(NamedTuple):
    """A text that was put into a reply: from which entry, and with a macro its actions."""

    source: str  # "article:returns/freight"
    text: str
    macro: Macro | None = None

    def is_in(self, reply: str) -> bool:
        """Whether some of it is left in `reply`."""
        text = "".join(self.text.split())
        left = "".join(reply.split())
        size = min(LEAST, len(text))
        return any(text[at : at + size] in left for at in range(len(text) - size + 1))


class Inserting:
    """What the agent takes from macros and articles, for each conversation's reply.

    It is kept beside the drafts: after a restart a draft still knows where it came from, and what
    its macros do when it is sent.
    """

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        # What stood in a reply that was emptied: undone, it comes from there again.
        self._gone: tuple[ConversationId, tuple[tuple[str, str], ...]] | None = None
        self._answers = Answers()

    def left(self, reply: str) -> list[Inserted]:
        """What was inserted into the open conversation's reply, and of which some is left."""
        key = self._screen.current
        pieces = self._screen.desk.canned.inserted(key) if key else ()
        found = [Inserted(source, text, self._macro_of(source)) for source, text in pieces]
        return [each for each in found if each.is_in(reply)]

    def _macro_of(self, source: str) -> Macro | None:
        if not source.startswith(MACRO):
            return None
        return self._screen.desk.macros.library().all.get(source.removeprefix(MACRO))

    def forget(self, key: ConversationId | None) -> None:
        """The reply was sent."""
        self._gone = None
        if key is not None:
            with self._trouble_told():
                self._screen.desk.canned.forget(key)

    def emptied(self, key: ConversationId | None) -> None:
        """Nothing is left of the reply, unless that is undone."""
        pieces = tuple(self._screen.desk.canned.inserted(key)) if key is not None else ()
        if key is not None and pieces:
            self.forget(key)
            self._gone = key, pieces

    def brought_back(self, key: ConversationId | None, reply: str) -> None:
        """`reply` was written, or its emptying undone: then it is what it was."""
        if self._gone is None:
            return
        (emptied, pieces), self._gone = self._gone, None
        text = "".join(reply.split())
        back = [piece for piece in pieces if "".join(piece[1].split()) in text]
        if emptied == key and back:
            with self._trouble_told():
                self._screen.desk.canned.insert(key, *back)

    def put_back(self, key: ConversationId, text: str, sources: tuple[str, ...]) -> None:
        """A reply that was sent is a draft again: it still comes from where it came from."""
        with self._trouble_told():
            self._screen.desk.canned.insert(key, *((source, text) for source in sources))

    @contextmanager
    def _trouble_told(self) -> Iterator[None]:
        """What stands in the composer stays there, also where the disk refuses."""
        try:
            yield
        except StoreError as error:
            self._screen.doing.trouble(error)

    def moment(self) -> Moment:
        """What decides which macros are offered for the conversation that a key means."""
        from agent_tui.macros.flows import Moment
        from agent_tui.macros.model import Situation

        screen = self._screen
        state = screen.doing.state()
        situation = Situation.of(state) if state is not None else None
        return Moment(
            screen.desk.macros.library(), screen.doing.customer_language(), _now(), situation
        )

    # --- texts -----------------------------------------------------------------------------------

    def text_of(self, entry: Entry) -> str:
        """What of an entry customers may read, filled in as far as it is known; empty: nothing."""
        if entry.kind == "macro":
            macro = self._screen.desk.macros.library().all.get(entry.id)
            return clean(self.rendered(macro)) if macro is not None else ""
        article = self._screen.desk.directory.article(entry.id)
        return article.body if article is not None and article.audience == "public" else ""

    def rendered(self, macro: Macro) -> str:
        """A macro's text for the open conversation; what is asked for later stands as 〔…〕."""
        from agent_tui.macros import library

        values = self._screen.desk.macros.values(self._screen.current, _now())
        known = library.slot_defaults(macro, values)
        slots = {
            name: known.get(name) or f"〔{slot.prompt}〕" for name, slot in macro.head.ask.items()
        }
        return library.fill(macro, values, slots)

    # --- inserting -------------------------------------------------------------------------------

    def entry(self, entry: Entry, *, send: bool = False) -> bool:
        """An entry's text goes to the cursor, in the customer's language if it has it, and with
        `send` on its way, unless that is not the text that was seen; whether it may at all."""
        found = for_customer(self._screen, entry)
        if found.id != entry.id:
            entry, send = found, False
            title = clean(entry.title)
            said = Both(f"按客户的语言：{title}", f"in the customer's language: {title}")
            self._screen.doing.say(said)
        if entry.kind == "macro":
            macro = self._screen.desk.macros.library().all.get(entry.id)
            if macro is not None:
                self.macro(macro, send=send)
            return macro is not None
        article = self._screen.desk.directory.article(entry.id)
        if article is None:
            self._screen.doing.say(Both("这条知识已经没有了", "this article is gone"))
            return False
        if article.audience != "public":
            self._screen.doing.say(Both("仅供内部，不能发给客户", "internal: not for customers"))
            return False
        today = _now().date().isoformat()
        if not article.valid_from <= today <= (article.valid_to or today):
            send = False
            why = Both("不在有效期：核对后再发", "not valid today: check before sending")
            self._screen.doing.say(why)
        self._put(Inserted(f"article:{article.id}", article.body), send)
        return True

    def from_key(self, macro: Macro, key: ConversationId | None = None) -> None:
        """Insert a macro into the open chat, or into the one under the queue's cursor; or into
        `key`, which was that before something was asked."""
        screen = self._screen
        key = key or screen.doing.target()
        if key is not None and key != screen.current:
            screen.open(key)  # it was chosen for this customer, in this language
        self.macro(macro)

    def macro(self, macro: Macro, *, send: bool = False) -> None:
        """Insert it, after asking for what it needs; its actions go with the next send."""
        unfit = unfit_for(macro, self.moment())
        if unfit is not None:
            self._screen.doing.say(Both(f"{unfit.zh}：核对后再发", f"{unfit.en}: check first"))
            send = False
        if macro.head.ask:
            self._screen.run_worker(self._ask_and_put(macro, send))
        else:
            self._put_macro(macro, {}, send)

    async def _ask_and_put(self, macro: Macro, send: bool) -> None:
        from agent_tui.macros import library

        screen = self._screen
        key = screen.current
        values = screen.desk.macros.values(key, _now())
        shop = screen.desk.macros.library()
        slots, proposed = macro.head.ask, library.slot_defaults(macro, values)
        known = self._answers.over(key, slots, proposed) if key is not None else proposed
        form = SlotForm(title_of(shop, macro), slots_of(shop, macro), known)
        answer = await screen.app.push_screen_wait(form)
        if answer is not None and screen.current == key:
            if key is not None:
                self._answers.keep(key, slots, proposed, answer)
            self._put_macro(macro, answer, send)

    def _put_macro(self, macro: Macro, slots: dict[str, str], send: bool) -> None:
        from agent_tui.macros import library

        screen = self._screen
        text = library.fill(macro, screen.desk.macros.values(screen.current, _now()), slots)
        if macro.head.actions and not send:
            words = actions_in_words(macro.head.actions)
            said = Both(f"发送时：{words.zh}", f"with the reply: {words.en}")
            screen.doing.say(said, seconds=3)
        self._put(Inserted(f"{MACRO}{macro.id}", text, macro), send)

    def _put(self, inserted: Inserted, send: bool) -> None:
        screen = self._screen
        composer = screen.composer
        if send and (composer.note or composer.text.strip()):
            # What stands there may be half a thought, or not for the customer.
            why = Both(
                "输入框里已有内容：已插入，没有发", "something is written already: inserted only"
            )
            screen.doing.say(why)
            send = False
        composer.put_block(inserted.text)
        if screen.current is not None and not composer.note:
            with self._trouble_told():
                screen.desk.canned.insert(screen.current, (inserted.source, inserted.text))
        screen.set_focus(composer)
        if send:
            screen.chat.submit(composer.text)

    # --- short names -----------------------------------------------------------------------------

    def is_short(self, short: str) -> bool:
        """Whether `/short` is a macro's."""
        return any(m.head.short == short for m in self._screen.desk.macros.library().all.values())

    def complete(self, short: str) -> None:
        """Tab: `/short` before the cursor becomes its macro; with nothing to complete, search."""
        screen = self._screen
        if not short:
            screen.going.to_find()
            return
        found = self.moment().by_short(short)
        if found is None:
            screen.doing.say(Both(f"/{short} 现在不可用", f"/{short} is not offered now"))
            return
        screen.composer.take_short()
        self.macro(found)


def unfit_for(macro: Macro, moment: Moment) -> Both | None:
    """Why a macro is not offered for a conversation, or now; None if it is."""
    now = moment.now
    if not macro.offered(now.date(), now.hour * 60 + now.minute, surge=moment.library.surge):
        return Both("不在有效期", "not valid now")
    return macro.unfit(moment.situation) if moment.situation is not None else None


def actions_in_words(actions: Sequence[Action]) -> Both:
    """What a macro does beside its text, in an enumeration that may be broken after any of it."""
    words = [action_words(action) for action in actions]
    return Both("、".join(words), ", ".join(words))


def action_words(action: Action) -> str:
    """What a macro does beside its text, in a word."""
    if action.tag is not None:
        return str(Both(f"+标签{tag_name(action.tag)}", f"+tag {tag_name(action.tag)}"))
    if action.untag is not None:
        return str(Both(f"-标签{tag_name(action.untag)}", f"-tag {tag_name(action.untag)}"))
    if action.priority is not None:
        name = word(PRIORITIES, action.priority)
        return str(Both(f"优先级{name}", f"priority {name}"))
    if action.type is not None:
        name = word(TYPES, action.type)
        return str(Both(f"类型{name}", f"type {name}"))
    if action.status is not None:
        name = word(STATUSES, action.status)
        return str(Both(f"转为{name}", f"then {name}"))
    return word(DEADLINES, action.clock or "")


def _now() -> datetime.datetime:
    return datetime.datetime.now().astimezone()

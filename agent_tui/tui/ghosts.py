"""What is on offer at the composer's cursor: a sentence's rest, a macro, an answer, an emoji."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Message, MessageKind
from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.text import clean
from agent_tui.tui.versions import for_customer
from agent_tui.tui.widgets.composer import SENTENCE_ENDS
from agent_tui.tui.widgets.ghost import Offer
from agent_tui.tui.widgets.typing import InOrder

if TYPE_CHECKING:
    from textual.worker import Worker

    from agent_tui.desk.completing import Completing
    from agent_tui.knowledge.completion import Moment
    from agent_tui.macros.model import Macro
    from agent_tui.tui.screens.workstation import Workstation

WAYS = 3  # continuations to choose from with the arrow keys
HITS = 9  # finds to choose from
LAST = 60  # characters of what was sent last that tell how one goes on
BEFORE = 160  # characters of what stands before the cursor that tell how it goes on
KNOWN = 6  # characters of the last line sent that must be known to offer the next one unasked
# A question at the beginning of a line or behind a gap; an emoji's name; a macro's short name.
_QUERY = re.compile(r"(?:(?<=\s)|^)[?？]{2}(?P<query>[^\n?？]*[^\s?？][^\n?？]*)\Z", re.MULTILINE)
_EMOJI = re.compile(
    r"(?:(?P<prose>(?<=[\u3400-\u9fff]))|(?<=[^\w:：])|^)"
    r"[:：](?P<name>[A-Za-z_\u3400-\u9fff]{1,16})\Z",
    re.MULTILINE,
)
_SHORT = re.compile(r"^\s*[/／](?P<short>[A-Za-z0-9]{1,16})\Z", re.MULTILINE)


class Ghosts:
    """Answers the composer, and follows what can be said."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._completing: Completing | None = None
        self._about: ConversationId | None = None
        self._seen: dict[str, Message] = {}  # own replies of the open conversation
        self._last_sent = ""  # the end of the last of them
        self._found: tuple[str, Sequence[Hit]] | None = None  # what the last query found
        self._asked = ""  # the query that stands before the cursor
        self._wanted = False  # take what it finds

    # --- following -------------------------------------------------------------------------------

    def start(self) -> None:
        """The first picture is drawn: learn from the cache, in a thread."""
        from agent_tui.desk.completing import Completing
        from agent_tui.knowledge.pieces import clause, word

        desk, composer = self._screen.desk, self._screen.composer
        settings = self._screen.config.completion
        composer.word_of, composer.clause_of = word, clause
        composer.offers_for = self.offers
        composer.on_offer = self._screen.draw_status
        composer.slips_in = self.slips
        for pane in (self._screen.queue, self._screen.transcript):
            if isinstance(pane, InOrder):
                pane.on_stray = self.written_in_list
        if settings.ghost:
            self._completing = Completing(
                desk.finding.cache,
                lambda: desk.me,
                lambda: desk.macros.own,
                own=settings.own,
            )
            self._completing.start()

    @property
    def known(self) -> int:
        """Texts that sentences are completed from."""
        completer = self._completing.completer if self._completing else None
        return len(completer) if completer is not None else 0

    def close(self) -> None:
        """The program ends."""
        if self._completing is not None:
            self._completing.close()

    def changed(self, changes: Changes) -> None:
        """News: macros and articles to learn from, and what was just sent."""
        if self._completing is None:
            return
        if changes.all or changes.things & {"article", "macro", "agent"}:
            self._completing.look()
        key = self._screen.current
        if key is None or key not in changes.conversations:
            return
        fresh = self._own_replies(key)
        if key == self._about:
            state = self._screen.desk.conversation(key)
            for name, message in fresh.items():
                old = self._seen.get(name)
                if state is None or old == message:
                    continue
                who = state.customer
                if old is not None and old.edited_seq != message.edited_seq:
                    self._completing.look()  # what is read from the cache is the new text by now
                if old is not None and old.text != message.text:
                    self._completing.forget(old.text, who.name)
                if old is None or old.text != message.text:
                    self._completing.learn(message.text, who.name, who.language, state.type)
        self._follow(key, fresh)

    def _follow(self, key: ConversationId, replies: dict[str, Message]) -> None:
        self._about, self._seen = key, replies
        last = next(reversed(replies.values()), None)
        self._last_sent = last.text[-LAST:] if last is not None else ""

    def _own_replies(self, key: ConversationId) -> dict[str, Message]:
        desk = self._screen.desk
        messages = [line.message for line in desk.transcript(key)[-8:]]
        return {
            each.id: each
            for each in messages
            if each.kind is MessageKind.REPLY and each.author == desk.me.id
        }

    def written_in_list(self, text: str) -> None:
        """An input method committed text while a list had the keys."""
        screen = self._screen
        if screen.current is None or text.isascii():
            why = Both(
                "列表里不能打字：Enter 打开会话", "no typing in the list: Enter opens a chat"
            )
            screen.doing.say(why)
            return
        screen.set_focus(screen.composer)
        screen.composer.put(text)

    # --- answering -------------------------------------------------------------------------------

    def offers(self, before: str, room: int) -> Sequence[Offer]:
        """What may come at the cursor, best first."""
        self._asked = ""
        if found := _QUERY.search(before):
            return self._answers(found["query"].strip(), len(found.group()))
        found = _EMOJI.search(before)
        if found and (emoji := self._emoji(found)):
            return emoji
        if found := _SHORT.search(before):
            return self._macros(found["short"].lower())
        if mend := self._mends():
            return mend
        return self._sentences(before, room)

    def _answers(self, query: str, typed: int) -> Sequence[Offer]:
        """The best finds for `??query`: Tab or Enter puts one in its place."""
        screen, self._asked = self._screen, query
        finding = screen.desk.finding
        if self._found is None or self._found[0] != query:
            context = screen.desk.moment.context(screen.current)
            search = partial(finding.search, query, HITS, public=True, context=context)
            if finding.slow:
                self._found, self._wanted = None, False

                async def look() -> None:
                    await self._look(query, search)

                _: Worker[None] = screen.run_worker(look, group="answers", exclusive=True)
                return (Offer("", "  …", self._take_soon, True),)
            self._found = (query, search())
        hits = self._found[1]
        if not hits:
            nothing = str(Both("  没有找到", "  nothing found"))
            return (Offer("", nothing, partial(self._nothing, query), True),)
        return [self._answer(hit, typed) for hit in hits]

    async def _look(self, query: str, search: Callable[[], Sequence[Hit]]) -> None:
        """Beside the screen, where it takes long."""
        self._found = (query, await asyncio.to_thread(search))
        self._screen.composer.ask_again()
        wanted, self._wanted = self._wanted and self._asked == query, False
        if wanted:  # and not what stands there by now, in another text
            self._screen.composer.take()

    def _take_soon(self) -> None:
        self._wanted = True

    def _answer(self, hit: Hit, typed: int) -> Offer:
        entry = for_customer(self._screen, hit.entry)  # what is shown is what will stand there
        text = " ".join(self._screen.inserting.text_of(entry).split())
        shown = f"  → {clean(entry.title)}: {text}"
        return Offer("", shown, partial(self._take_answer, hit, typed), True)

    def _take_answer(self, hit: Hit, typed: int) -> None:
        self._found = None
        self._screen.composer.erase_before(typed)
        self._screen.inserting.entry(for_customer(self._screen, hit.entry))

    def _nothing(self, query: str) -> None:
        self._screen.searching.misses.note(query)
        self._screen.doing.say(Both("没有找到", "nothing found"))

    def _emoji(self, found: re.Match[str]) -> Sequence[Offer]:
        from agent_tui.knowledge.emoji import named

        composer = self._screen.composer
        name, typed = found["name"], len(found.group())
        emoji = named(name)
        if found["prose"] is not None and (len(name) < 2 or not name.isascii()):
            # Chinese has no gap before it: only a whole name is not just what follows a colon.
            emoji = [each for each in emoji if each.name == name and len(name) > 1]
        return [
            Offer(
                "",
                f" {each.emoji} {each.name}",
                partial(composer.replace_before, typed, each.emoji),
            )
            for each in emoji
        ]

    def _macros(self, short: str) -> Sequence[Offer]:
        """Macros whose short name begins so; Enter takes one only by its whole name."""
        screen = self._screen
        found = [m for m in screen.inserting.moment().offered() if m.head.short.startswith(short)]
        found.sort(key=lambda macro: (len(macro.head.short), macro.head.short))
        return [self._macro(macro, short) for macro in found[:HITS]]

    def _macro(self, macro: Macro, short: str) -> Offer:
        text = " ".join(clean(self._screen.inserting.rendered(macro)).split())
        shown = f"{macro.head.short[len(short) :]}  → {clean(macro.head.title)}: {text}"
        return Offer("", shown, partial(self._take_macro, macro), macro.head.short == short)

    def _take_macro(self, macro: Macro) -> None:
        self._screen.composer.take_short()
        self._screen.inserting.macro(macro)

    # --- slips -----------------------------------------------------------------------------------

    def slips(self, text: str) -> Sequence[tuple[int, int, str]]:
        """(start, end, what is meant) of what is almost an order number or product of the open
        conversation's customer."""
        key = self._screen.current
        orders = self._screen.desk.orders(key) if key else ()
        if not orders:
            return ()
        from agent_tui.knowledge.misspelt import slips

        numbers = {order.no for order in orders}
        products = {item.name for order in orders for item in order.items}
        return [(each.start, each.end, each.meant) for each in slips(text, numbers, products)]

    def _mends(self) -> Sequence[Offer]:
        composer = self._screen.composer
        return [
            Offer("", f"  ← {clean(meant)}?", partial(composer.mend, start, end, meant))
            for start, end, meant in composer.slips_here()
        ]

    # --- sentences -------------------------------------------------------------------------------

    def _sentences(self, before: str, room: int) -> Sequence[Offer]:
        completer = self._completing.completer if self._completing else None
        key = self._screen.current
        composer = self._screen.composer
        if completer is None or key is None or composer.note or room < 2:
            return ()
        if before.rstrip().endswith(SENTENCE_ENDS) and not composer.goes_on:
            return ()
        from agent_tui.knowledge.completion import REPLY, worth_showing
        from agent_tui.knowledge.masking import mask
        from agent_tui.knowledge.pieces import cut

        moment = self._moment(key)
        names = (moment.name,)
        context = mask(before[-BEFORE:], names)
        if len(before) < BEFORE:
            if key != self._about:
                self._follow(key, self._own_replies(key))
            context = f"{mask(self._last_sent, names)}{REPLY}{context}"
        ghosts = completer.complete(context, WAYS, moment)
        least = self._screen.config.completion.certain
        ghosts = worth_showing(ghosts, least)
        if not before.strip() and (not ghosts or ghosts[0].depth <= KNOWN):
            return ()
        return [Offer(text) for ghost in ghosts if (text := cut(clean(ghost.text), room)).strip()]

    def _moment(self, key: ConversationId) -> Moment:
        from agent_tui.knowledge.completion import Moment

        state = self._screen.desk.conversation(key)
        rows = self._screen.find.rows[:WAYS]
        likely = frozenset(
            f"{row.entry.kind}:{row.entry.id}" for row in rows if isinstance(row, Hit)
        )
        if state is None:
            return Moment(sources=likely)
        who = state.customer
        return Moment(who.language, state.type, who.name, likely)

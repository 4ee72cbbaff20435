"""Suggested articles: an agent writes one from a chat, a lead publishes or declines it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId, SuggestionId
from agent_tui.domain.model import Article, Conversation, Role, Suggestion
from agent_tui.errors import StoreError
from agent_tui.knowledge.entry import Entry
from agent_tui.lang import Both
from agent_tui.text import clean_line
from agent_tui.tui.screens.review import ReviewScreen
from agent_tui.tui.screens.suggest import LineScreen, WriteScreen, Written

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

LEADS = (Role.LEAD, Role.ADMIN)


class Suggesting:
    """Dialogues about suggestions; every one is a worker that waits."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    # --- an agent's side -------------------------------------------------------------------------

    def correct(self, entry: Entry) -> None:
        """Suggest another text for an article."""
        if entry.kind != "article":
            words = Both("宏由文件维护，这里只能改知识", "macros are files: only articles here")
            self._screen.doing.say(words)
            return
        article = self._screen.desk.directory.article(entry.id)
        if article is not None:
            self._screen.run_worker(self._correct(article))

    async def _correct(self, article: Article) -> None:
        start = Written(article.title, article.questions, article.body)
        heading = str(Both(f"建议修改：{article.title}", f"Suggest a correction: {article.title}"))
        await self._write(heading, start, article)

    async def new(self) -> None:
        """Suggest a new article; what stands in the composer is its first text."""
        key = self._screen.doing.target()
        reply = self._screen.composer.texts()[0] if key == self._screen.current else ""
        said = self._screen.desk.messages.asked(key).now if key else ()
        question = " ".join(said[-1].split())[:200] if said else ""
        start = Written(questions=(question,) if question else (), body=reply)
        heading = self._screen.doing.about(Both("建议新知识", "Suggest a new article"))
        await self._write(heading, start, None)

    async def _write(self, heading: str, start: Written, article: Article | None) -> None:
        key = self._screen.doing.target()
        if key is None:
            self._screen.doing.say(Both("先打开一个会话", "open a chat first"))
            return
        # Whose chat it is from, and in which language, are those of now: while one writes, the list
        # under the dialogue moves on.
        language = article.lang if article else self._screen.doing.customer_language()
        written: Written | None = start
        while written is not None:
            written = await self._screen.app.push_screen_wait(WriteScreen(heading, written))
            if written is None or self._suggest(key, written, article, language):
                return

    def _suggest(
        self, key: ConversationId, written: Written, article: Article | None, language: str
    ) -> bool:
        """Queue it; whether nothing speaks against it. Otherwise its author has the text again."""
        command = c.SuggestArticle(
            suggestion=SuggestionId("g" + secrets.token_hex(8)),
            title=written.title,
            body=written.body,
            lang=language,
            article=article.id if article else "",
            version=article.version if article else "",
            questions=written.questions,
            audience=article.audience if article else "public",
            reason=written.reason,
        )
        back = self._screen.keymap.shown("undo")
        done = Both(f"已提交给组长 · {back} 撤销", f"handed in · {back} undoes")
        return self._do(key, command, Both("知识建议", "suggestion"), done)

    # --- a lead's side ---------------------------------------------------------------------------

    def waiting(self) -> int:
        """Suggestions that wait for the person here."""
        desk = self._screen.desk
        return len(desk.conversations.suggestions()) if desk.me.role in LEADS else 0

    async def review(self) -> None:
        """Go through what waits."""
        screen, desk = self._screen, self._screen.desk
        if desk.me.role not in LEADS:
            screen.doing.say(Both("由组长处理", "for leads"))
            return
        while found := desk.conversations.suggestions():
            view = ReviewScreen(found, desk.directory.article, desk.directory.agents())
            chosen = await screen.app.push_screen_wait(view)
            if chosen is None:
                return
            what, state, suggestion = chosen
            if what == "open":
                screen.open(state.id)
                return
            if what == "decline":
                await self._decline(state, suggestion)
            else:
                await self._accept(state, suggestion, edit=what == "edit")
        screen.doing.say(Both("没有等待的建议", "no suggestions are waiting"))

    async def _decline(self, state: Conversation, suggestion: Suggestion) -> None:
        question = str(Both("不采用的理由（作者会看到）", "Why not? Its author reads it"))
        reason = await self._screen.app.push_screen_wait(LineScreen(question))
        if reason is not None:
            command = c.DeclineSuggestion(suggestion.id, reason)
            done = told(Both("未采用", "declined"), suggestion.title)
            self._do(state.id, command, Both("不采用", "decline"), done)

    async def _accept(self, state: Conversation, suggestion: Suggestion, *, edit: bool) -> None:
        new = not suggestion.article
        article = None if new else self._screen.desk.directory.article(suggestion.article)
        name = suggestion.article or new_name(suggestion.title, state.type)
        written: Written | None = Written(
            suggestion.title, suggestion.questions, suggestion.body, name=name
        )
        heading = str(Both(f"发布：{suggestion.title}", f"Publish: {suggestion.title}"))
        while written is not None:
            if edit:
                view = WriteScreen(heading, written, publish=True, named=new)
                written = await self._screen.app.push_screen_wait(view)
            if written is None:
                return
            command = c.AcceptSuggestion(
                suggestion=suggestion.id,
                article=(written.name or name) if new else suggestion.article,
                title=written.title,
                body=written.body,
                questions=written.questions,
                version=article.version if article else "",
                audience=suggestion.audience,
            )
            done = told(Both("已发布", "published"), written.title)
            if self._do(state.id, command, Both("发布", "publish"), done):
                return
            edit = True  # refused: the words stay in the lead's hands

    def _do(self, key: ConversationId, command: c.AgentCommand, title: Both, done: Both) -> bool:
        screen = self._screen
        try:
            refused = screen.desk.do(key, command, title=title)
        except StoreError as error:
            screen.doing.trouble(error)
            return False
        if refused is not None:
            screen.doing.refuse(refused.reason, refused.detail)
            return False
        screen.ui.ring()
        screen.doing.say(done, seconds=3)
        return True


def told(what: Both, title: str) -> Both:
    """What was done with an article, in a notice of one line or two."""
    title = clean_line(title, 40)
    return Both(f"{what.zh}：{title}", f"{what.en}: {title}")


def new_name(title: str, type_: str) -> str:
    """An id for a new article: the chat's question type, and the title's words."""
    words = re.sub(r"[^\w-]+", "-", title.lower()).strip("-_")[:60].strip("-_")
    return f"{type_ or 'desk'}/{words or 'new'}"

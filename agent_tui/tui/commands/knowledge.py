"""Answers: the likely ones at a key, and suggestions for the knowledge base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.finds import NUMBERED

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Answer(Intent):
    """Base of the keys that insert a numbered find, one class for each."""

    place = 0

    async def run(self, screen: Workstation) -> None:
        if screen.composer.has_focus and screen.composer.selected_text and not self.place:
            screen.composer.action_cut()  # what the second key means in every text field
        else:
            screen.searching.keys.take(self.place)


def _answer(number: int) -> type[Answer]:
    return type(
        f"Answer{number}",
        (Answer,),
        {
            "__doc__": f"Find {number} of the pane.",
            "id": f"answer_{number}",
            "place": number - 1,
            "default_keys": "alt+1,ctrl+x" if number == 1 else f"alt+{number}",
            "footer": ("composer",) if number == 1 else (),
            "title": Both(f"答案 {number}", f"answer {number}"),
            "doc": Both(
                f"插入查找栏里第 {number} 条；打开会话时就是最可能的答案",
                f"Insert number {number} of the finds; when a chat opens these are likely answers",
            ),
        },
    )


ANSWERS = tuple(_answer(number) for number in range(1, NUMBERED + 1))


class SuggestArticle(Intent):
    id = "suggest_article"
    default_keys = "alt+k"
    letters = "E"
    title = Both("建议知识", "suggest article")
    doc = Both(
        "从这个会话建议一条新知识；查找框里 Ctrl+E 是改已有的",
        "Suggest a new article from this chat; Ctrl+E in the find box corrects one",
    )
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.suggesting.new()


class ReviewSuggestions(Intent):
    id = "review_suggestions"
    letters = "R"
    title = Both("处理建议", "suggestions")
    doc = Both(
        "组长：对照新旧，发布或不采用同事建议的知识",
        "Leads: compare, publish or decline articles that agents suggest",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.suggesting.review()

"""What a find says, as lines: beside the list, and in full on a screen of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from agent_tui.desk.reasons import CATEGORIES, word
from agent_tui.domain.finding import Found
from agent_tui.domain.model import Article
from agent_tui.knowledge.entry import Entry
from agent_tui.lang import Both
from agent_tui.text import clip, wrap
from agent_tui.tui import format as fmt
from agent_tui.tui.finds import Row, speaker
from agent_tui.tui.inserting import actions_in_words
from agent_tui.tui.versions import for_customer
from agent_tui.tui.widgets.lines import Piece

if TYPE_CHECKING:
    from agent_tui.macros.model import Macro
    from agent_tui.tui.names import Names
    from agent_tui.tui.screens.workstation import Workstation

PREVIEW_CHARS = 2_000
FULL_CHARS = 200_000
INTERNAL = Both("仅供同事，不会发出", "for colleagues, never sent")
AUDIENCES = {
    "public": Both("可发给客户", "for customers"),
    "internal": Both("仅供内部", "internal"),
}
Lines = list[list[Piece]]


class Previews:
    """Reads what is highlighted."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    def lines(self, row: Row, width: int) -> Lines:
        """The beginning of a find, at most `width` cells wide."""
        if isinstance(row, Found):
            return message(row, width)
        return self.entry(row.entry, width, PREVIEW_CHARS)

    def entry(self, entry: Entry, width: int, most: int) -> Lines:
        """The text of an article or macro, at most `most` characters of it: that which goes in."""
        found = for_customer(self._screen, entry)
        if found.id != entry.id:
            said = Both(f"按客户的语言：{found.title}", f"in their language: {found.title}")
            head = [(clip(str(said), width), "find--dim")]
            return [head, *self._text_of(found, width, most)]
        return self._text_of(entry, width, most)

    def _text_of(self, entry: Entry, width: int, most: int) -> Lines:
        if entry.kind == "macro":
            macro = self._screen.desk.macros.library().all.get(entry.id)
            return self._macro(macro, width) if macro is not None else []
        article = self._screen.desk.directory.article(entry.id)
        return _article(article, width, most) if article is not None else []

    def full(self, entry: Entry, width: int) -> Lines:
        """All of it, and what is to be known about it."""
        article = self._screen.desk.directory.article(entry.id) if entry.kind == "article" else None
        about = _about(article, self._screen.names) if article is not None else _about_macro(entry)
        return [*about_lines(about, width), [], *self.entry(entry, width, FULL_CHARS)]

    def _macro(self, macro: Macro, width: int) -> Lines:
        text = self._screen.inserting.rendered(macro)
        lines = _text(text, width, "find--title")
        if macro.head.actions:
            words = actions_in_words(macro.head.actions)
            said = Both(f"发送时：{words.zh}", f"with it: {words.en}")
            lines += _text(str(said), width, "find--macro")
        return lines


def message(found: Found, width: int) -> Lines:
    """A message of a past conversation, whole."""
    when = fmt.local(found.at).strftime("%Y-%m-%d %H:%M")
    head = clip(f"{found.name} · {speaker(found)} · {when}", width)
    return [[(head, "find--dim")], *_text(found.text, width, "find--title")]


def _article(article: Article, width: int, most: int) -> Lines:
    lines: Lines = []
    if article.audience != "public":
        lines += [[(clip(f"! {INTERNAL}", width), "find--internal")]]
        lines += _text(article.body[:most], width, "find--internal")
    else:
        lines += _text(article.body[:most], width, "find--title")
    if article.internal:
        lines += [[(set_cell_size(f"── {INTERNAL} " + "─" * width, width), "find--internal")]]
        lines += _text(article.internal[:most], width, "find--internal")
    return lines


def _about(article: Article, names: Names) -> list[tuple[Both, str]]:
    valid = f"{article.valid_from or '…'} – {article.valid_to or '…'}"
    revised = fmt.local(article.revised_at).strftime("%Y-%m-%d") if article.revised_at else ""
    dated = article.valid_from or article.valid_to
    return [
        (Both("给谁看", "audience"), str(AUDIENCES.get(article.audience, article.audience))),
        (Both("有效期", "valid"), valid if dated else ""),
        (Both("分类", "category"), word(CATEGORIES, article.category)),
        (Both("标签", "tags"), " ".join(article.tags)),
        (Both("客户会问", "asked as"), " / ".join(article.questions)),
        (Both("负责人", "owner"), names.of(article.owner)),
        (Both("版本", "version"), " · ".join(filter(None, (article.version[:12], revised)))),
        (Both("编号", "id"), article.id),
    ]


def _about_macro(entry: Entry) -> list[tuple[Both, str]]:
    return [
        (Both("键", "key"), entry.label),
        (Both("标签", "tags"), " ".join(entry.tags)),
        (Both("编号", "id"), entry.id),
    ]


def about_lines(about: list[tuple[Both, str]], width: int) -> Lines:
    """Facts, a line or more each."""
    found: Lines = []
    for name, value in about:
        if value:
            first, *rest = wrap(f"{name} {value}", width)
            lead = str(name)
            found.append([(lead, "find--dim"), (first[len(lead) :], "find--title")])
            found += [[(line, "find--title")] for line in rest]
    return found


def _text(text: str, width: int, name: str) -> Lines:
    return [[(line, name)] for line in wrap(text, max(8, width))]

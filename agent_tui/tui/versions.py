"""One text in two languages: which version a customer gets, and what the agent calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from agent_tui import lang
from agent_tui.knowledge.entry import Entry, Hit

if TYPE_CHECKING:
    from agent_tui.macros.library import Library
    from agent_tui.macros.model import Head, Macro, Slot
    from agent_tui.tui.screens.workstation import Workstation


class Version(NamedTuple):
    """The same text in another language: its id and title there."""

    id: str
    title: str


def for_customer(screen: Workstation, entry: Entry) -> Entry:
    """`entry`, or the same in the language of the open chat, if there is such a version."""
    state = screen.desk.conversation(screen.current) if screen.current is not None else None
    found = _version(screen, entry, state.customer.language) if state is not None else None
    return replace(entry, id=found.id, title=found.title) if found is not None else entry


def named(screen: Workstation, hits: Sequence[Hit]) -> list[Hit]:
    """`hits` by their titles in the language of the interface, but no two by the same."""
    known = {hit.entry.key for hit in hits}
    found: list[Hit] = []
    for hit in hits:
        other = _version(screen, hit.entry, lang.current())
        if other is not None and (hit.entry.kind, other.id) not in known:
            hit = replace(hit, entry=replace(hit.entry, title=other.title))
        found.append(hit)
    return found


def title_of(library: Library, macro: Macro) -> str:
    """What a macro is called in the language of the interface, if it has a name there."""
    return _read_by_agents(library, macro).title


def step_of(library: Library, macro: Macro) -> str:
    """The same of a step in a flow."""
    head = _read_by_agents(library, macro)
    return head.step_title or head.title


def slots_of(library: Library, macro: Macro) -> dict[str, Slot]:
    """What a macro asks for, by its own rules, in the words of the interface where it has some."""
    there = _read_by_agents(library, macro).ask
    return {
        name: replace(slot, prompt=there[name].prompt) if name in there else slot
        for name, slot in macro.head.ask.items()
    }


def _read_by_agents(library: Library, macro: Macro) -> Head:
    return (_macro_in(library, macro, lang.current()) or macro).head


def _version(screen: Workstation, entry: Entry, language: str) -> Version | None:
    """`entry` in `language`; None if it is itself in that, or has no version there."""
    if entry.language in ("", language):
        return None
    if entry.kind == "macro":
        library = screen.desk.macros.library()
        macro = library.all.get(entry.id)
        other = _macro_in(library, macro, language) if macro is not None else None
        return Version(other.id, other.head.title) if other is not None else None
    from agent_tui.macros.model import group_of

    group = group_of(entry.id)
    for key in (group, f"{group}.{language}"):
        article = screen.desk.directory.article(key)
        if article is not None and article.lang == language and article.audience == "public":
            return Version(key, article.title)
    return None


def _macro_in(library: Library, macro: Macro, language: str) -> Macro | None:
    if macro.head.lang == language:
        return None
    versions = (each for each in library.all.values() if each.group == macro.group)
    return next((each for each in versions if each.head.lang == language), None)

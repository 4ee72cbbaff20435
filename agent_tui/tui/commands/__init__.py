"""Every intent, and what is derived from the one table of them."""

from __future__ import annotations

from dataclasses import dataclass

from agent_tui.errors import ConfigError
from agent_tui.lang import Both
from agent_tui.tui.commands import compose, conversation, knowledge, lead, navigate, program
from agent_tui.tui.commands.base import Context, Intent

INTENTS: tuple[type[Intent], ...] = (
    navigate.NextUrgent,
    navigate.OpenChat,
    navigate.FocusQueue,
    navigate.FocusComposer,
    navigate.Find,
    *knowledge.ANSWERS,
    compose.PickMacro,
    *compose.MACRO_SLOTS,
    compose.Note,
    conversation.Claim,
    conversation.Release,
    conversation.Assign,
    conversation.AddTag,
    conversation.RemoveTag,
    conversation.SetType,
    conversation.SetPriority,
    conversation.Snooze,
    conversation.CoolDown,
    conversation.WaitForCustomer,
    conversation.ResolveNext,
    conversation.Undo,
    compose.UnsentTray,
    compose.Undelivered,
    compose.TakeDraft,
    compose.DismissDraft,
    knowledge.SuggestArticle,
    knowledge.ReviewSuggestions,
    lead.FilterQueue,
    lead.Mark,
    lead.MarkAll,
    lead.TakeOver,
    lead.ShowBoard,
    lead.ShowWallboard,
    lead.Surge,
    lead.SetState,
    navigate.ShowCard,
    navigate.ChooseView,
    navigate.NextInList,
    navigate.PreviousInList,
    navigate.CursorDown,
    navigate.CursorUp,
    navigate.CursorTop,
    navigate.CursorBottom,
    navigate.PageUp,
    navigate.PageDown,
    program.Help,
    program.Palette,
    program.SwitchLanguage,
    program.SwitchTheme,
    program.Quit,
)
BY_ID: dict[str, type[Intent]] = {intent.id: intent for intent in INTENTS}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One line of `agent-tui keys` and docs/keys.md."""

    id: str
    keys: tuple[str, ...]
    context: str
    doc_zh: str
    doc_en: str


def table(overrides: dict[str, str] | None = None) -> list[KeyRow]:
    """Every intent with the keys that work now, everywhere and (as letters) in the queue."""
    rows: list[KeyRow] = []
    for intent in INTENTS:
        everywhere = (overrides or {}).get(intent.id, intent.default_keys)
        places = ((Context.EVERYWHERE, everywhere), (Context.QUEUE, intent.letters))
        for context, keys in places:
            if keys:
                rows.append(_row(intent, keys, context))
        if not everywhere and not intent.letters:
            rows.append(_row(intent, "", Context.EVERYWHERE))
    return rows


def _row(intent: type[Intent], keys: str, context: Context) -> KeyRow:
    parts = tuple(part for part in keys.split(",") if part)
    return KeyRow(intent.id, parts, context, intent.doc.zh, intent.doc.en)


def check_keys(overrides: dict[str, str], source: str) -> dict[str, str]:
    """The [keys] table, if it can be used: Textual would ignore an unknown id and unbind a clash.

    Raises ConfigError that names the intent and a way out.
    """
    import difflib

    for key in overrides:
        if key not in BY_ID:
            near = difflib.get_close_matches(key, list(BY_ID), n=1)
            raise ConfigError(
                Both(f"{source}：keys 里没有意图 {key}", f"{source}: keys: no intent {key}"),
                Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?")
                if near
                else Both("agent-tui keys 列出全部", "agent-tui keys lists them all"),
            )
    taken: dict[str, str] = {}
    for intent in INTENTS:
        keys = overrides.get(intent.id, intent.default_keys)
        for key in (part.strip() for part in keys.split(",") if part.strip()):
            other = taken.setdefault(key, intent.id)
            if other != intent.id:
                raise ConfigError(
                    Both(
                        f"{source}：{key} 同时给了 {other} 和 {intent.id}",
                        f"{source}: {key} is both {other}'s and {intent.id}'s",
                    ),
                    Both("给其中一个换键", "give one of them another key"),
                )
    return overrides


def keys_of(overrides: dict[str, str]) -> dict[str, str]:
    """Key -> intent id, for the keys that work everywhere."""
    return {
        key.strip(): intent.id
        for intent in INTENTS
        for key in overrides.get(intent.id, intent.default_keys).split(",")
        if key.strip()
    }


def key_name(key: str) -> str:
    """A Textual key name as people write it: ctrl+n -> Ctrl+N, f3 -> F3."""
    names = {"question_mark": "?", "slash": "/", "escape": "Esc", "pageup": "PgUp"}
    names |= {"backslash": "\\", "right_square_bracket": "]"}
    names |= {"asterisk": "*", "space": "Space"}
    names |= {"pagedown": "PgDn", "up": "↑", "down": "↓", "right": "→", "enter": "Enter"}
    parts = [names.get(part, part) for part in key.split("+")]
    if len(parts) == 1 and len(parts[0]) == 1:
        return parts[0]
    return "+".join(part[:1].upper() + part[1:] for part in parts)

"""The keys that work now: the table's own, a preset's, and what config.toml says over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.tui.commands import INTENTS
from agent_tui.tui.commands.base import Context, Intent
from agent_tui.tui.keynames import is_typed, key_name, normal

if TYPE_CHECKING:
    from agent_tui.config import Config


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of habits: `letters` and `keys` replace the table's own of these intents. With `silent`
    every other letter that somebody could type by accident is off."""

    doc: Both
    letters: Mapping[str, str]
    keys: Mapping[str, str]
    silent: bool = False


PRESETS: dict[str, Preset] = {
    "standard": Preset(
        Both("列表里用单个字母", "single letters while the list has the focus"), {}, {}
    ),
    "vim": Preset(
        Both(
            "列表里 gg、G 到顶到底，dd 解决，: 找命令，ZZ 退出",
            "in the list gg and G go to its ends, dd resolves, : finds a command, ZZ leaves",
        ),
        {
            "cursor_top": "home,gg",
            "read_first": "home,gg",
            "resolve_next": "dd,D",
            "palette": "colon",
            "quit": "ZZ",
        },
        {},
    ),
    "plain": Preset(
        Both(
            "列表里字母不起作用，误打的字动不了会话；Insert 标记，Alt+Insert 全标",
            "letters do nothing in the list, so that stray typing acts on no chat; Insert marks, "
            "Alt+Insert marks all",
        ),
        {"mark": "insert", "mark_all": "alt+insert"},
        {},
        silent=True,
    ),
}


@dataclass(frozen=True, slots=True)
class KeyMap:
    """Of each intent's id: its keys in any focus, its letters while the queue has the focus, and
    those while the transcript has it.

    A letter is a Textual key name, or two characters that are pressed one after the other (`gg`).
    """

    preset: str
    everywhere: Mapping[str, tuple[str, ...]]
    letters: Mapping[str, tuple[str, ...]]
    reading: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, config: Config, source: str = "config.toml") -> KeyMap:
        """What `config` says; `source` names it in errors. Raises ConfigError."""
        # Most config files change no key: then there is nothing to check.
        if config.keys or config.letters:
            from agent_tui.tui import keychecks

            return keychecks.checked(config, source)
        return build(config.interface.preset, {}, {})

    def shown(self, name: str) -> str:
        """The intent's first key as people write it, or its first letter; perhaps nothing."""
        keys = self.everywhere[name] or self.letters[name] or self.reading[name]
        return key_name(keys[0]) if keys else ""

    def letter(self, name: str) -> str:
        """The intent's first letter as people write it, or its first key; perhaps nothing."""
        keys = self.letters[name] or self.everywhere[name] or self.reading[name]
        return key_name(keys[0]) if keys else ""

    def both(self, name: str) -> str:
        """Every key and letter of the intent, for the help page; perhaps nothing."""
        reading = () if self.letters[name] else self.reading[name]
        parts = (_names(self.everywhere[name]), _names(self.letters[name]), _names(reading))
        return " · ".join(part for part in parts if part)

    def bound(self) -> dict[str, str]:
        """Key -> intent id, in any focus."""
        return {key: name for name, keys in self.everywhere.items() for key in keys}

    def bound_letters(self, context: Context) -> dict[str, str]:
        """Letter -> intent id, while the queue or the transcript has the focus."""
        places = self.reading if context is Context.TRANSCRIPT else self.letters
        return {key: name for name, keys in places.items() for key in keys}

    def changed(self) -> dict[str, str]:
        """Intent id -> keys where they are not the table's own, as Textual takes a keymap."""
        return {
            intent.id: ",".join(self.everywhere[intent.id]) or unbound(intent)
            for intent in INTENTS
            if self.everywhere[intent.id] != split(intent.default_keys)
        }


def build(preset: str, keys: Mapping[str, str], letters: Mapping[str, str]) -> KeyMap:
    """The map of a preset and of what goes over it; nothing is checked here."""
    chosen = PRESETS[preset]
    everywhere: dict[str, tuple[str, ...]] = {}
    inside: dict[str, tuple[str, ...]] = {}
    reading: dict[str, tuple[str, ...]] = {}
    for intent in INTENTS:
        name = intent.id
        own = chosen.keys.get(name, intent.default_keys)
        everywhere[name] = split(keys.get(name, own))
        own = _unwritten(intent) if chosen.silent else intent.letters
        given = letters.get(name, chosen.letters.get(name))
        only_reading = bool(intent.reading) and not intent.letters
        inside[name] = split(own if given is None or only_reading else given)
        reading[name] = split(given if given is not None and only_reading else intent.reading)
    return KeyMap(preset, everywhere, inside, reading)


def standard() -> KeyMap:
    """The table's own keys."""
    return build("standard", {}, {})


def unbound(intent: type[Intent]) -> str:
    """What Textual is told of an intent without a key."""
    return f"<{intent.id}>"


def split(keys: str) -> tuple[str, ...]:
    """Comma-separated keys as a tuple of Textual's names, each once."""
    return tuple(dict.fromkeys(normal(part.strip()) for part in keys.split(",") if part.strip()))


def _unwritten(intent: type[Intent]) -> str:
    return ",".join(key for key in split(intent.letters) if not is_typed(key))


def _names(keys: tuple[str, ...]) -> str:
    return " ".join(key_name(key) for key in keys)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One line of `agent-tui keys` and docs/keys.md."""

    id: str
    keys: tuple[str, ...]
    context: str
    doc_zh: str
    doc_en: str


def table(keymap: KeyMap | None = None) -> list[KeyRow]:
    """Every intent with the keys that work now, everywhere and as letters."""
    found = keymap or standard()
    rows: list[KeyRow] = []
    for intent in INTENTS:
        everywhere, letters = found.everywhere[intent.id], found.letters[intent.id]
        reading = found.reading[intent.id]
        if everywhere or not (letters or reading):
            rows.append(_row(intent, everywhere, Context.EVERYWHERE))
        if letters:
            rows.append(_row(intent, letters, Context.QUEUE))
        if reading:
            rows.append(_row(intent, reading, Context.TRANSCRIPT))
    return rows


def _row(intent: type[Intent], keys: tuple[str, ...], context: Context) -> KeyRow:
    return KeyRow(intent.id, keys, context, intent.doc.zh, intent.doc.en)

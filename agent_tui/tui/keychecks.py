"""What is wrong with [keys] and [letters]: Textual ignores an unknown id and unbinds a clash."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agent_tui.errors import ConfigError
from agent_tui.lang import Both
from agent_tui.tui.commands import BY_ID
from agent_tui.tui.keymap import KeyMap, build, split
from agent_tui.tui.keynames import TWINS, is_known, is_sequence, is_typed, key_name, names

if TYPE_CHECKING:
    from agent_tui.config import Config

# Without these nobody can write; dialogues and text fields have them for themselves.
NEEDED = frozenset(
    {"enter", "tab", "ctrl+j", "backspace", "delete", "left", "right", "up", "down", "home", "end"}
)
# Somebody who cannot get there cannot find out what else there is.
KEPT = ("help", "palette", "quit")


def checked(config: Config, source: str) -> KeyMap:
    """The map that `config` means. Raises ConfigError that names the intents and a way out."""
    for place, given in (("keys", config.keys), ("letters", config.letters)):
        for name, keys in given.items():
            _known(f"{source}: {place}", name)
            for key in split(keys):
                _pressable(f"{source}: {place}.{name}", key, letter=place == "letters")
    keymap = build(config.interface.preset, config.keys, config.letters)
    _clashes(keymap, source)
    for name in KEPT:
        if not keymap.everywhere[name]:
            raise ConfigError(
                Both(f"{source}：{name} 没有键了", f"{source}: {name} has no key any more"),
                Both("它在任何位置都要有一个键", "it needs one that works anywhere"),
            )
    return keymap


def _known(place: str, name: str) -> None:
    if name in BY_ID:
        return
    near = difflib.get_close_matches(name, list(BY_ID), n=1)
    raise ConfigError(
        Both(f"{place} 里没有意图 {name}", f"{place}: no intent {name}"),
        Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?")
        if near
        else Both("agent-tui keys 列出全部", "agent-tui keys lists them all"),
    )


def _pressable(place: str, key: str, *, letter: bool) -> None:
    """Raise ConfigError if nobody could press `key` there, or had better not."""
    shown = key_name(key)
    if key in TWINS:
        twin = key_name(TWINS[key])
        raise ConfigError(
            Both(
                f"{place}：终端里 {shown} 就是 {twin}",
                f"{place}: terminals send {twin} for {shown}",
            ),
            Both("换一个键", "take another key"),
        )
    if letter and is_sequence(key):
        return
    if not is_known(key):
        near = difflib.get_close_matches(key.rpartition("+")[2], sorted(names()), n=1)
        raise ConfigError(
            Both(f"{place}：没有键 {key}", f"{place}: there is no key {key}"),
            Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?")
            if near
            else Both("写法如 ctrl+k、alt+3、f5、pageup", "as in ctrl+k, alt+3, f5, pageup"),
        )
    if not letter and is_typed(key):
        raise ConfigError(
            Both(f"{place}：{shown} 是写字用的", f"{place}: {shown} is for writing"),
            Both("单个字母写在 [letters] 里", "letters of the list belong in [letters]"),
        )
    if not letter and key in NEEDED:
        raise ConfigError(
            Both(f"{place}：{shown} 是写字用的", f"{place}: {shown} is needed for writing"),
            Both("换成 ctrl+ 或 alt+ 的键", "take one with ctrl+ or alt+"),
        )


def _clashes(keymap: KeyMap, source: str) -> None:
    """Raise ConfigError if one key has two meanings."""
    anywhere = _unique(keymap.everywhere, source, {})
    for place in (keymap.letters, keymap.reading):
        letters = _unique(place, source, anywhere)
        for key, name in letters.items():
            other = letters.get(key[0]) if is_sequence(key) else None
            if other is not None:
                raise ConfigError(
                    Both(
                        f"{source}：{other} 的 {key[0]} 是 {name} 的 {key} 的开头",
                        f"{source}: {other}'s {key[0]} is the beginning of {name}'s {key}",
                    ),
                    Both("给其中一个换键", "give one of them another key"),
                )


def _unique(
    keys: Mapping[str, tuple[str, ...]], source: str, before: Mapping[str, str]
) -> dict[str, str]:
    taken: dict[str, str] = {}
    for name, key in _pairs(keys):
        other = before.get(key) or taken.setdefault(key, name)
        if other != name:
            shown = key_name(key)
            raise ConfigError(
                Both(
                    f"{source}：{shown} 同时给了 {other} 和 {name}",
                    f"{source}: {shown} is both {other}'s and {name}'s",
                ),
                Both("给其中一个换键", "give one of them another key"),
            )
    return taken


def _pairs(keys: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for name, each in keys.items():
        for key in each:
            yield name, key

"""Chinese and English side by side: a sentence is written in both, where it is used."""

from __future__ import annotations

import locale
import os
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]

_current: Language = "zh"


def use(language: Language) -> None:
    """Make `language` the one in which every `Both` is read from now on."""
    global _current
    _current = language


def current() -> Language:
    """The interface language in use."""
    return _current


def detect(preference: str = "auto") -> Language:
    """The interface language for a config value of `auto`, `zh` or `en`.

    `auto` follows LC_ALL, LC_MESSAGES and LANG; a locale that says neither (C, POSIX) gives
    Chinese, the product's first language.
    """
    if preference == "en":
        return "en"
    if preference == "zh":
        return "zh"
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((value for value in names if value), None) or locale.getlocale()[0] or ""
    return "en" if name.lower().startswith("en") else "zh"


@dataclass(frozen=True, slots=True)
class Both:
    """One sentence in Chinese and English; `str()` reads it in the current language."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if _current == "en" else self.zh

    def format(self, **values: object) -> Both:
        """The same sentence with `{name}` places filled in both languages."""
        return Both(self.zh.format(**values), self.en.format(**values))

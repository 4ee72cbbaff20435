"""What every table of config.toml has in common."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Meta


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table in config.toml."""


def meta(zh: str, en: str, **bounds: Any) -> Meta:
    """What a setting is, in both languages, and its bounds."""
    return Meta(description=f"{zh} / {en}", **bounds)

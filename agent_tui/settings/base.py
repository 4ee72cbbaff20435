"""What every table of config.toml has in common."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table in config.toml."""


def meta(zh: str, en: str, **bounds: Any) -> Meta:
    """What a setting is, in both languages, and its bounds."""
    return Meta(description=f"{zh} / {en}", **bounds)


# Secrets stand in no file: a setting says where one is.
TokenEnv = Annotated[
    str, meta("存放访问令牌的环境变量名", "name of the environment variable that holds the token")
]

"""How a WeChat inbox is connected."""

from __future__ import annotations

import secrets
import string

import msgspec

API = "https://api.weixin.qq.com"
TOKEN_CHARS = 24  # WeChat takes 3 to 32
KEY_CHARS = 43
_LETTERS = string.ascii_letters + string.digits


class WeChatSettings(msgspec.Struct, frozen=True):
    """Kept in the server's database only. `app` and `secret` are the account's AppID and AppSecret;
    `token` and `key` (EncodingAESKey) were made here and are told to WeChat. With `plain`,
    callbacks that are not encrypted are taken too. `language` is the customers' (zh or en)."""

    app: str
    secret: str
    token: str
    key: str
    plain: bool = False
    api: str = API
    language: str = "zh"


def new_token() -> str:
    """A fresh token, which signs the callbacks."""
    return _random(TOKEN_CHARS)


def new_key() -> str:
    """A fresh EncodingAESKey: 256 bits as base64 writes them, but of letters and digits only, as
    WeChat's form wants it."""
    return _random(KEY_CHARS)


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))

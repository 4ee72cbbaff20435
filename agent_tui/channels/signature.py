"""Signed requests as Standard Webhooks has them: HMAC-SHA256 over id, time and body.

https://www.standardwebhooks.com; a secret is `whsec_` and base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from agent_tui.errors import Unauthorized
from agent_tui.lang import Both

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
MOST_SIGNATURES = 10  # while a secret is changed there may be two


def new_secret() -> str:
    """A fresh signing secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, key: str, body: bytes, now: int) -> dict[str, str]:
    """The three headers that sign `body` as message `key` at `now` (ms)."""
    seconds = str(now // 1000)
    return {
        "webhook-id": key,
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + _mac(secret, key, seconds, body),
    }


def verify(secret: str, found: Mapping[str, str], body: bytes, now: int) -> str:
    """The id of the message that `found` (lower-case header names) signs.

    Raises Unauthorized if the signature is missing, of another secret or body, or was made more
    than 5 minutes before or after `now` (ms).
    """
    key, seconds = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
    wanted = _mac(secret, key, seconds, body)
    offered = found.get("webhook-signature", "").split()[:MOST_SIGNATURES]
    macs = [mac for version, _, mac in (each.partition(",") for each in offered) if version == "v1"]
    # Every one is compared, each in constant time.
    good = [hmac.compare_digest(mac.encode(), wanted.encode()) for mac in macs]
    if not key or not any(good):
        raise Unauthorized(
            Both("签名不对", "the signature is wrong"),
            Both(
                "用收件箱的密钥签 webhook-id.webhook-timestamp.请求体",
                "sign webhook-id.webhook-timestamp.body with the inbox's secret",
            ),
        )
    in_time(seconds, now)
    return key


def in_time(seconds: str, now: int) -> None:
    """Raises Unauthorized if what was signed at `seconds` (since 1970, as told) is more than 5
    minutes from `now` (ms)."""
    if not (seconds.isdecimal() and len(seconds) <= 12) or (
        abs(int(seconds) - now / 1000) > TOLERANCE_SECONDS
    ):
        raise Unauthorized(
            Both("签名的时间不对", "the signature is too old, or from the future"),
            Both("检查发送方的时钟", "check the sender's clock; sign again for each attempt"),
        )


def _mac(secret: str, key: str, seconds: str, body: bytes) -> str:
    try:
        raw = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raw = secret.encode()
    signed = b".".join((key.encode("utf-8", "replace"), seconds.encode("utf-8", "replace"), body))
    return base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()

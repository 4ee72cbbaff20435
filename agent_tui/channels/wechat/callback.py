"""Whether a callback is WeChat's own, and what it says in the clear.

The address carries `signature`, a SHA-1 over token, time and nonce. Where the message is encrypted
(AES-256-CBC), `msg_signature` covers the ciphertext as well. Described under "message push" and
"message encryption" at developers.weixin.qq.com.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from agent_tui.channels import signature
from agent_tui.channels.base import Request
from agent_tui.channels.wechat.message import fields
from agent_tui.channels.wechat.settings import WeChatSettings
from agent_tui.errors import ServerError, Unauthorized
from agent_tui.lang import Both

BLOCK = 32  # WeChat pads to twice AES's own block
RANDOM_BYTES, LENGTH_BYTES = 16, 4


def signed(*parts: str) -> str:
    """WeChat's signature of `parts`, in whichever order they come."""
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8", "replace")).hexdigest()


def verify(settings: WeChatSettings, request: Request) -> None:
    """Raises Unauthorized unless the address was signed with the inbox's token, of late."""
    query = request.query
    time, nonce = query.get("timestamp", ""), query.get("nonce", "")
    _same(query.get("signature", ""), signed(settings.token, time, nonce))
    signature.in_time(time, request.now)


def opened(settings: WeChatSettings, request: Request) -> Mapping[str, str]:
    """What the message in `request` says, by WeChat's names for it.

    Raises Unauthorized if it is not WeChat's or of another account, UsageError or msgspec's errors
    if it is no message, ServerError if it cannot be decrypted for want of a library.
    """
    verify(settings, request)
    found = fields(request.body)
    encrypted = found.get("Encrypt", "")
    if encrypted:
        query = request.query
        wanted = signed(
            settings.token, query.get("timestamp", ""), query.get("nonce", ""), encrypted
        )
        _same(query.get("msg_signature", ""), wanted)
        return fields(decrypted(settings.key, settings.app, encrypted))
    if not settings.plain:
        # The signature in the address does not cover the body.
        raise Unauthorized(
            Both("消息没有加密", "the message is not encrypted"),
            Both(
                "在微信后台选“安全模式”，或用 --plain 建收件箱",
                "choose the safe mode at WeChat, or add the inbox with --plain",
            ),
        )
    return found


def decrypted(key: str, app: str, text: str) -> bytes:
    """The message in `text` (base64), which must be for the account `app`.

    In front of it lie 16 random bytes and its length, behind it the account. Raises Unauthorized.
    """
    aes = base64.b64decode(key + "=")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _unreadable() from None
    if not raw or len(raw) % BLOCK:
        raise _unreadable()
    plain = _aes(aes, raw)
    padding = plain[-1]
    if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
        raise _unreadable()
    rest = plain[RANDOM_BYTES:-padding]
    length, rest = int.from_bytes(rest[:LENGTH_BYTES], "big"), rest[LENGTH_BYTES:]
    message, account = rest[:length], rest[length:]
    if not hmac.compare_digest(account, app.encode()):
        raise Unauthorized(
            Both("消息是发给别的账号的", "the message is for another account"),
            Both("核对 AppID", "check the AppID"),
        )
    return message


def _aes(key: bytes, raw: bytes) -> bytes:
    ready()
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    return cipher.update(raw) + cipher.finalize()


def ready() -> None:
    """Raises ServerError if what decrypts is not installed."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ServerError(
            Both("没有装解密用的库", "the library that decrypts is not installed"),
            "pip install 'agent-tui[wechat]'",
        ) from None


def _same(offered: str, wanted: str) -> None:
    if not hmac.compare_digest(offered.encode("utf-8", "replace"), wanted.encode()):
        raise Unauthorized(
            Both("签名不对", "the signature is wrong"),
            Both(
                "核对微信后台的 Token 和 EncodingAESKey",
                "compare Token and EncodingAESKey at WeChat with the inbox's",
            ),
        )


def _unreadable() -> Unauthorized:
    return Unauthorized(
        Both("消息解不开", "the message cannot be decrypted"),
        Both("核对微信后台的 EncodingAESKey", "compare the EncodingAESKey at WeChat"),
    )

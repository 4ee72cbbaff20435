"""A server with a WeChat inbox, WeChat behind it, and the customers who write there. Signatures and
encryption are the test's own, after WeChat's description."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import time
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, InboxId
from agent_tui.domain.model import Channel, Conversation
from agent_tui.server.connecting import connect_wechat
from agent_tui.server.workspace import ChangeWorkspace
from tests import factories as f
from tests.channels.shop import Shop
from tests.channels.weixin import APP, SECRET, Platform
from tests.driver import Serving, make_folder

INBOX = "wx"


def sha1(*parts: str) -> str:
    """WeChat's signature."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def encrypted(key: str, app: str, message: bytes) -> str:
    """A message as WeChat encrypts it."""
    aes = base64.b64decode(key + "=")
    padder = padding.PKCS7(256).padder()
    framed = os.urandom(16) + struct.pack(">I", len(message)) + message + app.encode()
    padded = padder.update(framed) + padder.finalize()
    cipher = Cipher(algorithms.AES(aes), modes.CBC(aes[:16])).encryptor()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def xml(fields: dict[str, Any]) -> bytes:
    """A callback's body as official accounts get it."""
    inner = "".join(
        f"<{name}>{value}</{name}>"
        if isinstance(value, int)
        else f"<{name}><![CDATA[{value}]]></{name}>"
        if "]]>" not in value
        else f"<{name}>{escape(value)}</{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{inner}</xml>".encode()


def said(text: str, who: str = "o1", number: int | str = 7001, **more: Any) -> dict[str, Any]:
    """The fields of a text message."""
    return {
        "ToUserName": "gh_1",
        "FromUserName": who,
        "CreateTime": int(time.time()),
        "MsgType": "text",
        "Content": text,
        "MsgId": number,
    } | more


class Account(Shop):
    """Everything that a test of a WeChat inbox needs, on one folder."""

    receiver: Any  # there is none: replies go to `platform`

    def __init__(
        self,
        root: Path,
        database: str | None,
        settings: str = "",
        *,
        plain: bool = False,
        secret: str = SECRET,
        language: str = "zh",
    ) -> None:
        self.platform = Platform()
        config = f"[outgoing]\ntimeout = 1.0\n{settings}"
        self.serving = Serving(make_folder(root, config, database))
        inbox = f.inbox(INBOX, channel=Channel.WECHAT)
        self.settings, rows = connect_wechat(
            InboxId(INBOX),
            None,
            app=APP,
            secret=secret,
            plain=plain,
            api=self.platform.url,
            language=language,
        )
        self.serving.run(ChangeWorkspace([e.InboxSaved(inbox)], rows))

    def close(self) -> None:
        """End both sides."""
        self.serving.close()
        self.platform.die()

    def query(self, at: int | None = None, token: str = "", **more: str) -> dict[str, str]:
        """What WeChat puts into the address."""
        when, nonce = str(int(time.time()) if at is None else at), "486452656"
        signature = sha1(token or self.settings.token, when, nonce)
        return {"signature": signature, "timestamp": when, "nonce": nonce} | more

    def safe(
        self, body: bytes, *, as_json: bool = False, app: str = APP, key: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """Address and body of a message in the safe mode."""
        text = encrypted(key or self.settings.key, app, body)
        query = self.query(openid="o1", encrypt_type="aes")
        token = self.settings.token
        query["msg_signature"] = sha1(token, query["timestamp"], query["nonce"], text)
        outer = {"ToUserName": "gh_1", "Encrypt": text}
        return query, json.dumps(outer).encode() if as_json else xml(outer)

    def calls(
        self, query: dict[str, str], body: bytes | None, base: str = "", inbox: str = INBOX
    ) -> httpx.Response:
        """WeChat calls the inbox's address; without a body it only tests it."""
        with httpx.Client(trust_env=False, timeout=20) as http:
            return http.request(
                "GET" if body is None else "POST",
                f"{base or self.serving.base}/v1/inbound/{inbox}",
                params=query,
                content=body,
            )

    def hears(self, fields: dict[str, Any], *, as_json: bool = False) -> httpx.Response:
        """A message comes in, in the safe mode."""
        body = json.dumps(fields).encode() if as_json else xml(fields)
        return self.calls(*self.safe(body, as_json=as_json))

    def customer(self, name: str = "o1", text: str = "在吗") -> ConversationId:
        """A customer writes; the conversation."""
        number = hashlib.sha1(f"{name}{text}{time.time_ns()}".encode()).hexdigest()[:12]
        answer = self.hears(said(text, name, int(number, 16)))
        assert (answer.status_code, answer.text) == (200, "success"), answer.text
        return self.newest().id

    def stays_as_sent(self, seconds: float = 2.5) -> None:
        """Nothing more is sent: an absence can only be waited for."""
        before = list(self.platform.sent)
        time.sleep(seconds)
        assert self.platform.sent == before

    def newest(self) -> Conversation:
        """The conversation that something came into last."""
        return max(self.serving.states().values(), key=lambda state: (state.last_at, state.id))

    def heard(self) -> list[str]:
        """All that customers said, in the order of the log."""
        return [
            message.text
            for state in sorted(self.serving.states().values(), key=lambda state: state.opened_at)
            for message in self.serving.messages(state.id)
            if message.kind == "customer"
        ]

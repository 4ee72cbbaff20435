"""aiosmtpd as a customer's provider: TLS, a login, and what it took."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from tests.conftest import lacking
from tests.crash.server import free_port
from tests.mail.tls import Certificate


@dataclass
class Real:
    """What it took so far."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 taken"


@contextlib.contextmanager
def running(
    certificate: Certificate | None, secure: str, user: str = "", password: str = ""
) -> Iterator[Real]:
    """A server of which only `user` may send, if one is named."""
    try:
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword
    except ImportError:
        lacking("aiosmtpd is not installed")

    def may(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        good = isinstance(data, LoginPassword) and data == LoginPassword(
            user.encode(), password.encode()
        )
        return AuthResult(success=good, handled=good)

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
    real = Real(free_port())
    more: dict[str, Any] = {}
    if user:
        more = {"authenticator": may, "auth_require_tls": secure != "tls"}
    if secure == "starttls":
        more |= {"tls_context": context, "require_starttls": True, "auth_required": bool(user)}
    controller = Controller(
        real,
        hostname="127.0.0.1",
        port=real.port,
        ssl_context=context if secure == "tls" else None,
        **more,
    )
    controller.start()
    try:
        yield real
    finally:
        controller.stop()

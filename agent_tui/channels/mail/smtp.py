"""One mail to one server, with a sure answer to the question whether it may have been taken.

A server takes a mail with the line that ends it, a single dot. Until that has begun to leave,
nothing was sent; from then on only the server's answer tells. So the dot leaves by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from email.generator import BytesGenerator
from email.message import EmailMessage
from io import BytesIO

from agent_tui.channels.base import Arrived, Outcome, Refused, Unknown, Unreached
from agent_tui.channels.mail import names
from agent_tui.channels.mail.compose import POLICY
from agent_tui.channels.mail.settings import MailSettings
from agent_tui.errors import WireError
from agent_tui.lang import Both
from agent_tui.text import clean_line

DETAIL_CHARS = 160
READY = 354


class Abandoned(Exception):
    """The time was over before the dot could leave."""


class Refusal(Exception):
    """An answer that is not the one that was hoped for."""

    def __init__(self, code: int, text: bytes | str) -> None:
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        self.code = code
        self.detail = clean_line(f"{code} {said}", DETAIL_CHARS)
        super().__init__(self.detail)


class LoginRefused(Exception):
    """The server does not let us in: this says nothing about the mail."""


class Attempt:
    """One attempt, in a thread of its own; `cut` ends it from outside."""

    def __init__(self, settings: MailSettings, seconds: float) -> None:
        self._settings = settings
        self._seconds = seconds
        self._lock = threading.Lock()
        self._smtp: smtplib.SMTP | None = None
        self._cut = False
        self.left = False

    def run(self, sender: str, to: str, mail: EmailMessage) -> Outcome:
        """Send. Never raises for what the server or the network does."""
        try:
            smtp = self._connected()
            try:
                return self._deliver(smtp, sender, to, mail)
            finally:
                _leave(smtp)
        except Refusal as error:
            if 400 <= error.code < 500:
                return Unreached("busy", error.detail)
            return Refused("refused", error.detail)
        except LoginRefused as error:
            return Unreached("login", str(error))
        except (smtplib.SMTPException, OSError, ValueError, Abandoned) as error:
            detail = clean_line(str(error) or type(error).__name__, DETAIL_CHARS)
            return Unknown("no_answer", detail) if self.left else Unreached("unreachable", detail)

    def check(self) -> None:
        """Log in and leave. Raises as smtplib does, Refusal, LoginRefused or OSError."""
        _leave(self._connected())

    def cut(self) -> bool:
        """The time is over. Whether the mail may have been taken; if not, it will not be."""
        with self._lock:
            self._cut = True
            left = self.left
        sock = getattr(self._smtp, "sock", None)
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
        return left

    def _connected(self) -> smtplib.SMTP:
        place = self._settings.smtp
        # The host's own name would be asked of the name server, which may take minutes.
        host = names.ascii_domain(self._settings.domain)
        try:
            if place.secure == "tls":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    place.host,
                    place.port,
                    host,
                    timeout=self._seconds,
                    context=ssl.create_default_context(),
                )
            else:
                smtp = smtplib.SMTP(place.host, place.port, host, timeout=self._seconds)
        except smtplib.SMTPConnectError as error:
            raise Refusal(error.smtp_code, error.smtp_error) from error
        self._smtp = smtp
        try:
            self._enter(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _enter(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._settings.smtp.secure == "starttls":
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo_or_helo_if_needed()
            if self._settings.smtp_user:
                smtp.login(self._settings.smtp_user, self._settings.smtp_password)
        except smtplib.SMTPHeloError as error:
            raise Refusal(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPAuthenticationError as error:
            refusal = Refusal(error.smtp_code, error.smtp_error)
            if 400 <= refusal.code < 500:
                raise refusal from error
            raise LoginRefused(refusal.detail) from error
        except smtplib.SMTPNotSupportedError as error:
            raise LoginRefused(clean_line(str(error), DETAIL_CHARS)) from error

    def _deliver(self, smtp: smtplib.SMTP, sender: str, to: str, mail: EmailMessage) -> Outcome:
        wide = not (sender + to).isascii()
        if wide and not smtp.has_extn("smtputf8"):
            raise Refusal(553, "SMTPUTF8")
        body = _lines(mail, wide)
        _expect(smtp.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"] if wide else []), 250)
        _expect(smtp.rcpt(to), 250, 251)
        _expect(smtp.docmd("DATA"), READY)
        smtp.send(body)
        with self._lock:
            if self._cut:
                raise Abandoned
            self.left = True
        smtp.send(b".\r\n")
        code, text = smtp.getreply()
        refusal = Refusal(code, text)
        if 200 <= code < 300:
            return Arrived()
        if 400 <= code < 600:
            raise refusal
        return Unknown("no_answer", refusal.detail)


def _leave(smtp: smtplib.SMTP) -> None:
    """Say goodbye and wait for no answer: what became of the mail is known by now."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        smtp.putcmd("QUIT")
    smtp.close()


def _expect(answer: tuple[int, bytes], *codes: int) -> None:
    if answer[0] not in codes:
        if answer[0] < 400:  # no answer of this protocol
            raise smtplib.SMTPServerDisconnected(Refusal(*answer).detail)
        raise Refusal(*answer)


def _lines(mail: EmailMessage, wide: bool) -> bytes:
    """The mail with line ends and dots as they travel, without the dot that ends it."""
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=POLICY.clone(utf8=wide)).flatten(
        mail, linesep="\r\n"
    )
    body = b"\r\n".join(out.getvalue().splitlines())
    stuffed = body.replace(b"\r\n.", b"\r\n..")
    return (b"." + stuffed if stuffed.startswith(b".") else stuffed) + b"\r\n"


async def send(settings: MailSettings, mail: EmailMessage, to: str, seconds: float) -> Outcome:
    """What became of a mail that may take `seconds` in all."""
    attempt = Attempt(settings, seconds)
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    def work() -> None:
        try:
            outcome = attempt.run(names.wire(settings.address), names.wire(to), mail)
        except Exception as error:  # told as an end that nobody knows, never lost with the thread
            outcome = Unknown("no_answer", clean_line(repr(error), DETAIL_CHARS))
        with contextlib.suppress(RuntimeError):  # the loop is closed: the attempt counts as lost
            loop.call_soon_threadsafe(settle, outcome)

    # A daemon: one that hangs in a name server's answer must not keep the program from ending.
    threading.Thread(target=work, name="smtp", daemon=True).start()
    try:
        return await asyncio.wait_for(asyncio.shield(future), seconds)
    except TimeoutError:
        detail = f"{seconds:g} s"
        return Unknown("no_answer", detail) if attempt.cut() else Unreached("unreachable", detail)
    except asyncio.CancelledError:
        attempt.cut()
        raise


def check(settings: MailSettings, seconds: float) -> None:
    """Log in once and leave. Raises WireError, with the way out."""
    place = settings.smtp
    try:
        Attempt(settings, seconds).check()
    except LoginRefused as error:
        raise WireError(
            Both(
                f"{place.host} 不让 {settings.smtp_user} 登录：{error}",
                f"{place.host} refuses the login of {settings.smtp_user}: {error}",
            ),
            Both(
                "检查用户名和密码；很多邮箱要先开启 SMTP，并用授权码代替密码",
                "check name and password; many providers want SMTP switched on and an app password",
            ),
        ) from error
    except (Refusal, smtplib.SMTPException, OSError, ValueError) as error:
        detail = clean_line(str(error) or type(error).__name__, DETAIL_CHARS)
        raise WireError(
            Both(
                f"发信服务器 {place.host}:{place.port} 用不了：{detail}",
                f"cannot use the mail server {place.host}:{place.port}: {detail}",
            ),
            Both(
                "检查地址、端口和加密方式（smtps:// 或 smtp://）",
                "check host, port and encryption (smtps:// or smtp://)",
            ),
        ) from error

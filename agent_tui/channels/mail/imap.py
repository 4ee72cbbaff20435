"""A mailbox, read by IMAP. Every call blocks, `seconds` at a time at most: use it in a thread."""

from __future__ import annotations

import base64
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from agent_tui.channels.mail.settings import MailSettings
from agent_tui.errors import WireError
from agent_tui.lang import Both
from agent_tui.text import clean_line

DETAIL_CHARS = 160
_INTERNALDATE = re.compile(
    rb"INTERNALDATE \" ?(\d\d?)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\""
)
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_READABLE = re.compile("[^\x20-\x7e]+")


class Trouble(WireError):
    """The mailbox cannot be read now. `code`: unreachable, login, folder or answer."""

    def __init__(self, code: str, title: Both, hint: Both) -> None:
        super().__init__(title, hint)
        self.code = code
        self.said = title


class Raw(msgspec.Struct, frozen=True):
    """A message as it lies in the mailbox; `whole` bytes long, of which `data` may be the first.
    `at` is when it came (ms)."""

    uid: int
    data: bytes
    whole: int
    at: int


class Mailbox:
    """One folder, open. `validity` and `next_uid` are its own, at the time of opening."""

    def __init__(self, settings: MailSettings, seconds: float) -> None:
        """Connect, log in, open the folder. Raises Trouble."""
        self._settings = settings
        with _told(settings):
            self._imap = _connected(settings, seconds)
        try:
            with _told(settings):
                self._enter()
            self.validity, self.next_uid = self._selected()
        except BaseException:
            self.abort()
            raise

    # --- reading ---------------------------------------------------------------------------------

    def after(self, uid: int) -> list[int]:
        """The numbers above `uid`, ascending. Raises Trouble."""
        with _told(self._settings):
            self._imap.noop()  # some servers tell of new messages only then
            # A star is the last message, be its number above or below: hence the comparison.
            return [each for each in self._search(f"UID {uid + 1}:*") if each > uid]

    def since(self, at: int) -> list[int]:
        """The numbers of what may have come after `at` (ms), to the day. Raises Trouble."""
        day = datetime.fromtimestamp(at / 1000, UTC) - timedelta(days=1)
        said = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        with _told(self._settings):
            return self._search(f"SINCE {said}" if at else "ALL")

    def fetch(self, uid: int, most: int) -> Raw | None:
        """A message, of a longer one the first `most` bytes; None if it is gone. It stays unread.
        Raises Trouble."""
        with _told(self._settings):
            head = b" ".join(self._fetch(uid, "(UID INTERNALDATE RFC822.SIZE)"))
            size = _SIZE.search(head)
            if size is None:
                return None
            at = _time(head)
            data = next(iter(self._fetch(uid, f"(UID BODY.PEEK[]<0.{most}>)", literal=True)), None)
            return None if data is None else Raw(uid, data, int(size[1]), at)

    def check_target(self) -> None:
        """That the folder is there to which taken mails go, if one is named. Raises Trouble."""
        target = self._settings.moved_to
        if target:
            with _told(self._settings):
                answer, said = self._imap.status(_quoted(_folder(target)), "(UIDNEXT)")
            if answer != "OK":
                raise _no_folder(target, said[0])

    # --- writing ---------------------------------------------------------------------------------

    def take(self, uid: int) -> None:
        """It is in the log: mark it as read, and move it where that is wanted.

        Raises Trouble; its code is folder where the server only refuses this.
        """
        with _told(self._settings):
            try:
                self._mark(uid, self._settings.moved_to)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise _no_folder(self._settings.moved_to or self._settings.folder, error) from error

    def _mark(self, uid: int, target: str) -> None:
        self._uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Seen)")
        if target:
            name = _quoted(_folder(target))
            if "MOVE" in self._able:
                self._uid("MOVE", str(uid), name)
                return
            self._uid("COPY", str(uid), name)
            self._uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Deleted)")
            if "UIDPLUS" in self._able:  # else others' deleted ones would go along
                self._uid("EXPUNGE", str(uid))

    def close(self) -> None:
        """Leave. Never raises."""
        with contextlib.suppress(imaplib.IMAP4.error, OSError, ValueError):
            self._imap.logout()

    def abort(self) -> None:
        """Drop the connection, from any thread: whoever waits on it gets Trouble."""
        with contextlib.suppress(OSError, AttributeError):
            self._imap.sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError, AttributeError, ValueError):
            self._imap.shutdown()

    # --- the protocol ----------------------------------------------------------------------------

    def _enter(self) -> None:
        imap, user, password = self._imap, self._settings.user, self._settings.password
        if "LOGINDISABLED" in imap.capabilities:
            raise _LoginRefused("LOGINDISABLED")
        try:
            if "AUTH=PLAIN" in imap.capabilities:
                imap.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            else:
                imap.login(_quoted(user), password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise _LoginRefused(_plain(error)) from error
        # Some large Chinese providers call every program unsafe that does not say who it is.
        self._able = _capabilities(imap)
        if "ID" in self._able:
            imap.xatom("ID", '("name" "agent-tui" "vendor" "agent-tui")')

    def _selected(self) -> tuple[int, int]:
        with _told(self._settings):
            answer, said = self._imap.select(_quoted(_folder(self._settings.folder)))
        if answer != "OK":
            raise _no_folder(self._settings.folder, said[0])
        validity = _number(self._imap.response("UIDVALIDITY")[1])
        if not validity:
            raise Trouble(
                "answer",
                Both("邮箱服务器没有 UIDVALIDITY", "the mail server tells no UIDVALIDITY"),
                Both("换一个文件夹或服务器", "use another folder or server"),
            )
        return validity, _number(self._imap.response("UIDNEXT")[1])

    def _search(self, criterion: str) -> list[int]:
        found = self._uid("SEARCH", criterion)
        words = b" ".join(each for each in found if isinstance(each, bytes)).split()
        return sorted({int(each) for each in words if each.isdigit()})

    def _fetch(self, uid: int, what: str, *, literal: bool = False) -> list[bytes]:
        """The answers about this message: of each its line, or the bytes that it carries."""
        out: list[bytes] = []
        for each in self._uid("FETCH", str(uid), what):
            line = each[0] if isinstance(each, tuple) else each
            if not isinstance(line, bytes):
                continue
            named = _UID.search(line)
            if named is not None and int(named[1]) != uid:
                continue  # unasked, about another one
            if not literal and named is not None:
                out.append(line)
            elif literal and isinstance(each, tuple) and b"BODY[" in line:
                out.append(each[1])
        return out

    def _uid(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes] | None]:
        answer, found = self._imap.uid(command, *arguments)
        if answer != "OK":
            raise imaplib.IMAP4.error(f"{command}: {_plain(found[0] if found else b'')}")
        return list(found)


class _LoginRefused(Exception):
    """The server does not let us in."""


def _no_folder(name: str, said: object) -> Trouble:
    detail = _plain(said)
    return Trouble(
        "folder",
        Both(f"用不了文件夹 {name}：{detail}", f"cannot use the folder {name}: {detail}"),
        Both("检查文件夹名和权限", "check the folder's name, and what the login may do"),
    )


def _connected(settings: MailSettings, seconds: float) -> imaplib.IMAP4:
    place = settings.imap
    if place.secure == "tls":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(place.host, place.port, ssl_context=context, timeout=seconds)
    imap = imaplib.IMAP4(place.host, place.port, timeout=seconds)
    if place.secure == "starttls":
        try:
            imap.starttls(ssl.create_default_context())
        except BaseException:
            with contextlib.suppress(OSError, ValueError):
                imap.shutdown()
            raise
    return imap


@contextmanager
def _told(settings: MailSettings) -> Iterator[None]:
    """Whatever the server or the network does, as Trouble."""
    place = settings.imap
    try:
        yield
    except _LoginRefused as error:
        raise Trouble(
            "login",
            Both(
                f"{place.host} 不让 {settings.user} 登录：{error}",
                f"{place.host} refuses the login of {settings.user}: {error}",
            ),
            Both(
                "检查用户名和密码；很多邮箱要先开启 IMAP，并用授权码代替密码",
                "check name and password; many providers want IMAP switched on and an app password",
            ),
        ) from error
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        detail = _plain(error) or type(error).__name__
        raise Trouble(
            "unreachable",
            Both(
                f"读不了邮箱 {place.host}:{place.port}：{detail}",
                f"cannot read the mailbox at {place.host}:{place.port}: {detail}",
            ),
            Both(
                "检查地址、端口和加密方式（imaps:// 或 imap://）",
                "check host, port and encryption (imaps:// or imap://)",
            ),
        ) from error


def _capabilities(imap: imaplib.IMAP4) -> set[str]:
    """As they are once somebody is logged in."""
    answer, found = imap.capability()
    if answer != "OK" or not isinstance(found[0], bytes):
        return set(imap.capabilities)
    return set(found[0].decode("ascii", "replace").upper().split())


def _number(found: list[bytes | None]) -> int:
    said = found[0] if found else None
    return int(said) if isinstance(said, bytes) and said.isdigit() else 0


def _time(head: bytes) -> int:
    found = _INTERNALDATE.search(head)
    if found is None:
        return 0
    day, month, year, hour, minute, second, sign, hours, minutes = (
        each.decode() for each in found.groups()
    )
    zone = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    named = _MONTHS.index(month.title()) + 1
    clock = (int(hour), int(minute), int(second))
    at = datetime(int(year), named, int(day), *clock, tzinfo=timezone(zone))
    return int(at.timestamp()) * 1000


def _plain(said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said or "")
    return clean_line(text, DETAIL_CHARS)


def _quoted(text: str) -> str:
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError("a line break in a name")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _folder(name: str) -> str:
    """A folder's name as IMAP writes it: modified UTF-7 (RFC 3501, 5.1.3)."""

    def shifted(match: re.Match[str]) -> str:
        raw = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=")
        return f"&{raw.replace('/', ',')}-"

    return _READABLE.sub(shifted, name.replace("&", "&-"))

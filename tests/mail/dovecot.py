"""A real IMAP server: Dovecot on a port of this machine, with a configuration and users of its own.

It runs without root; where the tests are root, as somebody who may do nothing else.
"""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_tui.channels.mail.settings import Place
from tests.conftest import require
from tests.crash.server import free_port
from tests.mail.tls import Certificate

PASSWORD = "correct-horse"
CONFIG = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
auth_username_chars =
mail_location = maildir:{root}/mail/%u
mail_max_userip_connections = 100
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/home/%u
}}
"""


class Dovecot:
    """A server that runs; every name is a user with a mailbox."""

    def __init__(self, root: Path, certificate: Certificate | None = None) -> None:
        places = f"{os.environ['PATH']}:/usr/sbin"  # where not everybody looks
        program = shutil.which("dovecot", path=places) or require("dovecot")
        self.root = root
        self.port, self.tls_port = free_port(), free_port() if certificate else 0
        who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        config = CONFIG.format(
            root=root,
            ssl="yes" if certificate else "no",
            certificate=f"ssl_cert = <{root}/cert.pem\nssl_key = <{root}/key.pem"
            if certificate
            else "",
            user=who.pw_name,
            group=grp.getgrgid(who.pw_gid).gr_name,
            uid=who.pw_uid,
            gid=who.pw_gid,
            port=self.port,
            tls_port=self.tls_port,
            password=PASSWORD,
        )
        (root / "dovecot.conf").write_text(config)
        if certificate:
            shutil.copy(certificate.cert, root / "cert.pem")
            shutil.copy(certificate.key, root / "key.pem")
        for name in ("run", "state", "mail", "home"):
            (root / name).mkdir()
        if os.getuid() == 0:
            for path in (root, *root.iterdir()):
                os.chown(path, who.pw_uid, who.pw_gid)
        self._program = program
        self._who: dict[str, Any] = {}
        if os.getuid() == 0:
            self._who = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        self._child: subprocess.Popen[bytes] | None = None
        self.live()

    def live(self) -> None:
        """Run, and return when it answers."""
        command = (self._program, "-F", "-c", str(self.root / "dovecot.conf"))
        self._child = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._who,
        )
        end = time.monotonic() + 20
        while True:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1) as found,
            ):
                if found.recv(4).startswith(b"* OK"):
                    return
            log = self.root / "log"
            said = log.read_text() if log.exists() else ""
            assert self._child.poll() is None, said
            assert time.monotonic() < end, said
            time.sleep(0.05)

    def die(self) -> None:
        """Stop; what the mailboxes hold stays."""
        if self._child is not None:
            self._child.send_signal(signal.SIGTERM)
            self._child.wait(40)
            with contextlib.suppress(ProcessLookupError):  # who still serves somebody
                os.killpg(self._child.pid, signal.SIGKILL)
        self._child = None

    @property
    def place(self) -> Place:
        """Where it is read without encryption."""
        return Place("127.0.0.1", self.port, "none")

    def user(self, name: str) -> User:
        """Somebody with a mailbox."""
        return User(self, name)


class User:
    """The mailbox as its owner sees it, by another program than ours."""

    def __init__(self, server: Dovecot, name: str) -> None:
        self.server = server
        self.name = name

    @contextlib.contextmanager
    def _open(self, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.server.port, timeout=10) as imap:
            imap.login(self.name, PASSWORD)
            assert imap.select(f'"{folder}"')[0] == "OK"
            yield imap

    def gets(self, *mails: bytes, folder: str = "INBOX", at: float | None = None) -> None:
        """Mails arrive."""
        with self._open(folder) as imap:
            for mail in mails:
                when = imaplib.Time2Internaldate(at if at is not None else time.time())
                assert imap.append(f'"{folder}"', "", when, mail)[0] == "OK"

    def makes(self, folder: str) -> None:
        """A new folder."""
        with self._open() as imap:
            assert imap.create(f'"{folder}"')[0] == "OK"

    def unread(self, folder: str = "INBOX") -> int:
        """How many mails nobody marked as read."""
        with self._open(folder) as imap:
            return len(imap.search(None, "UNSEEN")[1][0].split())

    def holds(self, folder: str = "INBOX") -> int:
        """How many mails lie there."""
        with self._open(folder) as imap:
            return len(imap.search(None, "ALL")[1][0].split())

    def loses(self, mail: int) -> None:
        """One is deleted, by its place."""
        with self._open() as imap:
            imap.store(str(mail), "+FLAGS", "(\\Deleted)")
            imap.expunge()

    def last(self, folder: str = "INBOX") -> int:
        """The number of the last mail that ever came."""
        with self._open(folder) as imap:
            return int(imap.response("UIDNEXT")[1][0] or 1) - 1

    def is_numbered_anew(self) -> None:
        """The server forgets its numbers, as after a repair: UIDVALIDITY changes."""
        with self._open() as imap:
            before = imap.response("UIDVALIDITY")[1]
        for name in (
            "dovecot-uidlist",
            "dovecot.index",
            "dovecot.index.log",
            "dovecot.index.cache",
        ):
            (self.server.root / "mail" / self.name / name).unlink(missing_ok=True)
        time.sleep(1.1)  # it is the time in seconds
        with self._open() as imap:
            assert imap.response("UIDVALIDITY")[1] != before


@contextlib.contextmanager
def serving(certificate: Certificate | None = None) -> Iterator[Dovecot]:
    """A server of one's own. Its sockets' paths must be short, its folder be open to its user."""
    folder = Path(tempfile.mkdtemp(prefix="dove"))
    folder.chmod(0o755)
    try:
        found = Dovecot(folder, certificate)
        try:
            yield found
        finally:
            found.die()
    finally:
        shutil.rmtree(folder)

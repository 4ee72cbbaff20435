"""Accounts, tokens and invites. Secrets are stored hashed; passwords are checked off the loop."""

from __future__ import annotations

import functools
import hashlib
import secrets
import time
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, select

from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Agent
from agent_tui.errors import Unauthorized
from agent_tui.lang import Both
from agent_tui.server import schema
from agent_tui.server.database import Database

AGENT, VISITOR, INVITE, LOAD = "agent", "visitor", "invite", "load"
CACHE_SECONDS = 5.0
VISITOR_CACHE_SECONDS = 60.0  # nobody revokes them
MIN_PASSWORD = 8

_hasher = PasswordHasher()
# argon2 takes 64 MiB a check: two at once is what the machine lends to it.
_limiter: anyio.CapacityLimiter | None = None


class TokenRow(msgspec.Struct, frozen=True):
    """What a token stands for."""

    kind: str
    subject: str
    expires_at: int


def digest(secret: str) -> str:
    """The form in which a secret is stored: it is random, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_token(kind: str, subject: str, now: int, lifetime_ms: int) -> tuple[str, dict[str, Any]]:
    """A fresh secret and the row that stores it."""
    secret = secrets.token_urlsafe(32)
    row = {
        "hash": digest(secret),
        "kind": kind,
        "subject": subject,
        "created_at": now,
        "expires_at": now + lifetime_ms,
    }
    return secret, row


def hash_password(password: str) -> str:
    """argon2id with the library's own parameters. Blocks for about 50 ms."""
    return _hasher.hash(password)


async def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one that was stored. An unknown account takes just as long."""
    global _limiter
    if _limiter is None:
        _limiter = anyio.CapacityLimiter(2)
    return await anyio.to_thread.run_sync(_verify, stored, password, limiter=_limiter)


@functools.cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(8))


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


class Tokens:
    """Looks tokens up; remembers them for a few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[str, tuple[float, TokenRow | None]] = {}

    async def find(self, secret: str, kind: str, now: int) -> TokenRow:
        """The living token of this kind. Raises Unauthorized."""
        key = digest(secret)
        cached = self._cache.get(key)
        if cached is None or cached[0] < time.monotonic():
            row = await anyio.to_thread.run_sync(self._read, key)
            if len(self._cache) > 50_000:
                self._cache.clear()
            visits = row is not None and row.kind == VISITOR
            seconds = VISITOR_CACHE_SECONDS if visits else CACHE_SECONDS
            self._cache[key] = (time.monotonic() + seconds, row)
        else:
            row = cached[1]
        if row is None or row.kind != kind or row.expires_at <= now:
            raise Unauthorized(
                Both("登录无效或已过期", "the login is not valid or has expired"),
                Both("重新登录：agent-tui login 地址", "log in again: agent-tui login URL"),
            )
        return row

    async def holds(self, secret: str, kind: str, now: int) -> bool:
        """Whether there is such a living token."""
        try:
            await self.find(secret, kind, now)
        except Unauthorized:
            return False
        return True

    def forget(self, secret: str) -> None:
        """Drop a token from memory, after it was revoked."""
        self._cache.pop(digest(secret), None)

    def _read(self, key: str) -> TokenRow | None:
        table = schema.token.c
        with self._database.read() as connection:
            row = connection.execute(
                select(table.kind, table.subject, table.expires_at).where(table.hash == key)
            ).first()
        return TokenRow(*row) if row else None


def revoke(agent: AgentId) -> tuple[Any, dict[str, Any]]:
    """The statement that ends every login of an account."""
    table = schema.token
    return delete(table).where(table.c.kind == AGENT, table.c.subject == agent), {}


def revoke_hash(key: str) -> tuple[Any, dict[str, Any]]:
    """The statement that ends one token."""
    return delete(schema.token).where(schema.token.c.hash == key), {}


def forget_expired(database: Database, now: int) -> None:
    """Delete the tokens that nobody can use any more: every visitor leaves one."""
    with database.write() as connection:
        connection.execute(delete(schema.token).where(schema.token.c.expires_at <= now))


def stored_password(database: Database, agent: AgentId) -> str | None:
    """The account's password hash, if it has one."""
    with database.read() as connection:
        found: str | None = connection.execute(
            select(schema.agent.c.password).where(schema.agent.c.id == agent)
        ).scalar()
    return found


def stored_agent(database: Database, agent: AgentId) -> Agent | None:
    """The account as the database has it now: the directory in memory may be a second behind."""
    with database.read() as connection:
        return agent_in(connection, agent)


def agent_in(connection: Connection, agent: AgentId) -> Agent | None:
    """The account as `connection` sees it."""
    found: bytes | None = connection.execute(
        select(schema.agent.c.state).where(schema.agent.c.id == agent)
    ).scalar()
    return msgspec.json.decode(found, type=Agent) if found else None

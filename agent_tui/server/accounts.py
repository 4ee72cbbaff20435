"""Making and changing accounts, teams and inboxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import msgspec
from sqlalchemy import delete, select, update

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Agent
from agent_tui.domain.protocol import LoginRequest
from agent_tui.errors import Unauthorized, UsageError
from agent_tui.lang import Both
from agent_tui.server import auth, schema
from agent_tui.server.clock import now_ms
from agent_tui.server.unit import Needs, Unit
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.text import clean_line

if TYPE_CHECKING:
    from agent_tui.server.service import Service


class WriteRows:
    """Rows that are no events: tokens."""

    def __init__(self, writes: Sequence[tuple[Any, dict[str, Any]]]) -> None:
        self._writes = writes

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Write them."""
        unit.writes.extend(self._writes)

    def answer(self, unit: Unit) -> None:
        """Nothing to say."""


def save_agent(agent: Agent) -> ChangeWorkspace:
    """The job that makes or changes an account."""
    return ChangeWorkspace([e.AgentSaved(agent)])


def set_password(agent: AgentId, password: str) -> ChangeWorkspace:
    """The job that sets a password and ends every login. Hashes: run off the loop."""
    check_password(password)
    hashed = auth.hash_password(password)
    table = schema.agent
    change = update(table).where(table.c.id == agent).values(password=hashed)
    return ChangeWorkspace([], [(change, {}), auth.revoke(agent)])


def check_password(password: str) -> None:
    """Raises UsageError for a password that is too short."""
    if len(password) < auth.MIN_PASSWORD:
        raise UsageError(
            Both(
                f"密码至少 {auth.MIN_PASSWORD} 个字符",
                f"a password has at least {auth.MIN_PASSWORD} characters",
            ),
            Both("换一个更长的", "choose a longer one"),
        )


def invite(agent: AgentId, hours: int) -> tuple[str, WriteRows]:
    """A one-time code for an account made without a password, and the job that stores it."""
    secret, row = auth.new_token(auth.INVITE, agent, now_ms(), hours * 3600 * 1000)
    return secret, WriteRows([(schema.token.insert(), row)])


def load_token(hours: int) -> tuple[str, WriteRows]:
    """A token that lifts the per-address limits, and the job that stores it."""
    secret, row = auth.new_token(auth.LOAD, "load", now_ms(), hours * 3600 * 1000)
    return secret, WriteRows([(schema.token.insert(), row)])


def disable(agent: Agent) -> ChangeWorkspace:
    """The job that closes an account and ends its logins and invites."""
    closed = msgspec.structs.replace(agent, disabled=True)
    return ChangeWorkspace([e.AgentSaved(closed)], [auth.revoke(agent.id), _uninvite(agent.id)])


def forget_password(agent: AgentId) -> ChangeWorkspace:
    """The job after which only a new invite lets the account in."""
    table = schema.agent
    change = update(table).where(table.c.id == agent).values(password=None)
    return ChangeWorkspace([], [(change, {}), auth.revoke(agent), _uninvite(agent)])


def _uninvite(agent: AgentId) -> tuple[Any, dict[str, Any]]:
    table = schema.token
    return delete(table).where(table.c.kind == auth.INVITE, table.c.subject == agent), {}


async def accept_invite(service: Service, body: LoginRequest) -> AgentId:
    """Use an invite up: the account gets the password, and the name that was given.

    Raises Unauthorized, UsageError.
    """
    try:
        row = await service.tokens.find(body.invite, auth.INVITE, now_ms())
    except Unauthorized:
        raise Unauthorized(
            Both("邀请码无效、已用过或已过期", "the invite is wrong, used or expired"),
            Both(
                "请管理员再发一个：agent-tui invite 账号",
                "ask for a new one: agent-tui invite NAME",
            ),
        ) from None
    agent_id = (await service.account(AgentId(row.subject))).id
    job = await anyio.to_thread.run_sync(set_password, agent_id, body.password)
    accepted = AcceptInvite(auth.digest(body.invite), agent_id, job, clean_line(body.name))
    used = await service.writer.submit(accepted)
    service.tokens.forget(body.invite)
    if not used:
        raise Unauthorized(
            Both("邀请码已用过", "the invite was used"),
            Both("请管理员再发一个", "ask for a new one"),
        )
    return agent_id


class AcceptInvite:
    """Use an invite up for its account's password, and the name that was given if any: all in one
    transaction, or whoever was invited would stand before a closed door."""

    def __init__(self, key: str, agent: AgentId, password: ChangeWorkspace, name: str) -> None:
        self._key = key
        self._agent = agent
        self._password = password
        self._name = name
        self._found = False

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Units that record come one after another: whoever finds the row owns it."""
        table = schema.token
        found = unit.connection.execute(select(table.c.hash).where(table.c.hash == self._key))
        self._found = found.first() is not None
        if not self._found:
            return
        self._password.run(unit)
        agent = unit.directory.agents[self._agent]
        if self._name and self._name != agent.name:
            save_agent(msgspec.structs.replace(agent, name=self._name)).run(unit)
        unit.connection.execute(delete(table).where(table.c.hash == self._key))

    def answer(self, unit: Unit) -> bool:
        """Whether the invite was still there."""
        return self._found

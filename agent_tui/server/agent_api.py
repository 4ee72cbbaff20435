"""The workstation's side of the server: log in, send commands. The feed is in `feed_api`."""

from __future__ import annotations

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain.ids import AgentId
from agent_tui.domain.protocol import (
    PROTOCOL,
    CommandsAnswer,
    CommandsRequest,
    LoginAnswer,
    LoginRequest,
    RawCommandsRequest,
    SessionAnswer,
)
from agent_tui.errors import Unauthorized, UsageError
from agent_tui.lang import Both
from agent_tui.server import accounts, auth, schema
from agent_tui.server.clock import now_ms
from agent_tui.server.commands import SubmitOrders
from agent_tui.server.endpoint import Endpoint, bearer, json, read_body
from agent_tui.server.service import Service, address

DAY_MS = 24 * 3600 * 1000


class AgentApi:
    """Handlers; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "POST",
                "/v1/session",
                self.login,
                "Log in by password, or accept an invite",
                body=LoginRequest,
                answer=LoginAnswer,
            ),
            Endpoint(
                "GET",
                "/v1/session",
                self.session,
                "Whom the token belongs to",
                auth="agent",
                answer=SessionAnswer,
            ),
            Endpoint("DELETE", "/v1/session", self.logout, "Revoke the token", auth="agent"),
            Endpoint(
                "POST",
                "/v1/commands",
                self.commands,
                "Apply numbered commands, each once",
                auth="agent",
                body=CommandsRequest,
                answer=CommandsAnswer,
            ),
        ]

    # --- sessions --------------------------------------------------------------------------------

    async def login(self, request: Request) -> Response:
        """Password or invite -> token."""
        service = self._service
        service.limits.take("login", address(request))
        body = msgspec.json.decode(await read_body(request, 16_384), type=LoginRequest)
        if body.invite:
            agent_id = await accounts.accept_invite(service, body)
        else:
            service.limits.take("login_account", body.login)
            agent_id = AgentId(body.login)
            stored = await anyio.to_thread.run_sync(
                auth.stored_password, service.database, agent_id
            )
            if not await auth.password_matches(stored, body.password):
                raise Unauthorized(
                    Both("账号或密码不对", "wrong name or password"),
                    Both(
                        "再试一次，或请管理员重置：agent-tui user reset",
                        "try again, or ask for a reset: agent-tui user reset",
                    ),
                )
        agent = await service.account(agent_id)
        lifetime = service.config.server.token_days * DAY_MS
        secret, row = auth.new_token(auth.AGENT, agent.id, now_ms(), lifetime)
        await service.writer.submit(accounts.WriteRows([(schema.token.insert(), row)]))
        return json(
            LoginAnswer(token=secret, agent=agent, expires_at=row["expires_at"], protocol=PROTOCOL)
        )

    async def session(self, request: Request) -> Response:
        """Who am I."""
        return json(SessionAnswer(agent=await self._service.agent(request), protocol=PROTOCOL))

    async def logout(self, request: Request) -> Response:
        """End this token."""
        await self._service.agent(request)
        secret = bearer(request)
        await self._service.writer.submit(
            accounts.WriteRows([auth.revoke_hash(auth.digest(secret))])
        )
        self._service.tokens.forget(secret)
        return json({})

    # --- commands --------------------------------------------------------------------------------

    async def commands(self, request: Request) -> Response:
        """Answered after the commit."""
        agent = await self._service.agent(request)
        limits = self._service.config.limits
        raw = await read_body(request, limits.body_bytes)
        body = msgspec.json.decode(raw, type=RawCommandsRequest)
        if not body.client or len(body.client) > 64 or len(body.orders) > limits.commands:
            raise UsageError(
                Both("client 为空，或一次的命令太多", "no client id, or too many commands at once"),
                Both(f"一次最多 {limits.commands} 条", f"at most {limits.commands} at once"),
            )
        return json(await self._service.writer.submit(SubmitOrders(agent, body, address(request))))

"""POST /v1/availability and /v1/surge: who is at work, and when a team needs everybody."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain import events as e
from agent_tui.domain.context import is_lead
from agent_tui.domain.ids import AgentId, ClientId, TeamId
from agent_tui.domain.model import Agent, Role
from agent_tui.domain.protocol import AvailabilityRequest, SurgeRequest
from agent_tui.domain.staffing import Duty, Surge
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.server import duty, origins, workspace
from agent_tui.server.endpoint import Endpoint, Forbidden, json, read_body
from agent_tui.server.service import Service, address
from agent_tui.server.unit import Needs, Unit
from agent_tui.text import clean_line

BODY_BYTES = 16_384
REASON_CHARS = 80
CLIENT_CHARS = 64
MINUTE_MS = 60_000


class DutyApi:
    """Handlers; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "POST",
                "/v1/availability",
                self.availability,
                "Tell that an agent is there, and whether they take chats",
                auth="agent",
                body=AvailabilityRequest,
                answer=Duty,
            ),
            Endpoint(
                "POST",
                "/v1/surge",
                self.surge,
                "Begin, change or end a team's surge (leads)",
                auth="agent",
                body=SurgeRequest,
                answer=Surge,
            ),
        ]

    async def availability(self, request: Request) -> Response:
        """One's own; a lead's word counts for their teams' agents, too."""
        actor = await self._service.agent(request)
        body = msgspec.json.decode(await read_body(request, BODY_BYTES), type=AvailabilityRequest)
        if actor.role is Role.TRAINEE:
            raise Forbidden
        if len(body.client) > CLIENT_CHARS:
            raise UsageError(
                Both(
                    f"client 超过 {CLIENT_CHARS} 个字符",
                    f"the client id is over {CLIENT_CHARS} characters",
                )
            )
        subject = body.agent or actor.id
        told = body.told or subject != actor.id
        if subject != actor.id:
            other = self._service.hub.directory.agents.get(subject)
            if other is None:
                raise _unknown(Both("坐席", "agent"), subject)
            if not _may_lead(actor, other.teams):
                raise Forbidden
        client = body.client if subject == actor.id else ClientId(f"for {subject}")
        job = duty.Report(
            subject,
            client or ClientId(f"by {subject}"),
            body.availability,
            clean_line(body.reason, REASON_CHARS),
            told=told,
            by=actor.id,
            address=address(request),
        )
        found = await self._service.writer.submit(job)
        return json(found or Duty(subject, body.availability))

    async def surge(self, request: Request) -> Response:
        """By a lead of the team."""
        actor = await self._service.agent(request)
        body = msgspec.json.decode(await read_body(request, BODY_BYTES), type=SurgeRequest)
        if body.team not in self._service.hub.directory.teams:
            raise _unknown(Both("团队", "team"), body.team)
        if not _may_lead(actor, (body.team,)):
            raise Forbidden
        return json(await self._service.writer.submit(_SetSurge(body, actor.id, address(request))))


class _SetSurge:
    """One surge of a team at a time: a new word replaces the one before."""

    def __init__(self, asked: SurgeRequest, by: AgentId, address: str = "") -> None:
        self._asked = asked
        self._by = by
        self._address = origins.shown(address)
        self._found: Surge | None = None

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Begin now, or end now."""
        asked = self._asked
        known = unit.directory.surges.get(asked.team)
        on = known is not None and known.until > unit.at
        since = known.since if known is not None and on else unit.at
        until = unit.at + asked.minutes * MINUTE_MS
        self._found = Surge(asked.team, since, until, asked.factor, self._by)
        if on or asked.minutes:
            workspace.record(unit, e.SurgeSet(self._found), self._by)
            origins.of_last(unit, self._address)

    def answer(self, unit: Unit) -> Surge | None:
        """What holds now."""
        return self._found


def _may_lead(actor: Agent, teams: tuple[TeamId, ...]) -> bool:
    return actor.role is Role.ADMIN or (is_lead(actor) and not set(teams).isdisjoint(actor.teams))


def _unknown(what: Both, key: str) -> NotFound:
    return NotFound(
        Both(f"没有{what.zh} {key}", f"there is no {what.en} {key}"),
        Both(
            "名字在 agent-tui agents 和 agent-tui teams 里",
            "see `agent-tui agents` and `agent-tui teams`",
        ),
    )

"""HTTP endpoints as data: one table gives the routes and the OpenAPI document."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from sqlalchemy.exc import OperationalError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from agent_tui.domain.protocol import PROTOCOL, PROTOCOL_HEADER, Problem, ProblemAnswer
from agent_tui.errors import DeskError, FeedReset, NotFound, ServerError, Unauthorized, UsageError
from agent_tui.lang import Both
from agent_tui.server.commands import Conflict
from agent_tui.server.feed import Reset

log = logging.getLogger(__name__)
Auth = Literal["none", "agent", "visitor", "signature"]
MAX_DIGITS = 15  # stays below 2**53, which every JSON reader holds


class RateLimited(DeskError):
    """Too many requests; try again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            Both("请求太频繁", "too many requests"),
            Both(f"{retry_after} 秒后再试", f"try again in {retry_after} s"),
        )
        self.retry_after = retry_after


class Forbidden(DeskError):
    """The account is good, and may not do that."""

    def __init__(self) -> None:
        super().__init__(
            Both("没有权限", "not allowed"),
            Both("请组长或管理员操作", "ask a lead or an administrator"),
        )


class TooLarge(DeskError):
    """The body is over the limit."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `body` and `answer` are the types that OpenAPI describes."""

    method: str
    path: str
    handler: Callable[[Request], Awaitable[Response]]
    summary: str
    auth: Auth = "none"
    body: type | None = None
    answer: type | None = None
    media: str = "application/json"
    status: int = 200
    query: tuple[str, ...] = field(default=())
    takes_bytes: bool = False  # its body is a file as it is


def route(endpoint: Endpoint) -> Route:
    """The Starlette route, with errors told as `ProblemAnswer`."""

    async def run(request: Request) -> Response:
        response = await answer(request)
        response.headers[PROTOCOL_HEADER] = str(PROTOCOL)
        return response

    async def answer(request: Request) -> Response:
        try:
            return await endpoint.handler(request)
        except DeskError as error:
            return problem(error, request)
        except msgspec.ValidationError as error:
            return problem(UsageError(Both(f"请求不对：{error}", f"bad request: {error}")), request)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return problem(UsageError(Both(f"不是 JSON：{error}", f"not JSON: {error}")), request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except OperationalError as error:
            # The database is away for a moment: whoever asks comes again by itself.
            log.warning("%s: no database: %s", request.url.path, error.orig)
            return problem(
                ServerError(
                    Both("数据库暂时连不上", "the database cannot be reached just now"),
                    Both("会自动重试", "it is tried again by itself"),
                ),
                request,
            )
        except Exception:
            incident = secrets.token_hex(4)
            log.exception("request failed, incident %s: %s", incident, request.url.path)
            return problem(
                ServerError(
                    Both(f"服务端出错，编号 {incident}", f"server error, incident {incident}"),
                    Both("日志里有详情", "the server's log has the details"),
                ),
                request,
            )

    return Route(endpoint.path, run, methods=[endpoint.method])


def problem(error: DeskError, request: Request) -> Response:
    """`error` as an answer in the caller's language."""
    status, code, headers = _classify(error)
    english = not request.headers.get("accept-language", "zh").lower().startswith("zh")

    def say(text: Both | str) -> str:
        if isinstance(text, Both):
            return text.en if english else text.zh
        return text

    body = ProblemAnswer(Problem(code=code, title=say(error.title), hint=say(error.hint)))
    return json(body, status=status, headers=headers)


def _classify(error: DeskError) -> tuple[int, str, dict[str, str]]:
    match error:
        case RateLimited():
            return 429, "rate_limited", {"Retry-After": str(error.retry_after)}
        case Reset():
            return 410, error.code, {}
        case FeedReset():
            return 410, "feed_reset", {}
        case Conflict():
            return (422 if error.code == "reused" else 409), error.code, {}
        case Unauthorized():
            return 401, "unauthorized", {"WWW-Authenticate": "Bearer"}
        case Forbidden():
            return 403, "not_allowed", {}
        case NotFound():
            return 404, "not_found", {}
        case TooLarge():
            return 413, "too_large", {}
        case UsageError():
            return 400, "bad_request", {}
        case ServerError():
            return 503, "unavailable", {"Retry-After": "2"}
        case _:
            return 400, "refused", {}


def json(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def bearer(request: Request) -> str:
    """The secret of the Authorization header. Raises Unauthorized."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthorized(
            Both("请求没有登录令牌", "the request has no token"),
            Both("重新登录：agent-tui login 地址", "log in: agent-tui login URL"),
        )
    return secret


def number(request: Request, name: str, default: int) -> int:
    """The whole number in query field `name`. Raises UsageError."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isdecimal() and len(text) <= MAX_DIGITS):
        raise UsageError(Both(f"{name} 要是整数", f"{name} must be a whole number"))
    return int(text)


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body. Raises TooLarge before more than `limit` bytes are held."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(
                Both(f"请求超过 {limit} 字节", f"the request is over {limit} bytes"),
                Both("分成几次发送", "send it in parts"),
            )
        chunks.append(chunk)
    return b"".join(chunks)


def openapi(endpoints: list[Endpoint], version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `endpoints`."""
    types = {each for e in endpoints for each in (e.body, e.answer) if each is not None}
    types.add(ProblemAnswer)
    ordered = sorted(types, key=lambda each: each.__name__)
    schemas, components = msgspec.json.schema_components(
        ordered, ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "agent-tui", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "agent": {"type": "http", "scheme": "bearer"},
                "visitor": {"type": "http", "scheme": "bearer"},
                "signature": {"type": "apiKey", "in": "header", "name": "webhook-signature"},
            },
        },
    }


def _operation(endpoint: Endpoint, by_type: dict[type, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "OK"}
    if endpoint.answer is not None:
        answer["content"] = {endpoint.media: {"schema": by_type[endpoint.answer]}}
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "responses": {
            str(endpoint.status): answer,
            "default": {
                "description": "An error",
                "content": {"application/json": {"schema": by_type[ProblemAnswer]}},
            },
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _path_names(endpoint.path)
    ]
    parameters += [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in endpoint.query
    ]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_type[endpoint.body]}},
        }
    elif endpoint.takes_bytes:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    if endpoint.auth != "none":
        operation["security"] = [{endpoint.auth: []}]
    return operation


def _path_names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]

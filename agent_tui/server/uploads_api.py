"""Taking pictures and files in, and giving them out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent_tui.domain.protocol import FileAnswer
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.server import uploads
from agent_tui.server.clock import now_ms
from agent_tui.server.endpoint import Endpoint, TooLarge, json, read_body
from agent_tui.server.service import Service, address
from agent_tui.server.streams import Seat
from agent_tui.server.uploads import Upload
from agent_tui.server.web_api import web_inbox

SECONDS = 300  # in which a file must arrive
AT_ONCE = 3  # of one visitor or account
ADDRESS_AT_ONCE = 30
ALL_AT_ONCE = 64  # in this process: what they hold in memory stays bounded
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
# Whatever it is, it runs nothing, loads nothing, and is not of this origin.
_HARMLESS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "private, max-age=86400, immutable",
}


class UploadsApi:
    """Handlers; the state is the service's."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        how = "the body is its bytes; once per id"
        return [
            Endpoint(
                "POST",
                "/v1/web/{inbox}/files",
                self.take_visitors,
                f"A picture or file of a visitor; {how}",
                auth="visitor",
                answer=FileAnswer,
                query=("id", "name"),
                takes_bytes=True,
            ),
            Endpoint(
                "POST",
                "/v1/files",
                self.take_agents,
                f"A picture or file of an agent; {how}",
                auth="agent",
                answer=FileAnswer,
                query=("id", "name"),
                takes_bytes=True,
            ),
            Endpoint(
                "GET",
                "/files/{id}/{name}",
                self.give,
                "A file, for whoever knows its address; pictures are shown, all else is saved",
                media=uploads.OTHER,
            ),
        ]

    async def take_visitors(self, request: Request) -> Response:
        """Durable before it is answered; the address then goes into a message."""
        web_inbox(self._service, request)
        visitor = await self._service.visitor(request)
        tested = await self._service.is_load_test(request)
        limits = [("visitor_files", str(visitor))]
        seats: list[Seat] = [("upload", visitor, AT_ONCE)]
        if not tested:
            limits.append(("address_files", address(request)))
            seats.append(("upload of address", address(request), ADDRESS_AT_ONCE))
        return await self._take(request, f"visitor:{visitor}", limits, seats)

    async def take_agents(self, request: Request) -> Response:
        """The same."""
        agent = await self._service.agent(request)
        seats: list[Seat] = [("upload", agent.id, AT_ONCE)]
        return await self._take(request, f"agent:{agent.id}", [("agent_files", agent.id)], seats)

    async def _take(
        self, request: Request, owner: str, limits: list[tuple[str, str]], seats: list[Seat]
    ) -> Response:
        service, database = self._service, self._service.database
        key = request.query_params.get("id", "")
        if not key or len(key) > 64:
            raise UsageError(Both("id 要有 1 到 64 个字符", "id has 1 to 64 characters"))
        found = await anyio.to_thread.run_sync(uploads.find, database, owner, key)
        if found is None:
            for name, caller in limits:
                service.limits.take(name, caller)
            with service.streams.held([*seats, ("uploads", "", ALL_AT_ONCE)]):
                body = await self._body(request)
                found = await anyio.to_thread.run_sync(
                    lambda: uploads.save(
                        database,
                        owner,
                        key,
                        request.query_params.get("name", ""),
                        body,
                        at=now_ms(),
                        most=service.config.files.total_bytes,
                    )
                )
        return json(
            FileAnswer(found.name, found.media, found.size, root(service, request) + found.path)
        )

    async def _body(self, request: Request) -> bytes:
        most = self._service.config.files.file_bytes
        if not most:
            raise UsageError(
                Both("这里不收文件", "files are not taken here"),
                Both("请用文字说明", "say it in words"),
            )
        try:
            # Told beforehand, it is refused before any of it is read.
            if int(request.headers.get("content-length", "0")) > most:
                raise too_large(most)
            async with asyncio.timeout(SECONDS):
                body = await read_body(request, most)
        except TooLarge as error:
            raise too_large(most) from error
        except TimeoutError as error:
            raise UsageError(
                Both("文件传得太慢", "the file came too slowly"),
                Both("换个网络，或发小一点的", "use another network, or send a smaller one"),
            ) from error
        if not body:
            raise UsageError(Both("文件是空的", "the file is empty"))
        return body

    async def give(self, request: Request) -> Response:
        """Read from the database a slice at a time, so that slow readers cost little."""
        database = self._service.database
        found = await anyio.to_thread.run_sync(uploads.get, database, request.path_params["id"])
        if found is None:
            raise NotFound(
                Both("没有这个文件，或已过期删除", "there is no such file, or it has expired"),
                Both("请对方再发一次", "ask for it again"),
            )
        shown = found.media in uploads.PICTURES
        headers = _HARMLESS | {
            "ETag": f'"{found.sha256}"',
            "Content-Length": str(found.size),
            "Content-Disposition": f"{'inline' if shown else 'attachment'}; "
            f"filename*=UTF-8''{quote(found.name, safe='')}",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            del headers["Content-Length"]
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            return Response(headers=headers, media_type=found.media)
        return StreamingResponse(self._slices(found), headers=headers, media_type=found.media)

    async def _slices(self, upload: Upload) -> AsyncIterator[bytes]:
        database, start = self._service.database, 0
        while start < upload.size:
            piece = await anyio.to_thread.run_sync(uploads.part, database, upload.id, start)
            if not piece:
                return  # deleted amid reading: the length tells that it broke off
            start += len(piece)
            yield piece


def root(service: Service, request: Request) -> str:
    """The server as its customers reach it: as told, else as this request reached it. Raises
    UsageError."""
    told = service.config.server.public.rstrip("/")
    if told:
        return told
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise UsageError(Both("Host 看不懂", "the Host header cannot be read"))
    return f"{request.url.scheme}://{host}"


def too_large(most: int) -> TooLarge:
    """The refusal of a file over `most` bytes."""
    size = f"{most / 1024 / 1024:.3g} MB"
    return TooLarge(
        Both(f"文件超过 {size}", f"the file is over {size}"),
        Both("请压缩，或发小一点的", "compress it, or send a smaller one"),
    )

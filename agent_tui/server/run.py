"""`agent-tui serve`: listen, say where, stop cleanly."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from agent_tui.errors import ServerError
from agent_tui.hosts import is_loopback
from agent_tui.lang import Both
from agent_tui.server import app as application
from agent_tui.server import occupancy, streams
from agent_tui.server.hub import Hub
from agent_tui.server.setup import DataFolder, administration

GRACE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Listen:
    """Where and how to listen."""

    host: str
    port: int
    certfile: Path | None = None
    keyfile: Path | None = None
    behind_proxy: bool = False

    @property
    def scheme(self) -> str:
        return "https" if self.certfile else "http"


def check(listen: Listen) -> None:
    """Raises ServerError unless passwords and tokens stay private on this address."""
    for path in (listen.certfile, listen.keyfile):
        if path is not None and not path.is_file():
            raise ServerError(
                Both(f"没有文件 {path}", f"there is no file {path}"),
                Both("检查证书路径", "check the certificate's path"),
            )
    if listen.certfile or listen.behind_proxy or is_loopback(listen.host):
        return
    raise ServerError(
        Both(
            f"不在 {listen.host} 上明文监听", f"will not listen on {listen.host} without encryption"
        ),
        Both(
            "给出 --certfile 和 --keyfile；前面有终止 TLS 的代理时用 --behind-proxy",
            "give --certfile and --keyfile, or --behind-proxy if a proxy in front does TLS",
        ),
    )


class _Server(uvicorn.Server):
    """uvicorn, but open streams end as soon as it is told to stop."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: Any) -> None:
        """A signal: end the streams, then stop as usual."""
        self._hub.close()
        super().handle_exit(sig, frame)

    def stop(self) -> None:
        """The same, asked for from any thread of the program itself."""
        self._hub.close_soon()
        self.should_exit = True


def serve(
    folder: DataFolder,
    listen: Listen,
    ready: Callable[[str], None],
    beside: Callable[[str, Callable[[], None]], None] | None = None,
) -> None:
    """Serve until a signal. `ready` gets the base address once the socket listens; `beside`, if
    given, gets it and a function that stops the server, before the first request is served.

    Raises ServerError if the port is taken or the address is not allowed.
    """
    check(listen)
    with administration(folder) as (database, writer):
        folder.publish(database, writer)
    with contextlib.closing(folder.open()) as database:
        asgi, service = application.build(folder.config, database, folder.content)
        sock = _bind(listen)
        streams.bound(sock, folder.config.server.stall_seconds)
        port = sock.getsockname()[1]
        config = uvicorn.Config(
            asgi,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=75,
            ssl_certfile=str(listen.certfile) if listen.certfile else None,
            ssl_keyfile=str(listen.keyfile) if listen.keyfile else None,
            proxy_headers=listen.behind_proxy,
            server_header=False,
            http=streams.impatient(folder.config.server.stall_seconds),
            h11_max_incomplete_event_size=65_536,
        )
        server = _Server(config, service.hub)
        shown = f"[{listen.host}]" if ":" in listen.host else listen.host
        address = f"{listen.scheme}://{shown}:{port}"
        logging.getLogger(__name__).info("listening on %s", address)
        ready(address)
        if beside is not None:
            beside(address, server.stop)
        with occupancy.serving(database):
            server.run(sockets=[sock])


def _bind(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listen.host, listen.port))
        sock.listen(2048)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise ServerError(
                Both(f"端口 {listen.port} 已被占用", f"port {listen.port} is in use"),
                Both(
                    "换一个端口：--port 0 会自动选空闲端口",
                    "choose another: --port 0 takes a free one",
                ),
            ) from error
        raise ServerError(
            Both(
                f"不能监听 {listen.host}:{listen.port}：{error.strerror}",
                f"cannot listen on {listen.host}:{listen.port}: {error.strerror}",
            ),
            Both("检查地址", "check the address"),
        ) from error
    return sock

"""`serve`, `demo` and `practice`."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import typer

from agent_tui.cli import output
from agent_tui.cli.output import words
from agent_tui.cli.served import Data, Database, data_folder

SWITCH_SECONDS = 0.0005  # Python's own is ten times that

Fresh = Annotated[
    bool, typer.Option("--fresh", help=words("从头开始", "forget what was done there before"))
]


def serve(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help=words("监听地址", "address to listen on"))
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=words("端口；0 为任意", "port; 0 takes a free one")),
    ] = None,
    certfile: Annotated[
        Path | None, typer.Option(help=words("TLS 证书", "TLS certificate"))
    ] = None,
    keyfile: Annotated[Path | None, typer.Option(help=words("TLS 私钥", "its key"))] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy", help=words("前面的代理负责 TLS", "a proxy in front does TLS")
        ),
    ] = False,
    database: Database = None,
) -> None:
    """Serve agents and customers until a signal."""
    import logging
    import sys

    from agent_tui.cli import edge
    from agent_tui.server import run, setup

    # The writer gives the interpreter up at every statement: it must not wait long to get it back
    # from a busy event loop.
    sys.setswitchinterval(SWITCH_SECONDS)

    edge.log_to_stderr(logging.INFO)
    # Before the server takes signals over: being told to stop is a clean end at any moment.
    signal.signal(signal.SIGTERM, _stop)
    folder = setup.open_existing(data_folder(data), database)
    settings = folder.config.server
    listen = run.Listen(
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        certfile=certfile,
        keyfile=keyfile,
        behind_proxy=behind_proxy,
    )
    run.serve(folder, listen, _ready)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _ready(address: str) -> None:
    """One line on stdout, for people and for programs that wait for it."""
    import sys

    output.say(f"ready {address}")
    sys.stdout.flush()


def demo(fresh: Fresh = False) -> None:
    """A server with scripted customers, and the workstation."""
    _play("demo", fresh)


def practice(fresh: Fresh = False) -> None:
    """Serve scripted customers against the clock; no account, no network."""
    _play("practice", fresh)


def _play(kind: Literal["demo", "practice"], fresh: bool) -> None:
    from agent_tui.cli import edge
    from agent_tui.practice.session import run

    edge.leave_log_file()
    raise SystemExit(run(kind, fresh=fresh))

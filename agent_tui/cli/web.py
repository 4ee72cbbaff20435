"""`web`: the workstation in a browser on this machine."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from typing import Annotated

import typer

from agent_tui import lang
from agent_tui.cli import output
from agent_tui.cli.output import words
from agent_tui.errors import DeskError, UsageError
from agent_tui.hosts import is_loopback
from agent_tui.lang import Both

Host = Annotated[str, typer.Option(help=words("监听地址", "address to listen on"))]
Port = Annotated[int, typer.Option(min=1, max=65535, help=words("端口", "port"))]
AllowRemote = Annotated[
    bool,
    typer.Option("--allow-remote", help=words("允许别的机器连接", "let other machines connect")),
]
Demo = Annotated[
    bool,
    typer.Option("--demo", help=words("演示，而不是自己的账号", "the demo, not one's account")),
]


def web(
    host: Host = "127.0.0.1",
    port: Port = 8643,
    allow_remote: AllowRemote = False,
    demo: Demo = False,
) -> None:
    """Serve this profile's workstation to a browser, until Ctrl+C."""
    from agent_tui import bootstrap
    from agent_tui.cli import edge

    remote = not is_loopback(host)
    if remote and not allow_remote:
        raise UsageError(
            Both(f"{host} 不是本机地址", f"{host} is not an address of this machine alone"),
            Both(
                "拿到链接的人就能以你的名义回复客户，而且没有加密。"
                "从别处用请走 ssh -L；确实要开放，加 --allow-remote",
                "whoever has the link answers customers in your name, and nothing is encrypted. "
                "From elsewhere use ssh -L; if you mean it, add --allow-remote",
            ),
        )
    if not demo:
        bootstrap.require_login(bootstrap.default_profile())
    try:
        from agent_tui.cli.web_page import Page
    except ImportError as error:
        raise UsageError(
            Both("没有安装浏览器支持", "the parts for a browser are not installed"),
            Both("pip install 'agent-tui[web]'", "pip install 'agent-tui[web]'"),
        ) from error
    edge.leave_log_file()
    page = Page(_command(demo=demo), host, port)
    if remote:
        output.note(
            str(
                Both(
                    "注意：没有加密，同一网络里的人能看到内容和链接",
                    "Beware: nothing is encrypted; others on the network can read it and the link",
                )
            )
            + "\n"
        )
    try:
        page.serve()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unheard(host, port, error) from None


def _unheard(host: str, port: int, error: OSError) -> DeskError:
    """Why nobody could connect."""
    if error.errno == errno.EADDRINUSE:
        return DeskError(
            Both(f"端口 {port} 已被占用", f"port {port} is in use"),
            Both("用 --port 换一个", "choose another with --port"),
        )
    number = error.errno or 0  # below 0: the name of the host is not known
    why = os.strerror(number) if number > 0 else error.strerror
    return DeskError(
        Both(f"不能监听 {host}:{port}：{why}", f"cannot listen on {host}:{port}: {why}"),
        Both("检查地址", "check the address"),
    )


def _command(*, demo: bool) -> str:
    """What runs for each tab, for a shell."""
    parts = [sys.executable, "-P", "-m", "agent_tui", "--lang", lang.current()]
    return shlex.join([*parts, "demo"] if demo else parts)

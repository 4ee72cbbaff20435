"""`login` and `logout`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import output
from agent_tui.cli.output import words
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.bootstrap import Login
    from agent_tui.domain.protocol import LoginAnswer, LoginRequest
    from agent_tui.paths import Profile

LOCAL = ("localhost", "127.0.0.1", "[::1]")


def login(
    url: Annotated[str, typer.Argument(metavar="URL", help=words("服务端地址", "the server"))],
    name: Annotated[str, typer.Option(help=words("账号", "your account"))] = "",
    invite: Annotated[
        str, typer.Option(metavar="CODE", help=words("邀请码；同时设定密码", "accept an invite"))
    ] = "",
    show_as: Annotated[
        str, typer.Option(help=words("显示的名字（配合邀请码）", "name to show (with an invite)"))
    ] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=words("从标准输入读密码", "password on stdin"))
    ] = False,
) -> None:
    """Log this profile in to a server."""
    from agent_tui import bootstrap

    found = enter(
        bootstrap.default_profile(),
        url,
        name=name,
        invite=invite,
        show_as=show_as,
        password_stdin=password_stdin,
    )
    output.say(Both(f"已登录：{found.agent.name}", f"logged in as {found.agent.name}"))


def enter(
    profile: Profile,
    url: str,
    *,
    name: str = "",
    invite: str = "",
    show_as: str = "",
    password_stdin: bool = False,
) -> Login:
    """Ask for what is missing, log in, remember it in `profile`. Raises WireError, UsageError."""
    from agent_tui import bootstrap
    from agent_tui.cli import outboxes
    from agent_tui.domain.protocol import LoginRequest

    base = address(url)
    if not invite and not name:
        if password_stdin or not output.is_tty():
            raise UsageError(
                Both("没有账号", "no account given"),
                Both("给出 --name 或 --invite", "give --name or --invite"),
            )
        name = output.answer(Both("账号：", "account:"))
    password = _password(password_stdin, new=bool(invite))
    request = LoginRequest(password=password, login=name, invite=invite, name=show_as)
    answer = asyncio.run(_call(base, request))
    outboxes.hand_over(profile, answer.agent.id)
    found = bootstrap.Login(base, answer.token, answer.agent, answer.expires_at)
    bootstrap.write_login(profile, found)
    return found


def address(url: str) -> str:
    """`url` as a base address; https if it names no scheme, except here. Raises UsageError."""
    from urllib.parse import urlsplit

    text = url.strip()
    if "://" not in text:
        local = text.split("/")[0].rsplit(":", 1)[0] in LOCAL
        text = f"{'http' if local else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            Both(f"不是地址：{url}", f"not an address: {url}"),
            Both("例如 https://desk.example.com", "for example https://desk.example.com"),
        )
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        output.note(
            Both(
                "注意：连接未加密，密码可被同一网络上的人看到",
                "mind: without encryption others on the network can read the password",
            )
        )
    return text.rstrip("/")


async def _call(base: str, request: LoginRequest) -> LoginAnswer:
    from agent_tui.sync.http import HttpWire

    wire = HttpWire(base)
    try:
        return await wire.login(request)
    finally:
        await wire.close()


def _password(from_stdin: bool, *, new: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not output.is_tty():
        raise UsageError(
            Both("没有密码", "no password given"),
            Both("用 --password-stdin 从标准输入给出", "pass it on stdin with --password-stdin"),
        )
    import getpass

    first = getpass.getpass(str(Both("新密码：" if new else "密码：", "password: ")))
    if new and getpass.getpass(str(Both("再输一次：", "again: "))) != first:
        raise UsageError(
            Both("两次输入不一样", "the two do not match"), Both("再试一次", "try again")
        )
    return first


def logout(
    yes: Annotated[bool, typer.Option("--yes", help=words("不询问", "do not ask"))] = False,
) -> None:
    """End this login and wipe the cache. What was not sent stays in the outbox."""
    from agent_tui import bootstrap
    from agent_tui.cli import outboxes

    profile = bootstrap.default_profile()
    found = bootstrap.require_login(profile)
    waiting = 0 if yes else outboxes.unsent(profile)
    if waiting:
        output.note(
            Both(
                f"有 {waiting} 项没有发送；退出后留在本机，再登录时继续",
                f"{waiting} things are not sent; they stay here and go on when you log in again",
            )
        )
        if not (output.is_tty() and output.confirmed(Both("仍要退出？", "log out?"))):
            output.note(
                Both("没有退出；加 --yes 可直接退出", "still logged in; --yes does not ask")
            )
            raise typer.Exit(1)
    told = asyncio.run(_revoke(found))
    bootstrap.forget_login(profile)
    output.say(Both("已退出", "logged out"))
    if not told:
        output.note(
            Both(
                "没能通知服务端；那边的登录到期后失效",
                "the server could not be told: there the login ends when it expires",
            )
        )


async def _revoke(found: Login) -> bool:
    """Whether the server knows now; a login that it no longer knows counts."""
    from agent_tui.errors import Unauthorized, WireError
    from agent_tui.sync.http import HttpWire

    wire = HttpWire(found.url, found.token)
    try:
        await wire.logout()
    except Unauthorized:
        return True
    except WireError:
        return False
    finally:
        await wire.close()
    return True

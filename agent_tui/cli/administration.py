"""`init`, `user`, `invite`, `team`, `load-token`: on the data folder, served or not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import output
from agent_tui.cli.naming import of_agents, one
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.served import (
    Data,
    Database,
    administering,
    check_id,
    data_folder,
    exists,
    team_of,
)
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Agent, Role, Team
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.served_shapes import Account as Entry
    from agent_tui.server.setup import DataFolder
    from agent_tui.server.writer import Writer

RESERVED = frozenset({"me", "none", "system", "customer"})
HOUR_MS = 3600 * 1000

Account = Annotated[str, typer.Argument(metavar="NAME", help=words("账号", "the account"))]

user = typer.Typer(no_args_is_help=True, help=words("坐席账号", "Accounts."))
team = typer.Typer(no_args_is_help=True, help=words("团队", "Teams."))


# --- the folder ----------------------------------------------------------------------------------


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=words("新建的目录", "to make"))],
    database: Database = None,
) -> None:
    """Make a data folder: settings, knowledge, macros, teams, one web inbox."""
    import logging

    from agent_tui.cli import edge
    from agent_tui.server import setup

    edge.log_to_stderr(logging.WARNING)
    made = setup.create(folder.expanduser(), database)
    output.say(Both(f"数据目录已就绪：{made.root}", f"the data folder is ready: {made.root}"))
    output.note(
        Both(
            f"接下来：agent-tui user add 账号 --role admin --data {folder}\n"
            f"        agent-tui serve --data {folder}",
            f"next: agent-tui user add NAME --role admin --data {folder}\n"
            f"      agent-tui serve --data {folder}",
        )
    )


# --- accounts ------------------------------------------------------------------------------------


@user.command("add", help=words("新建账号", "Make an account; prints a one-time invite."))
def user_add(
    account: Account,
    role: Annotated[Role, typer.Option(help=words("角色", "what it may do"))] = Role.AGENT,
    teams: Annotated[
        list[str] | None,
        typer.Option("--team", metavar="TEAM", help=words("所属团队，可重复", "repeat for more")),
    ] = None,
    name: Annotated[str, typer.Option(help=words("显示的名字", "the name to show"))] = "",
    capacity: Annotated[
        str,
        typer.Option(
            metavar="LOAD",
            help=words(
                "同时接待的负载；default 用店铺的，组长和管理员不写为 0",
                "load at a time; default: the shop's; leads and admins have 0 unless told",
            ),
        ),
    ] = "",
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help=words("从标准输入读密码，不发邀请码", "read a password instead of inviting"),
        ),
    ] = False,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.staff import load_of
    from agent_tui.server import accounts
    from agent_tui.text import clean_line

    leads = role in (Role.LEAD, Role.ADMIN)
    # Who leads opens the desk to look at the queue, not to be given chats at once.
    load = load_of(capacity) if capacity else 0.0 if leads else None
    check_id(account, r"[\w.@-]{1,40}", RESERVED)
    # Two lines on stdin must not become two meanings: the password is the first.
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    if password_stdin:
        accounts.check_password(password)
    with administering(data, database) as (folder, writer):
        if AgentId(account) in writer.directory.agents:
            raise exists(Both("账号", "account"), account)
        works = tuple(team_of(key, writer) for key in teams or ())
        agent = Agent(
            id=AgentId(account),
            name=clean_line(name) or account,
            role=role,
            teams=works,
            capacity=load,
        )
        writer.run_now(accounts.save_agent(agent))
        if password_stdin:
            writer.run_now(accounts.set_password(agent.id, password))
            _invited(account, "", 0, json)
        else:
            _invite(folder, writer, agent.id, json)
    if not teams and role in (Role.AGENT, Role.LEAD):
        output.note(
            Both(
                "提醒：没有团队的坐席看不到任何会话",
                "mind: an account without a team sees no conversation",
            )
        )
    elif leads and not capacity and teams:
        output.note(
            Both(
                f"{account} 不会自动进线，会话自己认领；要自动进线："
                f"agent-tui user set {account} --capacity default",
                f"{account} takes chats, and is given none; to be given some: "
                f"agent-tui user set {account} --capacity default",
            )
        )


@user.command("disable", help=words("停用账号", "Close an account and end its logins."))
def user_disable(
    account: Account,
    yes: Annotated[bool, typer.Option("--yes", help=words("不询问", "do not ask"))] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    from agent_tui.server import accounts

    with administering(data, database) as (_, writer):
        agent = agent_of(account, writer)
        question = Both(f"停用 {agent.name}（{agent.id}）？", f"disable {agent.name} ({agent.id})?")
        if not yes and output.is_tty() and not output.confirmed(question):
            raise typer.Exit(1)
        writer.run_now(accounts.disable(agent))
    output.say(Both(f"已停用 {agent.id}", f"{agent.id} is disabled"))


@user.command("enable", help=words("重新启用账号", "Open a disabled account again."))
def user_enable(account: Account, data: Data = None, database: Database = None) -> None:
    import msgspec

    from agent_tui.server import accounts

    with administering(data, database) as (_, writer):
        agent = agent_of(account, writer)
        writer.run_now(accounts.save_agent(msgspec.structs.replace(agent, disabled=False)))
    output.say(Both(f"已启用 {agent.id}", f"{agent.id} is enabled"))


@user.command("reset", help=words("重置密码", "Forget the password, end logins, invite again."))
def user_reset(
    account: Account, data: Data = None, database: Database = None, json: Json = False
) -> None:
    from agent_tui.server import accounts

    with administering(data, database) as (folder, writer):
        agent = agent_of(account, writer)
        writer.run_now(accounts.forget_password(agent.id))
        _invite(folder, writer, agent.id, json)


@user.command("list", help=words("列出账号", "Every account."))
def user_list(data: Data = None, database: Database = None, json: Json = False) -> None:
    from agent_tui.cli.served_shapes import Account as Entry
    from agent_tui.server import auth, setup

    folder = setup.open_existing(data_folder(data), database)
    with setup.administration(folder) as (db, writer):
        found = [
            Entry(
                id=agent.id,
                name=agent.name,
                role=agent.role,
                teams=[str(key) for key in agent.teams],
                disabled=agent.disabled,
                password=auth.stored_password(db, agent.id) is not None,
            )
            for agent in sorted(writer.directory.agents.values(), key=lambda each: each.id)
        ]
    output.listing(found, json, _account_line)


def _account_line(account: Entry) -> str:
    state = str(Both("停用", "disabled")) if account.disabled else ""
    if not account.password and not state:
        state = str(Both("未设密码", "no password yet"))
    fields = (account.id, account.role, ",".join(account.teams) or "-", account.name, state)
    return "  ".join(fields).rstrip()


def invite(
    account: Account, data: Data = None, database: Database = None, json: Json = False
) -> None:
    """Print a one-time code with which an account sets its password."""
    with administering(data, database) as (folder, writer):
        _invite(folder, writer, agent_of(account, writer).id, json)


def _invite(folder: DataFolder, writer: Writer, account: AgentId, json: bool) -> None:
    from agent_tui.server import accounts
    from agent_tui.server.clock import now_ms

    hours = folder.config.server.invite_hours
    code, job = accounts.invite(account, hours)
    writer.run_now(job)
    _invited(account, code, now_ms() + hours * HOUR_MS, json)


def _invited(account: str, code: str, expires_at: int, json: bool) -> None:
    from agent_tui.cli.served_shapes import InviteIssued

    if json:
        output.document(InviteIssued(account, code, expires_at))
    elif code:
        output.say(code)
        output.note(
            Both(
                f"{account} 的邀请码，只能用一次：agent-tui login 地址 --invite {code}",
                f"the invite for {account}, good for once: agent-tui login URL --invite {code}",
            )
        )
    else:
        output.say(Both(f"已建账号 {account}", f"made the account {account}"))


# --- teams, load tests ---------------------------------------------------------------------------


@team.command("add", help=words("新建团队", "Make a team."))
def team_add(
    key: Annotated[str, typer.Argument(metavar="ID", help=words("编号", "its id"))],
    name: Annotated[str, typer.Option(help=words("中文名", "its name in Chinese"))],
    name_en: Annotated[str, typer.Option(help=words("英文名", "its name in English"))],
    data: Data = None,
    database: Database = None,
) -> None:
    from agent_tui.domain import events as e
    from agent_tui.server.workspace import ChangeWorkspace
    from agent_tui.text import clean_line

    check_id(key, r"[a-z0-9][a-z0-9-]{0,39}")
    with administering(data, database) as (_, writer):
        if TeamId(key) in writer.directory.teams:
            raise exists(Both("团队", "team"), key)
        made = Team(TeamId(key), clean_line(name), clean_line(name_en))
        writer.run_now(ChangeWorkspace([e.TeamSaved(made)]))
    output.say(Both(f"已建团队 {key}", f"made the team {key}"))


def load_token(
    hours: Annotated[
        int, typer.Option(min=1, max=720, help=words("有效小时数", "how long it is good for"))
    ] = 4,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Print a token that lifts the per-address limits for a load test."""
    from agent_tui.cli.served_shapes import TokenIssued
    from agent_tui.server import accounts
    from agent_tui.server.clock import now_ms

    with administering(data, database) as (_, writer):
        token, job = accounts.load_token(hours)
        writer.run_now(job)
    if json:
        output.document(TokenIssued(token, now_ms() + hours * HOUR_MS))
        return
    output.say(token)
    output.note(
        Both(
            f"{hours} 小时内有效：AGENT_TUI_LOAD_TOKEN=... agent-tui replay 文件 --to 地址",
            f"good for {hours} h: AGENT_TUI_LOAD_TOKEN=... agent-tui replay FILE --to URL",
        )
    )


def agent_of(account: str, writer: Writer) -> Agent:
    """The account of this id or name. Raises NotFound, UsageError."""
    agents = writer.directory.agents
    return agents[AgentId(one(Both("账号", "account"), account, of_agents(agents.values())))]

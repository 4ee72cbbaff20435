"""The commands, by name. Help texts are in the language in use when this is imported."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agent_tui import __version__
from agent_tui.cli import (
    account,
    administration,
    auditing,
    canned,
    doctor,
    history,
    inboxes,
    keys,
    knowledge,
    lead,
    mailboxes,
    moving,
    ordering,
    output,
    phoning,
    replaying,
    rules,
    sending,
    serving,
    staff,
    tour,
    web,
    wechat,
    work,
)
from agent_tui.cli.output import words

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        output.say(f"agent-tui {__version__}")
        raise typer.Exit


@app.callback(
    help=words(
        "终端里的客服工作台。不带命令时打开工作台。",
        "Customer service in the terminal. Without a command it opens the workstation.",
    )
)
def options(
    lang: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(help=words("界面语言（写在命令前）", "language; before the command")),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_say_version,
            is_eager=True,
            help=words("显示版本", "print the version"),
        ),
    ] = False,
) -> None:
    """Both were dealt with before Typer ran."""


app.command("demo", help=words("看演示", "A server with scripted customers, and the workstation."))(
    serving.demo
)
app.command(
    "practice", help=words("练习接待，不联网", "Serve scripted customers against the clock.")
)(serving.practice)
app.command("tour", help=words("三分钟导览", "A guided tour of three minutes."))(tour.tour)
app.command("web", help=words("在浏览器里打开工作台", "The workstation in a browser."))(web.web)
app.command("login", help=words("登录到服务端", "Log in to a server."))(account.login)
app.command("logout", help=words("退出登录", "Log out and wipe the cache; the outbox stays."))(
    account.logout
)
app.command("queue", help=words("列出会话，最急的在前", "List conversations, most urgent first."))(
    work.queue
)
app.command("show", help=words("显示一个会话", "Print a conversation."))(work.show)
app.command("send", help=words("回复客户或写备注", "Reply to a customer, or leave a note."))(
    sending.send
)
app.command("phone", help=words("记一通电话", "Note a telephone call."))(phoning.phone)
app.command("assign", help=words("转给坐席或团队", "Give a conversation to an agent or a team."))(
    moving.assign
)
app.command(
    "reassign", help=words("批量改派一个坐席的会话", "Move an agent's chats, with a dry run.")
)(moving.reassign)
app.command(
    "tray", help=words("列出待处理的内容：没发出去的，和原因", "List what was not sent, and why.")
)(work.tray)
app.command("agents", help=words("列出坐席和负载", "List agents, their load and their waits."))(
    lead.agents
)
app.command("teams", help=words("列出团队和队列", "List teams and their queues."))(lead.teams)
app.command("presence", help=words("设置在线状态", "Say whether an agent takes chats."))(
    lead.presence
)
app.command("surge", help=words("开关高峰支援", "Call everybody to a team, or end it."))(lead.surge)
app.command("audit", help=words("谁在何时做了什么", "Who did what when."))(auditing.audit)
app.add_typer(history.history, name="history")
app.add_typer(knowledge.kb, name="kb")
app.add_typer(canned.macros, name="macros")
app.add_typer(rules.rules, name="rules")
app.command("keys", help=words("列出全部按键", "List every intent and its key."))(keys.keys)
app.command("doctor", help=words("检查本机状况", "Check this installation."))(doctor.doctor)
app.command("serve", help=words("运行服务端", "Run the server."))(serving.serve)
app.command("init", help=words("新建数据目录", "Make a server's data folder."))(administration.init)
staff.add_to(administration.user)
mailboxes.add_to(inboxes.inbox)
app.add_typer(administration.user, name="user")
app.command("invite", help=words("发邀请码", "Print a one-time invite for an account."))(
    administration.invite
)
wechat.add_to(inboxes.inbox)
app.add_typer(inboxes.inbox, name="inbox")
app.add_typer(administration.team, name="team")
app.command("load-token", help=words("压测令牌", "Print a token for load tests."))(
    administration.load_token
)
app.add_typer(ordering.server, name="server")
app.command("replay", help=words("重放顾客一侧的对话", "Play recorded customers to a server."))(
    replaying.replay
)

"""`inbox wechat`: a WeChat account is connected; what WeChat's form wants is printed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui.cli import output
from agent_tui.cli.addresses import check_outward
from agent_tui.cli.inboxes import Key
from agent_tui.cli.naming import missing
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.served import Data, Database, administering
from agent_tui.domain.ids import InboxId
from agent_tui.domain.model import Channel
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.channels.wechat.settings import WeChatSettings

APP_ID_CHARS = 64
SOMEWHERE = "https://desk.example.com"


def add_to(group: typer.Typer) -> None:
    """`inbox wechat` among the commands of `group`."""
    group.command("wechat", help=words("接入微信公众号或小程序", "Connect a WeChat account."))(
        connect
    )


def connect(
    key: Key,
    app_id: Annotated[
        str, typer.Option("--app-id", metavar="APPID", help=words("AppID", "the account's AppID"))
    ],
    secret_stdin: Annotated[
        bool,
        typer.Option(
            "--app-secret-stdin",
            help=words("从标准输入读 AppSecret", "the AppSecret on stdin"),
        ),
    ] = False,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help=words("也收明文模式的消息（不建议）", "take messages that are not encrypted, too"),
        ),
    ] = False,
    language: Annotated[
        Literal["zh", "en"],
        typer.Option(help=words("客户的语言", "the customers' language")),
    ] = "zh",
    api: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help=words("接口地址，如自己的网关", "the API, at a gateway of one's own"),
        ),
    ] = "",
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Store how the account is reached."""
    from agent_tui.channels.wechat.callback import ready
    from agent_tui.server.connecting import connect_wechat, settings
    from agent_tui.server.workspace import ChangeWorkspace

    app = app_id.strip()
    if not (0 < len(app) <= APP_ID_CHARS and app.isascii() and app.isalnum()):
        raise UsageError(Both(f"不是 AppID：{app_id}", f"not an AppID: {app_id}"), "wx0123456789ab")
    address = check_outward(api).rstrip("/") if api else ""
    if not plain:
        ready()
    with administering(data, database) as (folder, writer):
        found = writer.directory.inboxes.get(InboxId(key))
        if found is None:
            raise missing(Both("收件箱", "inbox"), key, writer.directory.inboxes)
        if found.channel is not Channel.WECHAT:
            raise UsageError(
                Both(f"{key} 不是微信收件箱", f"{key} is no WeChat inbox"),
                "agent-tui inbox add ID --channel wechat",
            )
        secret = _secret(secret_stdin)
        db = folder.open()
        known = settings(db, found.id)
        db.close()
        made, rows = connect_wechat(
            found.id, known, app=app, secret=secret, plain=plain, api=address, language=language
        )
        writer.run_now(ChangeWorkspace([], rows))
        public = folder.config.server.public
    tell(key, made, public, json)


def tell(key: str, made: WeChatSettings, public: str, json: bool) -> None:
    """Print what WeChat's form wants: address, Token, EncodingAESKey."""
    from agent_tui.cli.served_shapes import WeChatMade

    callback = f"{(public or SOMEWHERE).rstrip('/')}/v1/inbound/{key}"
    if json:
        output.document(WeChatMade(key, callback, made.token, made.key, made.plain))
        return
    output.say(f"URL             {callback}")
    output.say(f"Token           {made.token}")
    output.say(f"EncodingAESKey  {made.key}")
    if not public:
        output.note(
            Both(
                f"把 {SOMEWHERE} 换成客户访问服务端的地址（config.toml 的 server.public）",
                f"in place of {SOMEWHERE} your server's address (server.public in config.toml)",
            )
        )
    output.note(
        Both(
            "填进微信后台的“消息推送”，加密方式选“安全模式”；先让服务端跑起来，提交时微信会来核对",
            "paste these under “message push” at WeChat and choose the safe mode; the server must "
            "run by then, for WeChat tests the address",
        )
    )


def _secret(from_stdin: bool) -> str:
    if from_stdin:
        found = sys.stdin.readline()
    elif output.is_tty():
        import getpass

        found = getpass.getpass("AppSecret: ")
    else:
        found = ""
    if not found.strip():
        raise UsageError(
            Both("没有 AppSecret", "no AppSecret given"),
            Both(
                "用 --app-secret-stdin 从标准输入给出", "pass it on stdin with --app-secret-stdin"
            ),
        )
    return found.strip()

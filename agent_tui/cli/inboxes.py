"""`inbox`, `server outgoing`: how customers reach the shop, and what did not reach them."""

from __future__ import annotations

from typing import Annotated

import typer

from agent_tui.cli import output
from agent_tui.cli.addresses import check_outward
from agent_tui.cli.maintenance import server
from agent_tui.cli.naming import missing
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.served import Data, Database, administering, check_id, exists, team_of
from agent_tui.domain.ids import InboxId
from agent_tui.domain.model import Channel, Inbox
from agent_tui.errors import UsageError
from agent_tui.lang import Both

inbox = typer.Typer(no_args_is_help=True, help=words("收件箱", "Inboxes."))
Key = Annotated[str, typer.Argument(metavar="ID", help=words("编号", "its id"))]


@inbox.command("add", help=words("新建收件箱", "Make an inbox."))
def inbox_add(
    key: Key,
    to_team: Annotated[
        str,
        typer.Option("--team", metavar="TEAM", help=words("接待团队", "the team that serves it")),
    ],
    title: Annotated[str, typer.Option(help=words("中文名", "its name in Chinese"))],
    title_en: Annotated[str, typer.Option(help=words("英文名", "its name in English"))],
    channel: Annotated[
        Channel, typer.Option(help=words("渠道", "how it is reached"))
    ] = Channel.WEB,
    deliver_to: Annotated[
        str,
        typer.Option(
            metavar="URL", help=words("webhook：回复推送到哪里", "webhook: where replies go")
        ),
    ] = "",
    idempotent: Annotated[
        bool,
        typer.Option(
            "--idempotent",
            help=words(
                "webhook：对方按 Idempotency-Key 去重，结果不明可自动重发",
                "webhook: the receiver takes an Idempotency-Key once, so an unknown outcome may "
                "be tried again",
            ),
        ),
    ] = False,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    from agent_tui.domain import events as e
    from agent_tui.server.connecting import connect
    from agent_tui.server.workspace import ChangeWorkspace
    from agent_tui.text import clean_line

    check_id(key, r"[a-z0-9][a-z0-9-]{0,39}")
    _check_address(channel, deliver_to, idempotent)
    with administering(data, database) as (_, writer):
        team = team_of(to_team, writer)
        if InboxId(key) in writer.directory.inboxes:
            raise exists(Both("收件箱", "inbox"), key)
        made = Inbox(InboxId(key), channel, team, clean_line(title), clean_line(title_en))
        secret, rows = connect(made.id, deliver_to, idempotent) if deliver_to else ("", [])
        writer.run_now(ChangeWorkspace([e.InboxSaved(made)], rows))
    _made(key, secret, json)
    if channel is Channel.MAIL:
        next_step = f"agent-tui inbox mail {key}"
        output.note(Both(f"接上它的邮箱：{next_step}", f"connect its mailbox: {next_step}"))


@inbox.command("secret", help=words("换一个签名密钥", "Make a new signing secret."))
def inbox_secret(
    key: Key, data: Data = None, database: Database = None, json: Json = False
) -> None:
    from agent_tui.server.connecting import rekey, rekey_wechat, settings
    from agent_tui.server.workspace import ChangeWorkspace

    with administering(data, database) as (folder, writer):
        known = writer.directory.inboxes.get(InboxId(key))
        if known is None:
            raise missing(Both("收件箱", "inbox"), key, writer.directory.inboxes)
        db = folder.open()
        found = settings(db, known.id)
        db.close()
        if found is None or known.channel not in (Channel.WEBHOOK, Channel.WECHAT):
            raise UsageError(
                Both(f"{key} 没有签名密钥", f"{key} has no signing secret"),
                Both(
                    "只有接好的 webhook 和微信收件箱有",
                    "only a webhook or a connected WeChat inbox has one",
                ),
            )
        if known.channel is Channel.WECHAT:
            from agent_tui.cli.wechat import tell

            account, rows = rekey_wechat(known.id, found)
            writer.run_now(ChangeWorkspace([], rows))
            tell(key, account, folder.config.server.public, json)
            return
        secret, rows = rekey(known.id, found)
        writer.run_now(ChangeWorkspace([], rows))
    _made(key, secret, json)


@server.command("outgoing", help=words("没送达的回复", "Replies that did not arrive."))
def outgoing(data: Data = None, database: Database = None, json: Json = False) -> None:
    from agent_tui.cli.served_shapes import OutgoingEntry
    from agent_tui.server.outgoing import unfinished
    from agent_tui.tui import format as shown

    with administering(data, database) as (folder, _):
        db = folder.open()
        found = [
            OutgoingEntry(
                message=held.message,
                conversation=held.conversation,
                inbox=held.inbox,
                state=held.state,
                attempts=held.attempts,
                at=held.at,
                error=error,
            )
            for held, error in unfinished(db)
        ]
        db.close()
    if json:
        output.document(found)
        return
    for each in found:
        at = shown.local(each.at).strftime("%m-%d %H:%M")
        fields = (at, each.state, each.inbox, each.conversation, each.message, each.error)
        output.say("  ".join(fields).rstrip())


def _made(key: str, secret: str, json: bool) -> None:
    from agent_tui.cli.served_shapes import InboxMade

    if json:
        output.document(InboxMade(key, secret))
        return
    if not secret:
        output.say(Both(f"已建收件箱 {key}", f"made the inbox {key}"))
        return
    output.say(secret)
    output.note(
        Both(
            f"{key} 的签名密钥，只显示这一次；送入地址：/v1/inbound/{key}",
            f"the signing secret of {key}, shown this once; messages go to /v1/inbound/{key}",
        )
    )


def _check_address(channel: Channel, url: str, idempotent: bool) -> None:
    """Raises UsageError unless a webhook, and nothing else, has an address that is safe to use."""
    if channel is not Channel.WEBHOOK:
        if url or idempotent:
            raise UsageError(
                Both("--deliver-to 只用于 webhook", "--deliver-to is for a webhook"),
                "--channel webhook",
            )
        return
    if not url:
        raise UsageError(
            Both("webhook 要有 --deliver-to 地址", "a webhook needs an address to deliver to"),
            "--deliver-to https://shop.example/replies",
        )
    check_outward(url)

"""`agent-tui server orders`: whether the source of orders answers, before agents rely on it."""

from __future__ import annotations

import contextlib
import datetime
from typing import Annotated

import typer

from agent_tui import lang
from agent_tui.cli import output
from agent_tui.cli.maintenance import server as server
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.served import Data, data_folder
from agent_tui.errors import UsageError
from agent_tui.lang import Both


@server.command(
    "orders",
    help=words("试查一位客户的订单", "Look up one customer's orders in the shop's books."),
)
def orders(
    customer: Annotated[
        str,
        typer.Argument(
            metavar="CUSTOMER",
            help=words("客户在店铺里的编号或联系方式", "what the shop calls the customer"),
        ),
    ],
    data: Data = None,
    json: Json = False,
) -> None:
    from agent_tui.orders import words as order_words
    from agent_tui.orders.source import open_source
    from agent_tui.server import setup

    source = open_source(setup.open_existing(data_folder(data)).config.orders)
    if source is None:
        raise UsageError(
            Both("没有设置订单来源", "there is no source of orders"),
            Both("在 config.toml 的 [orders] 里设置 source", "set source in [orders], config.toml"),
        )
    with contextlib.closing(source):
        found = source.find(customer)
    if json:
        output.document(found)
        return
    today = datetime.datetime.now().astimezone().date().isoformat()
    for order in found:
        output.say(order_words.sentence(order, lang.current(), today))
    if not found:
        output.note(Both("没有订单", "no orders"))

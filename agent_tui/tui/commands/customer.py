"""The customer's card: seeing it, and putting what it says into a reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class InsertOrder(Intent):
    id = "insert_order"
    default_keys = "alt+i"
    title = Both("插入订单", "insert order")
    doc = Both(
        "把会话说到的（否则最近的）订单写进回复：单号、商品、金额、状态、快递；再按换下一单",
        "Write the order that the chat names, else the last one, into the reply; again: the next",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.card.insert_order()


class InsertField(Intent):
    id = "insert_field"
    letters = "I"
    title = Both("插入资料", "insert field")
    doc = Both(
        "从客户资料里选一项插入：订单号、运单号、金额、名字……",
        "Pick a value of the customer's card and insert it: order, parcel, amount, name ...",
    )
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.card.insert_field()

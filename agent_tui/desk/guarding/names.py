"""Whose a name or an order number is: one of another chat in a reply is the wrong customer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from agent_tui.desk.guarding.folding import Folded, fold

SHORTEST_NUMBER = 6
_HAN = re.compile(r"[\u3400-\u9fff]+")
_TITLES = ("先生", "女士", "小姐", "太太", "老师", "阿姨", "叔叔", "师傅", "同学", "夫人", "经理")
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭"
    "郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟"
    "平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江"
    "童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石"
    "崔吉钮龚程嵇邢滑裴陆荣翁荀羊甄曲家封芮靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊"
    "宫宁仇栾暴甘厉祖武符刘景詹束龙叶幸司黎薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟"
    "谭贡劳逄姬申扶堵冉宰郦雍桑桂濮牛寿通边扈燕冀浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖"
    "庾终暨居衡步都耿满弘匡国文寇广禄阙东欧利师巩聂关荆游权盖益桓公肖付代闫涂邸"
)
# Two-character words that begin like a name.
_WORDS_TEXT = """
谢谢 高兴 方便 时间 时候 安排 安全 安心 安装 平台 平时 平安 明天 明白 明细 明确 应该 应当 关于
关注 关系 成功 成本 成分 全部 全额 全新 全国 全程 包裹 包装 包邮 包含 包括 单号 单独 支付 支持
通知 通过 通常 任何 任务 周末 周一 周二 周三 周四 周五 周六 周日 金额 金牌 水果 水洗 温馨 温水
温柔 文件 文字 方法 方式 方案 方向 解决 解释 计划 经过 经常 经理 左右 左边 马上 常见 常用 常温
有效 别的 别人 都是 能够 能否 于是 东西 元旦 云南 江苏 白色 黄色 蓝色 红色 国内 国庆 家里 家居
家人 车间 向您 和您 满意 满减 何时 利用 利益 步骤 终于 充电 充值 容易 容量 连接 连续 古典 易碎
慎重 从未 双方 双倍 通用 阳光 快乐 高峰 高级 高度 石头 花朵 花色 万分 万一 强烈 路上 项目 席位
师傅 公司 公式 广告 居家 尚未 边框 边角 管理 房间 洪水 程序 曲线 封面 松紧 段时 富有 全天 班车
秋季 夏季 秋天 冬季 夏天 龙头 叶子 司机 印花 印刷 宿舍 白天 池子 闻到 党员 申请 扶手 桑蚕 桂花
牛奶 牛仔 寿命 燕麦 农历 庄重 柴火 鱼缸 向上 多谢 米色 米白 贝壳 计算 成交 成人 成都 谈话 项链
祝您 祝福 祝愿 梁柱 季节 麻烦 强调 路线 危险 童装 颜色 梅雨 盛夏 林业 钟表 田间 胡须 万能 支架
经典 解答 应急 宗旨 宣传 单位 单价 单件 石材 吉祥 程度 羊毛 曲奇 家长 家具 家电 山东 山西 谷物
车辆 全场 仰卧 宫廷 宁静 武汉 符合 景色 束缚 幸运 幸福
"""
_WORDS = frozenset(_WORDS_TEXT.split())
# Latin names that are words as well: only as an address.
_LATIN_WORDS_TEXT = """
will may mark grace hope joy rose faith bill sunny summer autumn april june august art rich
frank pat sue rob jack jean dawn ivy lily daisy amber ruby pearl crystal angel star sky rain sun
moon happy lucky honey candy cherry peach apple orange berry ray gene guy don max van drew chase
miles victor chuck wade dean earl duke king prince queen stone page young white black brown
green gray grey long short good best new one may me you love baby family home user guest
customer test admin web shop the and for order china
"""
_LATIN_WORDS = frozenset(_LATIN_WORDS_TEXT.split())
_GREETING = re.compile(
    r"(?:dear|hi|hello|hey|mr\.?|mrs\.?|ms\.?|miss|thanks|morning|evening)[ ,]+$"
)


class Whose(NamedTuple):
    """A chat's customer: the name as it is shown, and the numbers that are theirs."""

    name: str
    numbers: frozenset[str] = frozenset()


class Crossed(NamedTuple):
    """What is another customer's, whose it is, and where it stands."""

    found: str
    name: str
    start: int
    end: int


class Others:
    """The customers of all other open chats, prepared for looking through a text."""

    def __init__(self, chats: Iterable[Whose]) -> None:
        self._han: dict[str, str] = {}
        self._latin: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        for chat in chats:
            name = chat.name.strip()
            folded = fold(name)
            if is_han_name(name):
                self._han[folded.tight] = name
            elif is_latin_name(name):
                self._latin[folded.plain.strip()] = name
            for number in chat.numbers:
                if len(number) >= SHORTEST_NUMBER:
                    self._numbers[number] = name

    def find(self, folded: Folded, here: Whose, said: Callable[[], str]) -> list[Crossed]:
        """What of theirs is in a text and not in the chat `here`, of which `said` is everything
        written there."""
        found = [*self._names(folded), *self._of_numbers(folded)]
        if not found:
            return []
        known = fold(f"{here.name}\n{said()}")
        tight = known.tight
        return [
            each
            for each in found
            if each.found not in here.numbers
            and each.found not in tight
            and each.found not in known.plain
        ]

    def _names(self, folded: Folded) -> Iterable[Crossed]:
        letters = set(folded.plain)
        for key, name in self._han.items():
            if key[0] in letters and (at := folded.tight.find(key)) >= 0:
                yield Crossed(key, name, *folded.in_tight(at, at + len(key)))
        for key, name in self._latin.items():
            if key[0] in letters and (at := _whole_word(folded.plain, key)) >= 0:
                yield Crossed(key, name, *folded.in_plain(at, at + len(key)))

    def _of_numbers(self, folded: Folded) -> Iterable[Crossed]:
        runs = " ".join(_RUN.findall(folded.tight))
        if not runs:
            return
        for number, name in self._numbers.items():
            if number in runs and (at := _whole_number(folded.tight, number)) >= 0:
                yield Crossed(number, name, *folded.in_tight(at, at + len(number)))


_RUN = re.compile(rf"[a-z0-9]{{{SHORTEST_NUMBER},}}")


def _whole_number(tight: str, number: str) -> int:
    """Where `number` stands and is not a part of a longer one; -1 if nowhere."""
    at = tight.find(number)
    while at >= 0:
        before, after = tight[at - 1 : at] if at else "", tight[at + len(number) :][:1]
        if not (before.isdigit() and number[0].isdigit()) and not (
            after.isdigit() and number[-1].isdigit()
        ):
            return at
        at = tight.find(number, at + 1)
    return -1


def _whole_word(plain: str, key: str) -> int:
    """Where `key` stands as whole words; words that are also a name only behind a greeting."""
    at = plain.find(key)
    while at >= 0:
        before, after = plain[at - 1 : at] if at else "", plain[at + len(key) : at + len(key) + 1]
        whole = not _is_latin(before) and not _is_latin(after)
        if whole and (key not in _LATIN_WORDS or _GREETING.search(plain[:at])):
            return at
        at = plain.find(key, at + 1)
    return -1


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def is_han_name(name: str) -> bool:
    """Whether a shown name is one by which a reply would address its customer: 王女士, 李雷."""
    if not _HAN.fullmatch(name) or len(name) < 2 or name in _WORDS:
        return False
    if name.endswith(_TITLES) or name[0] in "小老阿" or len(name) >= 4:
        return len(name) > 2 or name[0] in "小老阿" or name not in _TITLES
    return len(name) == 3 or name[0] in _SURNAMES


def is_latin_name(name: str) -> bool:
    """Whether a shown name is a Latin one of at least three letters."""
    return name.isascii() and sum(char.isalpha() for char in name) >= 3


def number_of(text: str) -> str:
    """An order number as it is compared: small letters and digits alone."""
    return "".join(char for char in text.lower() if char.isalnum())


_TOKEN = re.compile(r"(?<![a-z0-9])[a-z]{0,6}\d[\d-]{6,30}\d(?![a-z0-9])")


def numbers_in(text: str) -> set[str]:
    """What looks like an order number in what a customer wrote: at least eight digits."""
    plain = fold(text).plain
    return {number_of(found[0]) for found in _TOKEN.finditer(plain)}

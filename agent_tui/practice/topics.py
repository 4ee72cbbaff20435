"""What an agent's reply asks for and does: the little that scripted customers understand."""

from __future__ import annotations

import re
from typing import Literal

Ask = Literal["order", "photo", "phone", "address", "size", "account"]
Tone = Literal["hello", "wait", "sorry", "closing"]

_ASKS: dict[str, tuple[str, str]] = {
    "order": (r"订单号|订单编号|哪一单|哪个订单", r"order (?:number|no\b|id\b)|which order"),
    "photo": (
        r"照片|图片|拍[一几两]?[下张]|截图|发.{0,2}图|视频",
        r"photo|picture|screenshot|video",
    ),
    "phone": (r"手机号|电话号码|联系电话|联系方式", r"phone number|number to reach|your mobile"),
    "address": (
        r"(?:新|收货|详细|什么|哪个|完整)的?地址|地址(?:发|是|改|告诉)",
        r"(?:new|full|which|correct|delivery) address",
    ),
    "size": (r"身高|体重|三围|胸围|腰围|平时穿", r"height|how tall|weigh|measure|usually wear"),
    "account": (
        r"后四位|支付宝还是微信|支付方式|怎么付的",
        r"last four|which card|bank statement",
    ),
}
_TONES: dict[str, tuple[str, str]] = {
    "closing": (
        r"还有(?:什么|其他|其它|别的)|还需要|评价|打分|再见|祝您",
        r"anything else|rate (?:the|your|us|me)|have a (?:lovely|nice|great|good)|take care",
    ),
    "wait": (
        r"稍等|等一下|等等我|请等|查一下|帮您查|帮您看|核实",
        r"(?:a|one) (?:moment|minute|sec)|bear with|let me (?:check|look)|hold on|look into",
    ),
    "sorry": (r"抱歉|对不起|不好意思", r"sorry|apolog"),
    "hello": (
        r"您好|你好|欢迎",
        r"\bhello\b|\bhi\b|welcome|good (?:morning|afternoon|evening)",
    ),
}
_ASK_PATTERNS = {name: re.compile("|".join(words)) for name, words in _ASKS.items()}
_TONE_PATTERNS = {name: re.compile("|".join(words)) for name, words in _TONES.items()}
_ORDER_NUMBER = re.compile(r"\d{8,}")


def asks(reply: str, topic: Ask) -> bool:
    """Whether `reply` asks for `topic`. Naming an order number does not ask for one."""
    text = reply.casefold()
    if topic == "order" and _ORDER_NUMBER.search(text):
        return False
    return _ASK_PATTERNS[topic].search(text) is not None


def sounds(reply: str, tone: Tone) -> bool:
    """Whether `reply` greets, asks for patience, apologises or says good-bye."""
    return _TONE_PATTERNS[tone].search(reply.casefold()) is not None

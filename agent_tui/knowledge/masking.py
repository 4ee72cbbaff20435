"""What belongs to one customer, taken out of a sentence before it is offered for another.

Names, numbers of orders and parcels, telephones, addresses and amounts become marks: a character
that no keyboard types. What was written around them is still known, and known again with another
customer's data in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME = "\ue000"  # a customer's name
VALUE = "\ue001"  # anything else that must be filled in
MARKS = NAME + VALUE

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田"
    "任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文洪莫庞樊兰殷施陶翟安颜倪严牛温"
    "芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍"
)
_HONORIFIC = "女士|先生|小姐|太太|老师|同学|阿姨|大哥|大姐|叔叔"
_STOP = '，。！？；：、,!?;:\n\r（）()【】"“”'
_CUES = (
    "收件人|收货人|联系人|姓名|名字|收货地址|地址|电话|手机号码|手机号|手机|微信号|微信|身份证号|身份证|银行卡号|卡号|"
    "账号|户名|支付宝"
)
_ADDRESS_ZH = (
    "(?:省|市|区|县|镇|路|街|道|巷|弄|村)[^" + _STOP + r"]{0,12}?\d+\s*(?:号|弄|栋|幢|室|楼)"
)
_ADDRESS_EN = (
    r"\b\d{1,6}[A-Za-z]?\s+(?:[A-Z][\w.]*\s+){1,4}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way)\b"
)
_GREETED = "there|again|everyone|all|and|for|dear|sir|madam|team|customer|valued|so|to|you|very"
_EVERYDAY = frozenset(_GREETED.split("|"))

_VALUES = re.compile(
    "|".join(
        (
            r"https?://\S+|www\.\S+",
            r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
            rf"(?<=[^{_STOP}])(?:{_ADDRESS_ZH})[^{_STOP}]*",
            rf"(?:{_ADDRESS_EN})[^{_STOP}]*",
            r"\d+\s*(?:栋|幢|单元|号楼)[^" + _STOP + "]*",
            r"[¥￥$€£]\s?\d[\d.,]*\d|[¥￥$€£]\s?\d",
            r"\d[\d.,]*\s?(?:元|块钱|块(?!\w)|[Uu][Ss][Dd]|[Rr][Mm][Bb]|yuan|dollars?|euros?)",
            r"\+?[A-Za-z]{0,5}[-\d]*\d[\d -]{3,}\d[A-Za-z]{0,2}",
            r"(?<![A-Za-z\d])(?=[A-Z\d]*\d)(?=[A-Z\d]*[A-Z])[A-Z\d]{7,}(?![A-Za-z\d])",
        )
    )
)
_CUED = re.compile(rf"(?P<cue>{_CUES})(?P<gap>[:：是为]\s*)(?P<value>[^{_STOP}]+)")
_CUED_EN = re.compile(
    r"(?P<cue>\b(?:name|address|recipient|phone|phone number|email)\b)"
    r"(?P<gap>\s*(?::|is)\s+)(?P<value>[^,.!?;\n]+)",
    re.IGNORECASE,
)
_CALLED = re.compile(
    rf"(?:[{_SURNAMES}]|欧阳|上官|司马|诸葛)[\u4e00-\u9fff]{{0,2}}?(?=(?:{_HONORIFIC}))"
)
_CALLED_EN = re.compile(r"(?P<title>\b(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+)[A-Z][\w'-]+(?:\s[A-Z][\w'-]+)?")
_GREETING = re.compile(
    r"(?P<title>\b(?:Hi|Hello|Hey|Dear|Thanks|Thank you|Sorry)[, ]\s*)"
    r"(?P<name>[A-Z][\w'-]+(?:\s[A-Z][\w'.-]*)?)(?=\s*[,!.:\n]|$)"
)


def mask(text: str, names: Iterable[str] = ()) -> str:
    """`text` with marks for what belongs to the customer. `names` are what the customer is called.

    Errs on the side of the mark. Never longer than `text`.
    """
    found = text.replace(NAME, "").replace(VALUE, "")
    for name in _known(names):
        found = name.sub(NAME, found)
    if not found.isascii():
        found = _CALLED.sub(NAME, found)
        found = _CUED.sub(rf"\g<cue>\g<gap>{VALUE}", found)
    if _LATIN.search(found):
        found = _CALLED_EN.sub(rf"\g<title>{NAME}", found)
        found = _GREETING.sub(_greeted, found)
        found = _CUED_EN.sub(rf"\g<cue>\g<gap>{VALUE}", found)
    return _VALUES.sub(_value, found)


_LATIN = re.compile("[A-Za-z]{2}")


def _value(found: re.Match[str]) -> str:
    text = found.group()
    if text[0].isspace():
        return " " + VALUE
    return VALUE + (" " if text.endswith(" ") else "")


def _greeted(found: re.Match[str]) -> str:
    if found["name"].split()[0].lower() in _EVERYDAY:
        return found.group()
    return found["title"] + NAME


def _known(names: Iterable[str]) -> Iterable[re.Pattern[str]]:
    """The whole names first, then the parts of Latin ones."""
    parts = {part for name in names for part in (name.strip(), *name.split())}
    for part in sorted(parts, key=len, reverse=True):
        if part.isascii():
            if len(part) > 1 and part.lower() not in _EVERYDAY:
                yield re.compile(f"(?<![A-Za-z0-9]){re.escape(part)}(?![A-Za-z0-9])", re.IGNORECASE)
        elif len(part) > 1:
            yield re.compile(re.escape(part))

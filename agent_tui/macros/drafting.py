"""A macro out of what an agent wrote: names and numbers become variables, a title, a short name."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from agent_tui.macros import template

# What of an open conversation stands in a reply as it is, the most telling first.
VARIABLES = ("customer.name", "order.no", "order.tracking", "agent.name")
TITLE_CHARS = 16
_ORDER = re.compile(
    r"(?:订单(?:号|编号)?|单号|order(?:\s+(?:no\.?|number|id))?)[\s:：#是为]*(\d{10,20})(?!\d)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[^。！？!?；;.\n]|\.(?!\s|$))+")
_GREETING = re.compile(
    r"^(?:[^，,]{0,12}[，,]\s*)?(?:您好|你好|亲|在的|对不起|抱歉|不好意思|好的|hi|hello|dear|sorry)[^，,。！!]{0,12}[，,。！!～~]\s*",
    re.IGNORECASE,
)


def body_of(text: str, values: Mapping[str, str], orders: Iterable[str] = ()) -> str:
    """`text` as a macro's: the customer's name, order numbers and the agent's name as variables.

    `values` are the conversation's dotted variables, `orders` further numbers of its customer's.
    """
    known: dict[str, str] = {}
    for number in (*orders, *_ORDER.findall(text)):
        known.setdefault(number, "order.no")
    for name in reversed(VARIABLES):
        value = values.get(name, "")
        if _telling(value):
            known[value] = name
    if not known:
        return template.literal(text)
    pieces = sorted(known, key=len, reverse=True)
    pattern = re.compile("|".join(f"({_whole(piece)})" for piece in pieces))
    parts: list[str] = []
    at = 0
    for found in pattern.finditer(text):
        parts += (template.literal(text[at : found.start()]), f"{{{{ {known[found[0]]} }}}}")
        at = found.end()
    return "".join([*parts, template.literal(text[at:])])


def _telling(value: str) -> bool:
    """Whether a value is long enough to be meant wherever it stands."""
    return len(value) >= (3 if value.isascii() else 2)


def _whole(piece: str) -> str:
    """A pattern for `piece`; letters and digits that go on around it make it another word."""
    left = r"(?<![A-Za-z0-9])" if piece[0].isascii() and piece[0].isalnum() else ""
    right = r"(?![A-Za-z0-9])" if piece[-1].isascii() and piece[-1].isalnum() else ""
    return f"{left}{re.escape(piece)}{right}"


def title_of(body: str) -> str:
    """What a macro of this text could be called: the first words that say something."""
    plain = re.sub(r"\s*\{\{.*?\}\}\s*", "", body).strip("，,。：: \n")
    said = _GREETING.sub("", plain)
    sentence = _SENTENCE.search(said) or _SENTENCE.search(plain)
    first = re.split(r"[，,：:]", sentence[0].strip())[0] if sentence else ""
    return first[: TITLE_CHARS if not first.isascii() else 2 * TITLE_CHARS].strip()


def short_of(title: str, taken: Container[str] = ()) -> str:
    """A short name: initials, of Chinese in pinyin; a number behind one that is `taken`."""
    base = initials(title)[:8]
    if not base:
        return ""
    names = (base, *(f"{base}{number}" for number in range(2, 100)))
    return next((name for name in names if name not in taken), "")


def initials(text: str) -> str:
    """thlc for 退货流程, wpf for “who pays freight”."""
    from agent_tui.knowledge.spelled import Spelled

    spelled = Spelled(text)
    letters = (chr(spelled.letters[at]) for at in spelled.starts)
    return "".join(one for one in letters if one.isascii() and one.isalnum())

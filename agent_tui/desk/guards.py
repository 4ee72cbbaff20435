"""What to look at before a reply leaves: half-filled, out of date, forbidden, or the wrong chat's.

Pure: from a text and what is known of the chats to findings, each with its place and a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from agent_tui.desk.guarding import numbers, words
from agent_tui.desk.guarding.findings import BLOCKS, Finding, Kind
from agent_tui.desk.guarding.folding import Folded, fold
from agent_tui.desk.guarding.names import Others, Whose, number_of, numbers_in
from agent_tui.lang import Both

__all__ = ["BLOCKS", "Finding", "Here", "Kind", "Others", "Rules", "Whose", "check", "numbers_of"]


# What colleagues may write to each other.
_AMONG_COLLEAGUES = frozenset({Kind.SLOT, Kind.CROSSED})


class Here(msgspec.Struct, frozen=True):
    """The chat that the text is for: its customer, and everything said there, read only at need."""

    customer: Whose
    said: Callable[[], str]


class Rules:
    """What the shop looks for, compiled from the settings."""

    def __init__(
        self,
        *,
        absolute: bool = True,
        contacts: bool = True,
        numbers: bool = True,
        crossed: bool = True,
        words: Sequence[str] = (),
        promises: Sequence[str] = (),
        allowed: Sequence[str] = (),
        long: int = 0,
    ) -> None:
        self.long = long  # characters; 0: any
        self.absolute = absolute
        self.contacts = contacts
        self.numbers = numbers
        self.crossed = crossed
        self.words = _phrases(words)
        self.promises = _phrases(promises)
        self.allowed = _phrases(allowed)


def _phrases(listed: Sequence[str]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    return words.phrases(listed)


def check(
    text: str, rules: Rules, here: Here, others: Others, *, note: bool = False
) -> list[Finding]:
    """Everything to look at in `text`, in the order of its place; overlapping ones of a kind once.
    Of a `note` for colleagues only what makes no sense in one."""
    folded = fold(text)
    found = list(_slots(text))
    if rules.crossed:
        found += _crossed(folded, here, others)
    if not note:
        found += _words(folded, rules)
        found += _numbers(folded, rules, here)
        spared = _spans(folded, rules.allowed)
        found = [each for each in found if not _inside(each, spared)]
        if rules.long and len(text) > rules.long:
            found.append(Finding(Kind.LONG, 0, 0, _long(len(text))))
    return _once(sorted(found, key=lambda each: (each.start, -each.end)))


def _long(count: int) -> Both:
    return Both(
        f"有 {count:,} 个字，是不是误贴的", f"{count:,} characters: was it pasted by mistake?"
    )


# --- open places ---------------------------------------------------------------------------------

_OPEN = re.compile(
    # Templates; what a macro still asks for; the brackets of copied scripts.
    r"\{\{.*?\}\}|\{%.*?%\}|\{\{|\}\}|\{%|%\}|\{[\w\u4e00-\u9fff ./-]{1,24}\}|〔[^〕\n]{0,40}〕|〔"
    r"|\$\{[^}\n]{1,40}\}|<<[^>\n]{1,40}>>"
    r"|\[(?!图|表|picture|photo|image|file|link|玫|微|愉|偷|呲|抱|可|爱|心|强|握|拥|笑|大|太|憨|亲|害|流"
    r"|酷|调|得|发|惊|尴|赞|OK|ok|\d)[^\]\n]{1,40}\]"
    r"|【(?:请?填写?|待填|此处|这里|客户|姓名|订单号?|日期|金额|时间|单号|名称|型号|尺码|地址|电话|快递)"
    r"[^】\n]{0,20}】|[（(](?:请?填写?|填入|请?输入|插入|此处填)[^）)\n]{0,20}[）)]"
    r"|[Xx×]{2,}(?=先生|女士|小姐|元|天|号|月|日|件|公司|店|小时)|(?<![A-Za-z])[Xx]{3,}(?![A-Za-z])|[×]{2,}|_{3,}|＿{2,}"
)


def _slots(text: str) -> Iterator[Finding]:
    for found in _OPEN.finditer(text):
        piece = found[0]
        yield Finding(
            Kind.SLOT, *found.span(), Both(f"还没填：{piece}", f"still to fill in: {piece}")
        )


# --- another customer ----------------------------------------------------------------------------


def _crossed(folded: Folded, here: Here, others: Others) -> Iterator[Finding]:
    for each in others.find(folded, here.customer, here.said):
        number = each.found[-1:].isdigit()
        reason = (
            Both(
                f"订单号属于另一位客户 {each.name}", f"an order number of {each.name}, another chat"
            )
            if number
            else Both(f"“{each.name}”是另一位客户", f"{each.name!r} is another chat's customer")
        )
        yield Finding(Kind.CROSSED, each.start, each.end, reason)


# --- words ---------------------------------------------------------------------------------------

_REASONS = {
    Kind.ABSOLUTE: Both("绝对化用语，广告法不允许", "an absolute claim, which the law forbids"),
    Kind.PROMISE: Both("客服不能许的承诺", "a promise that agents may not make"),
    Kind.FORBIDDEN: Both("店里的禁用语", "a phrase that the shop forbids"),
    Kind.CONTACT: Both("站外联系方式或交易", "a contact or a deal outside the shop"),
}


def _words(folded: Folded, rules: Rules) -> Iterator[Finding]:
    if rules.absolute:
        yield from _claims(folded, Kind.ABSOLUTE, (words.ABSOLUTE, words.ABSOLUTE_EN))
    yield from _claims(folded, Kind.PROMISE, rules.promises)
    yield from _claims(folded, Kind.FORBIDDEN, rules.words, turned=False)
    if rules.contacts:
        patterns = (words.CONTACT, words.CONTACT_EN)
        yield from _claims(folded, Kind.CONTACT, patterns, turned=False)


def _claims(
    folded: Folded,
    kind: Kind,
    patterns: tuple[re.Pattern[str] | None, re.Pattern[str] | None],
    *,
    turned: bool = True,
) -> Iterator[Finding]:
    """Matches in `tight` and in `plain`; with `turned`, not what is denied."""
    han, latin = patterns
    for found in han.finditer(folded.tight) if han else ():
        if turned and (words.denied(folded.tight[: found.start()]) or words.hedged(found[0])):
            continue
        yield Finding(kind, *folded.in_tight(*found.span()), _REASONS[kind])
    for found in latin.finditer(folded.plain) if latin else ():
        if turned and words.denied(folded.plain[: found.start()]):
            continue
        yield Finding(kind, *folded.in_plain(*found.span()), _REASONS[kind])


# --- numbers -------------------------------------------------------------------------------------


def _numbers(folded: Folded, rules: Rules, here: Here) -> Iterator[Finding]:
    for number in numbers.find(folded):
        if number.digits in here.customer.numbers:
            continue
        span = (number.start, number.end)
        match number.kind:
            case numbers.NumberKind.IDENTITY if rules.numbers:
                yield Finding(Kind.IDENTITY, *span, Both("身份证号", "an identity card number"))
            case numbers.NumberKind.CARD if rules.numbers:
                yield Finding(Kind.CARD, *span, Both("银行卡号", "a bank card number"))
            # What the customer wrote here may be said back to them.
            case numbers.NumberKind.MOBILE if rules.contacts and number.digits not in _said(here):
                yield Finding(
                    Kind.CONTACT, *span, Both("这个会话里没有过的手机号", "a phone number new here")
                )
            case _:
                pass
    if rules.contacts:
        for found in words.MAIL.finditer(folded.plain):
            if found[0].replace(" ", "") not in fold(here.said()).plain:
                yield Finding(Kind.CONTACT, *folded.in_plain(*found.span()), _REASONS[Kind.CONTACT])


def _said(here: Here) -> str:
    return fold(here.said()).tight


def numbers_of(orders: Sequence[str], texts: Sequence[str]) -> frozenset[str]:
    """A customer's numbers: of known orders, and what looks like one in what they wrote."""
    found = {number_of(order) for order in orders}
    for text in texts:
        found |= numbers_in(text)
    return frozenset(found)


# --- together ------------------------------------------------------------------------------------


def _spans(
    folded: Folded, patterns: tuple[re.Pattern[str] | None, re.Pattern[str] | None]
) -> list[tuple[int, int]]:
    han, latin = patterns
    found = [folded.in_tight(*each.span()) for each in (han.finditer(folded.tight) if han else ())]
    return found + [
        folded.in_plain(*each.span()) for each in (latin.finditer(folded.plain) if latin else ())
    ]


def _inside(finding: Finding, spans: Sequence[tuple[int, int]]) -> bool:
    if finding.kind in _AMONG_COLLEAGUES:
        return False
    return any(start <= finding.start and finding.end <= end for start, end in spans)


def _once(found: Sequence[Finding]) -> list[Finding]:
    """Without those that overlap an earlier one of their kind."""
    kept: list[Finding] = []
    ends: dict[Kind, int] = {}
    for each in found:
        if each.start >= ends.get(each.kind, 0):
            kept.append(each)
            ends[each.kind] = each.end
    return kept

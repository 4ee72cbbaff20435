"""Why a line gets its type: what every rule says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.cli import output
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.rules import Asked, Matched, Rules, Tried

UNFIT = {
    "inbox": Both("收件箱是 {0}", "the inbox is {0}"),
    "channel": Both("渠道是 {0}", "the channel is {0}"),
    "customer_tags": Both("客户标签是 {0}", "the customer's tags are {0}"),
    "tier": Both("客户等级是 {0}", "the customer's tier is {0}"),
    "language": Both("客户语言是 {0}", "the customer's language is {0}"),
    "order": Both("订单状态是 {0}", "the order's state is {0}"),
    "any": Both("一个词也没有", "none of its words is there"),
    "all": Both("缺“{0}”", "'{0}' is missing"),
    "none": Both("有“{0}”，那行不算", "'{0}' is there, and no line counts"),
}


def tell(rules: Rules, asked: Asked, json: bool, *, line: int = 1) -> None:
    """What `asked` comes to, and what every rule says of it. Of a conversation one message is
    asked about at a time: `line` says which of the customer's it is."""
    from msgspec.structs import replace

    from agent_tui.cli.shapes import Explained, RuleTried
    from agent_tui.desk import reasons
    from agent_tui.domain.why import Why

    tried = [
        replace(each, matched=replace(each.matched, line=line))
        if each.matched and each.matched.line == 1
        else each
        for each in rules.explain(asked)
    ]
    decided = next((each.matched for each in tried if each.decides), None)
    why = Why.matched(decided).encode() if decided else ""
    if json:
        output.document(
            Explained(
                decided.type if decided else "",
                decided.team if decided else "",
                (decided.priority or "") if decided else "",
                list(decided.tags) if decided else [],
                why,
                [
                    RuleTried(each.rule, bool(each.matched), each.decides, each.failed, _why(each))
                    for each in tried
                ],
            )
        )
        return
    if decided is None:
        output.say(
            Both("没有匹配的规则，归收件箱的团队", "no rule matches: it goes to the inbox's team")
        )
    else:
        output.say(f"{in_words(outcome_of(decided))}  {reasons.why(why)}")
    for each in tried:
        mark = "*" if each.decides else "+" if each.matched else " "
        output.say(f"{mark} {each.rule:18} {_why(each)}")


def _why(tried: Tried) -> str:
    """Why a rule matched or did not, in words."""
    from agent_tui.desk import reasons
    from agent_tui.domain.why import Why

    if tried.matched:
        return reasons.why(Why.matched(tried.matched).encode())
    return str(UNFIT[tried.failed]).format(tried.detail or "-")


def outcome_of(matched: Matched | None) -> str:
    """Type, team and priority that a rule gives, with blanks between; empty for no rule."""
    if matched is None:
        return ""
    return " ".join(filter(None, (matched.type, matched.team, matched.priority)))


def in_words(outcome: str) -> str:
    """An outcome in words, also where there is none."""
    return outcome or str(Both("无", "nothing"))

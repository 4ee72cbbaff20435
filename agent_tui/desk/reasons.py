"""The words for reasons, deadlines, statuses and the rest of the trade."""

from __future__ import annotations

from agent_tui.lang import Both

REASONS: dict[str, Both] = {
    "malformed": Both("内容不合规则", "not acceptable as it is"),
    "empty": Both("内容为空", "there is no text"),
    "too_long": Both("超过 {detail} 字", "longer than {detail} characters"),
    "no_such_conversation": Both("会话不存在", "the conversation does not exist"),
    "out_of_scope": Both("会话已不在你的范围内", "the conversation is out of your scope"),
    "already_claimed": Both("{detail} 已经接手", "{detail} took it first"),
    "not_yours": Both("会话属于 {detail}", "the conversation is {detail}'s"),
    "reassigned": Both("已转给 {detail}", "reassigned to {detail}"),
    "changed_since": Both("期间已被改动", "changed meanwhile"),
    "unknown_agent": Both("没有坐席 {detail}", "there is no agent {detail}"),
    "unknown_team": Both("没有团队 {detail}", "there is no team {detail}"),
    "unknown_customer": Both("没有客户 {detail}", "there is no customer {detail}"),
    "no_such_note": Both("没有这条备注", "there is no such note"),
    "not_allowed": Both("没有权限", "not allowed"),
    "closed": Both("会话已解决", "the conversation was resolved"),
    "customer_wrote": Both("客户期间又写了", "the customer wrote since"),
    "colleague_answered": Both("{detail} 期间已回复", "{detail} answered meanwhile"),
    "expired": Both("等待发送太久", "waited too long to be sent"),
    "feed_reset": Both("服务端恢复过备份", "the server was restored from a backup"),
}

DEADLINES: dict[str, Both] = {
    "first_reply": Both("首次响应", "first reply"),
    "next_reply": Both("响应", "reply"),
    "return_review": Both("退货审核", "return review"),
    "complaint_escalation": Both("投诉升级", "escalation"),
    "follow_up": Both("回访", "follow-up"),
}

STATUSES: dict[str, Both] = {
    "open": Both("处理中", "open"),
    "pending": Both("等客户", "waiting for customer"),
    "snoozed": Both("已搁置", "snoozed"),
    "resolved": Both("已解决", "resolved"),
}

PRIORITIES: dict[str, Both] = {
    "low": Both("低", "low"),
    "normal": Both("普通", "normal"),
    "high": Both("高", "high"),
    "urgent": Both("紧急", "urgent"),
}

TYPES: dict[str, Both] = {
    "order": Both("订单", "order"),
    "delivery": Both("物流", "delivery"),
    "product": Both("商品", "product"),
    "size": Both("尺码", "size"),
    "return": Both("退货", "return"),
    "exchange": Both("换货", "exchange"),
    "refund": Both("退款", "refund"),
    "invoice": Both("发票", "invoice"),
    "payment": Both("支付", "payment"),
    "quality": Both("质量", "quality"),
    "complaint": Both("投诉", "complaint"),
    "other": Both("其他", "other"),
}


def reason(code: str, detail: str = "") -> str:
    """The sentence for a refusal's code; a code from a newer server is shown as it is."""
    words = REASONS.get(code)
    return str(words.format(detail=detail or "?")) if words else f"{code} {detail}".strip()


def word(table: dict[str, Both], code: str) -> str:
    """The word for `code`, or the code itself."""
    found = table.get(code)
    return str(found) if found else code

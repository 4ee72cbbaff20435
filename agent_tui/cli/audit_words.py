"""An entry of the audit in words: what happened, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.protocol import AuditEntry

TECHNICAL = frozenset({"epoch", "since", "message", "id", "client", "number"})
MOMENTS = frozenset({"until", "due", "answer_by"})
LENGTHS = frozenset({"left", "low", "high"})  # ms
KINDS = {
    "claimed": Both("认领", "claimed"),
    "released": Both("放回队列", "released"),
    "assigned": Both("转给", "assigned"),
    "held_in_queue": Both("还在排队", "still queued"),
    "wait_told": Both("告知等待", "wait told"),
    "reply_sent": Both("回复", "replied"),
    "note_added": Both("备注", "note"),
    "note_removed": Both("删备注", "note removed"),
    "message_edited": Both("改消息", "edited"),
    "tagged": Both("加标签", "tagged"),
    "untagged": Both("去标签", "untagged"),
    "priority_set": Both("优先级", "priority"),
    "type_set": Both("问题类型", "type"),
    "status_set": Both("状态", "status"),
    "cooled_down": Both("冷静", "cooled down"),
    "reopened": Both("重新打开", "reopened"),
    "marked_read": Both("看过", "looked at"),
    "customer_saw": Both("客户看到", "customer saw"),
    "rated": Both("客户评价", "rated"),
    "clock_started": Both("开始计时", "clock starts"),
    "clock_stopped": Both("结束计时", "clock ends"),
    "clock_paused": Both("暂停计时", "clock stands"),
    "clock_rang": Both("到点", "clock rang"),
    "conversation_opened": Both("新会话", "opened"),
    "customer_wrote": Both("客户来信", "customer wrote"),
    "customer_merged": Both("合并客户", "merged"),
    "delivery_changed": Both("送达情况", "delivery"),
    "draft_offered": Both("留下草稿", "draft left"),
    "draft_settled": Both("处理草稿", "draft settled"),
    "article_suggested": Both("建议知识", "suggested"),
    "suggestion_settled": Both("处理建议", "suggestion"),
    "availability_set": Both("在线状态", "presence"),
    "surge_set": Both("高峰支援", "surge"),
    "routing_saved": Both("改了派单", "routing"),
    "policy_saved": Both("改了时限", "policy"),
    "agent_saved": Both("改了账号", "account"),
    "team_saved": Both("改了团队", "team"),
    "inbox_saved": Both("改了收件箱", "inbox"),
    "article_saved": Both("改了知识", "article"),
    "article_removed": Both("撤下知识", "article gone"),
    "macro_saved": Both("改了话术", "macro"),
    "macro_removed": Both("撤下话术", "macro gone"),
    "command_refused": Both("没有生效", "refused"),
}


def line(each: AuditEntry) -> str:
    """When, who, what, where, from whom to whom, and from which machine."""
    from agent_tui import text
    from agent_tui.tui import format as shown

    moved = each.owner_before != each.owner_after
    owners = f"{each.owner_before or '-'} → {each.owner_after or '-'}"
    said = [
        _said(each.kind, name, value)
        for name, value in each.detail.items()
        if name not in TECHNICAL and not (moved and name == "agent")
    ]
    fields = (
        shown.local(each.at).strftime("%m-%d %H:%M:%S"),
        text.fit(each.by, 12),
        text.fit(str(KINDS.get(each.kind, each.kind)), 14),
        text.fit(each.conversation or "-", 14),
        owners if moved else "",
        text.clip(text.clean(" ".join(said)), 100),
        _machine(each),
    )
    return "  ".join(filter(None, fields))


def _machine(each: AuditEntry) -> str:
    from agent_tui import text

    client = str(Both(f"客户端 {each.client}", f"client {each.client}")) if each.client else ""
    address = text.clean_line(each.address)
    return " ".join(filter(None, (client, f"@ {address}" if address else "")))


def _said(kind: str, name: str, value: str) -> str:
    from agent_tui.desk import reasons
    from agent_tui.tui import format as shown

    if name == "why":
        return reasons.why(value)
    if name == "reason" and "|" in value:
        return reasons.duty_reason(value) if kind == "availability_set" else reasons.why(value)
    if name in MOMENTS and value.isdecimal():
        return f"{name}={shown.local(int(value)):%m-%d %H:%M}"
    if name in LENGTHS and value.isdecimal():
        return f"{name}={shown.countdown(int(value))}"
    return f"{name}={value}"

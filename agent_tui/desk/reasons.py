"""The words for reasons, deadlines, statuses and the rest of the trade."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent_tui.domain.why import Why
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
    "answered_since": Both(
        "{detail} 已经回复了客户，转派不能撤销",
        "{detail} has answered the customer: the chat stays",
    ),
    "unknown_agent": Both("没有坐席 {detail}", "there is no agent {detail}"),
    "unknown_team": Both("没有团队 {detail}", "there is no team {detail}"),
    "unknown_customer": Both("没有客户 {detail}", "there is no customer {detail}"),
    "unknown_inbox": Both("{detail} 不是电话收件箱", "{detail} is no phone inbox"),
    "no_such_note": Both("没有这条备注", "there is no such note"),
    "no_such_message": Both("没有这条消息", "there is no such message"),
    "not_author": Both("这是 {detail} 写的", "{detail} wrote it"),
    "out_of_reach": Both(
        "这个渠道的回复发出后改不了", "this channel does not change a reply that has left"
    ),
    "finished": Both(
        "会话已解决，回复不能再改", "the chat is resolved: its replies stay as they are"
    ),
    "no_such_delivery": Both("这条回复不在待送达之列", "that reply is not waiting to arrive"),
    "too_many_undelivered": Both(
        "已有 {detail} 条回复没送达，先处理它们",
        "{detail} replies have not arrived yet: deal with them first",
    ),
    "too_many_tags": Both("会话已有 {detail} 个标签", "the chat has {detail} tags already"),
    "no_such_suggestion": Both(
        "没有这条建议，或已处理", "there is no such suggestion, or it was dealt with"
    ),
    "too_many_suggestions": Both(
        "这个会话已有 {detail} 条建议等待处理", "{detail} suggestions of this chat are waiting"
    ),
    "no_such_article": Both("没有知识 {detail}", "there is no article {detail}"),
    "article_changed": Both("知识 {detail} 期间已更新", "article {detail} changed meanwhile"),
    "article_exists": Both("已有知识 {detail}", "there is an article {detail} already"),
    "not_allowed": Both("没有权限", "not allowed"),
    "not_understood": Both(
        "服务端版本较旧，不认识这个操作", "the server is an older one and does not know this action"
    ),
    "outbox_full": Both(
        "等待发送的太多（{detail}），先联网送出", "too much is waiting ({detail}): get online first"
    ),
    "with_customer": Both("回复已送出，收不回", "the reply has been sent: it cannot be taken back"),
    "on_its_way": Both(
        "回复已交给网络，还没回音：可能已送到，收不回",
        "the reply is on its way and no answer came: it may have arrived, and cannot be taken back",
    ),
    "built_on": Both(
        "回复还在等待发送，但后面的操作靠它，收不回",
        "the reply waits, but what you did later builds on it: it cannot be taken back",
    ),
    "closed": Both("会话已解决", "the conversation was resolved"),
    "customer_wrote": Both("客户期间又写了", "the customer wrote since"),
    "colleague_answered": Both("{detail} 期间已回复", "{detail} answered meanwhile"),
    "expired": Both("等待发送太久", "waited too long to be sent"),
    "feed_reset": Both("服务端恢复过备份", "the server was restored from a backup"),
    "damaged": Both("本机文件损坏过", "the local file was damaged"),
    "draft_left": Both("草稿：会话已不归你", "a draft: the chat is no longer yours"),
}

# What its author may best do about an item of the unsent tray.
WAYS_OUT: dict[str, Both] = {
    "malformed": Both("改一改再发", "edit it"),
    "empty": Both("可以丢弃", "discard it"),
    "too_long": Both("编辑，分几条发", "edit it: send it in parts"),
    "no_such_conversation": Both("复制文字留用，或丢弃", "copy the text, or discard it"),
    "out_of_scope": Both("文字已作为草稿交给对方", "its text is with them, as a draft"),
    "already_claimed": Both("由对方处理；可改为备注", "leave it to them, or make it a note"),
    "not_yours": Both(
        "文字已作为草稿交给对方；可改为备注", "they have the text as a draft; or make it a note"
    ),
    "reassigned": Both(
        "文字已作为草稿交给对方；可改为备注", "they have the text as a draft; or make it a note"
    ),
    "changed_since": Both("看看现状，再做一次或丢弃", "look again, then repeat or discard it"),
    "answered_since": Both("真要拿回，再转一次", "to have it back all the same, assign it again"),
    "unknown_agent": Both("换个人再转", "choose somebody else"),
    "unknown_team": Both("换个团队再转", "choose another team"),
    "unknown_customer": Both("可以丢弃", "discard it"),
    "unknown_inbox": Both("请管理员建一个电话收件箱", "ask an administrator to add one"),
    "no_such_note": Both("可以丢弃", "discard it"),
    "no_such_message": Both("复制文字留用，或丢弃", "copy the text, or discard it"),
    "not_author": Both("请本人修改，或自己另写一条", "ask them to, or write one of your own"),
    "out_of_reach": Both("再写一条更正", "write another one that puts it right"),
    "finished": Both("重新打开会话后再改", "reopen the chat, then edit it"),
    "no_such_delivery": Both("可以丢弃", "discard it"),
    "too_many_undelivered": Both("先处理没送达的，再发", "deal with the undelivered, then send"),
    "too_many_tags": Both("先去掉用不上的标签", "take off those that nobody needs, then add it"),
    "no_such_suggestion": Both("可以丢弃", "discard it"),
    "too_many_suggestions": Both(
        "请组长先处理等待的建议", "ask a lead to deal with those that wait"
    ),
    "no_such_article": Both("可改为建议新知识", "suggest it as a new article"),
    "article_changed": Both("对照新版再改", "compare it with the new version"),
    "article_exists": Both("换个编号，或改那一篇", "give it another id, or correct that one"),
    "not_allowed": Both("请组长或管理员处理", "ask a lead or an administrator"),
    "not_understood": Both("服务端升级后再发", "send it once the server is upgraded"),
    "outbox_full": Both("联网后再发", "send it once online"),
    "with_customer": Both("可以再写一条更正", "write another one that puts it right"),
    "on_its_way": Both("可以再写一条更正", "write another one that puts it right"),
    "built_on": Both("可以再写一条更正", "write another one that puts it right"),
    "closed": Both("仍然发送会重新打开会话", "sending it reopens the conversation"),
    "customer_wrote": Both("看看客户新说的，再发或编辑", "read what is new, then send or edit"),
    "colleague_answered": Both("多半不必再发", "most likely it is not needed any more"),
    "expired": Both("还合适才发", "send it only if it still fits"),
    "feed_reset": Both("会话里没有就再发一次", "if the chat lacks it, send it again"),
    "damaged": Both("会话里没有就再发一次", "if the chat lacks it, send it again"),
    "draft_left": Both("复制文字留用，或丢弃", "copy the text, or discard it"),
}
_BY_NOBODY = {"reassigned": Both("已放回队列，无人负责", "back in the queue, nobody has it")}

DELIVERIES: dict[str, Both] = {
    "unreachable": Both("连不上对方，会再试：{detail}", "not reachable, trying again: {detail}"),
    "login": Both(
        "发信服务器不让登录，会再试：{detail}", "the mail server refuses us, trying again: {detail}"
    ),
    "gave_up": Both("一直连不上对方：{detail}", "never reached them: {detail}"),
    "busy": Both("对方让稍后再试：{detail}", "they asked to wait: {detail}"),
    "refused": Both("对方拒收：{detail}", "they refused it: {detail}"),
    "no_answer": Both("发出后没有答复：{detail}", "it left, and no answer came: {detail}"),
    "server_error": Both("对方出错：{detail}", "they failed: {detail}"),
    "interrupted": Both("发送时服务端中断", "the server stopped while sending"),
    "expired": Both("超过时限没能发出", "it could not leave in time"),
    "no_address": Both("收件箱没有送达地址", "the inbox has no address to deliver to"),
    "too_large": Both("超过渠道的上限：{detail}", "larger than the channel takes: {detail}"),
    "partly": Both(
        "前几段已送达，后面的没有：{detail}", "its first parts arrived, the rest did not: {detail}"
    ),
    "credentials": Both(
        "对方不认渠道的凭证，请管理员检查：{detail}",
        "the channel's credentials are not accepted, ask an administrator: {detail}",
    ),
    "window_over": Both(
        "客户超过 48 小时没说话或已取关，微信不再转达：{detail}",
        "the customer was silent for over 48 hours or left: WeChat passes nothing on ({detail})",
    ),
    "quota_over": Both(
        "客户再说话之前，微信不再转达更多条：{detail}",
        "WeChat passes on no more until the customer writes again: {detail}",
    ),
}

DEADLINES: dict[str, Both] = {
    "first_reply": Both("首次响应", "first reply"),
    "next_reply": Both("响应", "reply"),
    "return_review": Both("退货审核", "return review"),
    "complaint_escalation": Both("投诉升级", "escalation"),
    "follow_up": Both("回访", "follow-up"),
    "solution": Both("解决", "solution"),
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

AVAILABILITIES: dict[str, Both] = {
    "online": Both("在线", "online"),
    "busy": Both("忙碌", "busy"),
    "away": Both("离开", "away"),
    "offline": Both("下线", "offline"),
}

TYPES: dict[str, Both] = {
    "order": Both("订单", "order"),
    "delivery": Both("物流", "delivery"),
    "urge": Both("催单", "chasing"),
    "address_change": Both("改地址", "address change"),
    "product": Both("商品", "product"),
    "size": Both("尺码", "size"),
    "return": Both("退货", "return"),
    "exchange": Both("换货", "exchange"),
    "refund": Both("退款", "refund"),
    "invoice": Both("发票", "invoice"),
    "payment": Both("支付", "payment"),
    "quality": Both("质量", "quality"),
    "technical": Both("技术", "technical"),
    "complaint": Both("投诉", "complaint"),
    "other": Both("其他", "other"),
}

# Categories of articles: a shop's own stand as it wrote them.
CATEGORIES: dict[str, Both] = TYPES | {
    "orders": Both("订单", "orders"),
    "returns": Both("退货", "returns"),
    "refunds": Both("退款", "refunds"),
    "invoices": Both("发票", "invoices"),
    "service": Both("服务", "service"),
    "privacy": Both("隐私", "privacy"),
}

# Why a conversation is where it is, or waits: `domain.why.Because`, its values in their order.
ROUTED: dict[str, Both] = {
    "matched": Both("第 {1} 行有“{0}”（规则 {2}）", "matched '{0}' in line {1} (rule {2})"),
    "conditions": Both("符合规则 {0} 的条件", "fits the conditions of rule {0}"),
    "last_agent": Both("老客户，上次由 {0} 接待", "a returning customer: {0} served them last"),
    "least_loaded": Both("{0} 手上最少（{1}/{2}）", "{0} has the least to do ({1} of {2})"),
    "longest_idle": Both("{0} 空闲最久", "{0} was idle longest"),
    "round_robin": Both("轮到 {0}", "it was {0}'s turn"),
    "pulled": Both("{0} 自己接的", "{0} took it"),
    "lease_ended": Both("{0} 掉线，退回队列", "{0} went away: back in the queue"),
    "shift_closed": Both("{0} 下班，退回队列", "{0}'s shift ended: back in the queue"),
    "declined": Both(
        "{0} 连续 {1} 次没接，退回队列", "{0} let {1} in a row pass: back in the queue"
    ),
    "overflow": Both("{0} 满了，转来这里", "overflow from {0}"),
    "nobody_online": Both("{0} 没有人在线", "nobody of {0} is online"),
    "at_limit": Both("{1} 的 {0} 人都满了", "all {0} {1} agents at their limit"),
    "no_language": Both("{1} 没有会 {0} 的人在线", "nobody of {1} online speaks {0}"),
    "no_skill": Both("{1} 没有人在线有技能 {0}", "nobody of {1} online has the skill {0}"),
    "closed_until": Both("{0} 休息中，{1} 开始", "{0} is closed until {1}"),
    "surge": Both("{0} 高峰支援", "surge in {0}"),
    "text": Both("{0}", "{0}"),
}


ONE_AT_LIMIT = Both("{1} 只有 1 人在线，已满", "the only {1} agent online is at the limit")

# Which value of a reason is the id of a team or an agent.
_NAMED = {
    "last_agent": 0,
    "least_loaded": 0,
    "longest_idle": 0,
    "round_robin": 0,
    "pulled": 0,
    "lease_ended": 0,
    "shift_closed": 0,
    "declined": 0,
    "overflow": 0,
    "nobody_online": 0,
    "at_limit": 1,
    "no_language": 1,
    "no_skill": 1,
    "closed_until": 0,
    "surge": 0,
}


def why(stored: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The sentence for `Conversation.reason`, with `names` for ids of teams and agents; a code from
    a newer server is shown as it is."""
    found = Why.decode(stored)
    words = ROUTED.get(found.code)
    if found.code == "at_limit" and found.values[:1] == ("1",):
        words = ONE_AT_LIMIT
    place = _NAMED.get(found.code)
    values = [
        names.get(value, value) if index == place else value
        for index, value in enumerate(found.values)
    ]
    try:
        if words:
            return str(words).format(*values)
    except IndexError:
        pass  # fewer values than are known here
    return " ".join([found.code, *values])


# Why an agent is what they are; people's own words stand as they are.
DUTIES: dict[str, Both] = {
    "declined": Both("连续 {1} 个派来的会话没看", "{1} chats in a row were not looked at"),
    "lease_ended": Both("失去联系", "nothing was heard of them"),
    "text": Both("{0}", "{0}"),
}


def duty_reason(stored: str) -> str:
    """The words for `Duty.reason`; empty if there is none."""
    found = Why.decode(stored)
    try:
        return str(DUTIES[found.code]).format(*found.values)
    except (KeyError, IndexError):
        return " ".join([found.code, *found.values])


def reason(code: str, detail: str = "") -> str:
    """The sentence for a refusal's code; a code from a newer server is shown as it is."""
    words = REASONS.get(code) if detail else _BY_NOBODY.get(code, REASONS.get(code))
    return str(words.format(detail=detail or "?")) if words else f"{code} {detail}".strip()


def both(code: str, detail: str = "") -> tuple[str, str]:
    """`reason` in Chinese and in English."""
    words = REASONS.get(code) if detail else _BY_NOBODY.get(code, REASONS.get(code))
    if words is None:
        return (f"{code} {detail}".strip(),) * 2
    found = words.format(detail=detail or "?")
    return found.zh, found.en


def way_out(code: str) -> str:
    """What may best be done about it; empty for a code from a newer server."""
    return word(WAYS_OUT, code) if code in WAYS_OUT else ""


def delivery(code: str, detail: str = "") -> str:
    """The sentence for why a pushed reply did not arrive; empty for no code."""
    words = DELIVERIES.get(code)
    return str(words.format(detail=detail or "?")) if words else f"{code} {detail}".strip()


def word(table: dict[str, Both], code: str) -> str:
    """The word for `code`, or the code itself."""
    found = table.get(code)
    return str(found) if found else code

"""English names of the tags that the shipped macros, routing and practice chats set.

A tag is data, and one of a shop's own has one name only.
"""

from __future__ import annotations

from agent_tui import lang

ENGLISH = {
    "VIP": "VIP",
    "价保": "price protection",
    "优惠券": "coupon",
    "催发货": "shipping chased",
    "到货破损": "broken on arrival",
    "双11": "Double 11",
    "双十一": "Double 11",
    "发票": "invoice",
    "取消订单": "cancellation",
    "回访": "follow-up",
    "国际配送": "international",
    "夜间留言": "left at night",
    "定制": "made to order",
    "审核通过": "return approved",
    "尺码": "size",
    "已升级": "escalated",
    "已提交退款": "refund ordered",
    "已转接": "handed over",
    "待回电": "call back",
    "待回访": "to follow up",
    "待照片": "photos asked",
    "投诉": "complaint",
    "换货": "exchange",
    "支付问题": "payment trouble",
    "改地址": "address change",
    "易碎": "fragile",
    "极速退款": "instant refund",
    "物流": "delivery",
    "物流停滞": "tracking stuck",
    "物流拥堵": "courier backlog",
    "签收未收到": "not received",
    "老客户": "returning",
    "质量": "quality",
    "质量问题": "quality fault",
    "运费险": "freight insurance",
    "退款": "refund",
    "退货": "return",
    "错发漏发": "wrong or missing",
    "隐私提醒": "privacy",
}


def tag_name(tag: str) -> str:
    """What the interface calls a tag."""
    return ENGLISH.get(tag, tag) if lang.current() == "en" else tag

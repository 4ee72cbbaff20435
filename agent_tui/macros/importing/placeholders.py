"""Placeholders of other products as ours; what has no equal here becomes a slot to fill in.

Their forms are public: Zendesk's and Chatwoot's Liquid (`{{ticket.requester.first_name}}`,
`{{contact.name}}`), Zammad's `#{ticket.customer.firstname}`, Live Helper Chat's `{nick}`; and
what people write in tables of their own, `[客户姓名]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent_tui.knowledge.importing.row import Unfit
from agent_tui.macros import template
from agent_tui.macros.model import RESERVED, Slot

_CUSTOMER = (
    *("contact.name", "contact.first_name", "contact.full_name", "customer.name", "nick", "name"),
    *("ticket.requester.name", "ticket.requester.first_name", "requester.name"),
    *("ticket.customer.firstname", "ticket.customer.fullname", "ticket.customer.name"),
    *("ticket.customer.lastname", "visitor.name", "customer.firstname", "username"),
    *("ticket.requester.full_name", "requester.first_name", "客户姓名", "顾客", "客户", "昵称"),
    *(
        "姓名",
        "客户名",
        "客户昵称",
        "买家昵称",
        "称呼",
        "customer name",
        "customer_name",
        "first name",
    ),
)
_AGENT = (
    *("agent.name", "agent.first_name", "current_user.name", "current_user.first_name", "operator"),
    *("user.firstname", "user.fullname", "user.name", "ticket.assignee.name", "ticket.owner.name"),
    *("ticket.owner.firstname", "ticket.owner.fullname", "ticket.assignee.first_name"),
    *("current_user.firstname", "客服", "客服姓名", "客服昵称"),
)
_SHOP = (
    *("account.name", "ticket.account", "ticket.brand.name", "ticket.organization.name"),
    *("config.fqdn", "inbox.name", "ticket.group.name", "shop.name", "店铺", "店铺名称"),
)
_ORDER = ("order.no", "order.number", "order_number", "order_id", "order", "订单号", "订单编号")
_TRACKING = ("tracking number", "tracking_number", "快递单号", "物流单号", "运单号")
_LANGUAGE = ("ticket.requester.language", "ticket.requester.locale", "customer.language")
OURS: Mapping[str, str] = {
    **dict.fromkeys(_CUSTOMER, "customer.name"),
    **dict.fromkeys(_AGENT, "agent.name"),
    **dict.fromkeys(_SHOP, "shop.name"),
    **dict.fromkeys((*_ORDER, "order number", "order id"), "order.no"),
    **dict.fromkeys(_TRACKING, "order.tracking"),
    **dict.fromkeys(_LANGUAGE, "customer.language"),
    **{name: name for name in template.VARIABLES},
}
_NAME = r"[^\W\d][\w.\-]*(?:\[\d+\])?"
LIQUID = re.compile(r"\{\{-?\s*(?P<name>[^{}|]*?)\s*(?P<filter>\|[^{}]*)?-?\}\}")
ZAMMAD = re.compile(rf"#\{{\s*(?P<name>{_NAME})\s*\}}")
SINGLE = re.compile(rf"\{{(?P<name>{_NAME})(?:__(?P<filter>[^{{}}]*))?\}}")
BRACKET = re.compile(r"\[(?P<bracket>[^\[\]\n]{1,30})\](?!\()")
LIQUID_OR_BRACKET = re.compile(f"{LIQUID.pattern}|{BRACKET.pattern}")
_LOGIC = re.compile(r"\{%.*?%\}", re.DOTALL)


def convert(text: str, form: re.Pattern[str]) -> tuple[str, dict[str, Slot]]:
    """`text` as a template of ours, and the slots for the placeholders that have no equal here.

    Raises Unfit for logic (`{% if … %}`): what it would say can not be told beforehand.
    """
    logic = _LOGIC.search(text) if form in (LIQUID, LIQUID_OR_BRACKET) else None
    if logic:
        piece = " ".join(logic[0].split())[:40]
        raise Unfit(f"含有逻辑 {piece}，请手工改写", f"holds logic, rewrite it by hand: {piece}")
    slots: dict[str, Slot] = {}
    parts: list[str] = []
    at = 0
    for found in form.finditer(text):
        parts.append(template.literal(text[at : found.start()]))
        parts.append(_ours(found, slots))
        at = found.end()
    parts.append(template.literal(text[at:]))
    return "".join(parts), slots


def _ours(found: re.Match[str], slots: dict[str, Slot]) -> str:
    groups = found.groupdict()
    name = (groups["name"] or groups.get("bracket") or "").strip()
    more = groups.get("filter") or ""
    known = OURS.get(name) or OURS.get(name.casefold())
    fallback = re.search(r"default:?\s*\(?\s*['\"]([^'\"{}]*)['\"]", more)
    if known:
        return f'{{{{ {known} | default("{fallback[1]}") }}}}' if fallback else f"{{{{ {known} }}}}"
    prompt = " ".join(found[0].strip("#{}[] ").split()) or "?"
    slot = _slot_name(name, slots, prompt)
    default = template.literal(fallback[1]) if fallback else ""
    slots.setdefault(slot, Slot(prompt=prompt[:80], default=default))
    return f"{{{{ {slot} }}}}"


def _slot_name(name: str, slots: Mapping[str, Slot], prompt: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
    base = plain if re.match("[a-z]", plain) else f"slot_{plain}".rstrip("_")
    base = f"{base}_" if base in RESERVED else base
    candidate, count = base, 1
    while candidate in slots and slots[candidate].prompt != prompt[:80]:
        count += 1
        candidate = f"{base}_{count}"
    return candidate

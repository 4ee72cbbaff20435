"""The shop's figures: how long things may take, and what weighs more.

Seconds unless the name says otherwise.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent_tui.domain.model import Channel, Clock

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Seconds = Annotated[int, Meta(ge=1, le=400 * DAY)]
Weight = Annotated[float, Meta(gt=0, le=1000)]


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What pulls a conversation up in the queue: time left is divided by the weight."""

    complaint: Annotated[Weight, Meta(description="type is complaint / 投诉")] = 4.0
    vip: Annotated[Weight, Meta(description="customer tier or tag is VIP / VIP 客户")] = 2.0
    chat: Annotated[Weight, Meta(description="any chat channel / 在线会话")] = 1.0
    mail: Annotated[Weight, Meta(description="e-mail / 邮件")] = 0.2
    first: Annotated[
        Weight,
        Meta(description="times the above until a chat's first reply / 首次响应前再乘以"),
    ] = 1.5


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clocks, and the rules for replies that come late."""

    first_reply: Annotated[Seconds, Meta(description="first reply in a chat / 首次响应")] = (
        3 * MINUTE
    )
    next_reply: Annotated[Seconds, Meta(description="every later reply in a chat / 后续响应")] = (
        3 * MINUTE
    )
    warning: Annotated[Seconds, Meta(description="warn after this long without a reply / 预警")] = (
        100
    )
    mail_reply: Annotated[Seconds, Meta(description="reply to an e-mail / 邮件回复")] = 24 * HOUR
    return_review: Annotated[Seconds, Meta(description="review of a return request / 退货审核")] = (
        2 * HOUR
    )
    complaint_escalation: Annotated[
        Seconds, Meta(description="a complaint reaches a lead / 投诉升级")
    ] = HOUR
    follow_up: Annotated[Seconds, Meta(description="follow-up after solving / 回访")] = 3 * DAY
    solve_common: Annotated[
        Seconds, Meta(description="a common question is solved / 常见问题解决时限")
    ] = 5 * MINUTE
    solve_ordinary: Annotated[Seconds, Meta(description="an ordinary one / 一般问题解决时限")] = (
        15 * MINUTE
    )
    solve_complex: Annotated[Seconds, Meta(description="a complex one / 复杂问题解决时限")] = (
        30 * MINUTE
    )
    stale_reply: Annotated[
        Seconds,
        Meta(description="a reply queued longer is held if the customer wrote since / 过期回复"),
    ] = 2 * MINUTE
    chat_expiry: Annotated[
        Seconds, Meta(description="a chat reply queued longer is never sent unasked / 会话回复时效")
    ] = 10 * MINUTE
    mail_expiry: Annotated[
        Seconds, Meta(description="a mail reply queued longer is never sent unasked / 邮件回复时效")
    ] = 24 * HOUR
    reopen_within: Annotated[
        Seconds,
        Meta(description="a message this soon after resolving reopens the conversation / 重开期限"),
    ] = 7 * DAY
    close_pending: Annotated[
        Seconds,
        Meta(description="a chat waiting so long for its customer is solved / 客户不回自动结束"),
    ] = 3 * DAY
    late_cap: Annotated[
        Seconds, Meta(description="lateness counts up to this in the queue's order / 超时封顶")
    ] = 30 * MINUTE
    message_chars: Annotated[
        int,
        # Four bytes each must fit into the smallest `limits.body_bytes`, or they block the outbox.
        Meta(ge=100, le=250_000, description="longest message, characters / 单条消息字数上限"),
    ] = 100_000
    weights: Weights = Weights()

    def clock_ms(self, clock: Clock) -> int:
        """Length of an agent-started clock, in ms."""
        lengths = {
            Clock.RETURN_REVIEW: self.return_review,
            Clock.COMPLAINT_ESCALATION: self.complaint_escalation,
            Clock.FOLLOW_UP: self.follow_up,
            Clock.SOLUTION: self.solve_ordinary,
        }
        return lengths[clock] * 1000

    def solve_ms(self, difficulty: str) -> int | None:
        """How long solving a question of this class may take, in ms; None without a class."""
        lengths = {
            "common": self.solve_common,
            "ordinary": self.solve_ordinary,
            "complex": self.solve_complex,
        }
        seconds = lengths.get(difficulty)
        return seconds * 1000 if seconds else None

    def expiry_ms(self, channel: Channel) -> int:
        """How long a queued reply may wait before it is held, in ms."""
        return (self.mail_expiry if channel is Channel.MAIL else self.chat_expiry) * 1000

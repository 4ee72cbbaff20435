"""A customer's message that was handed in over HTTP, by whichever channel."""

from __future__ import annotations

from starlette.responses import Response

from agent_tui.domain.outcome import Reason, Rejected
from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.server.endpoint import TooLarge, json
from agent_tui.server.inbound import Received, TakeInbound
from agent_tui.server.service import Service
from agent_tui.server.web_shapes import WriteAnswer


async def hand_in(service: Service, job: TakeInbound, key: str) -> Response:
    """The answer once the message is durable; `key` is the sender's own name for it.

    Raises UsageError or TooLarge for one that is not taken.
    """
    found: Received | Rejected = await service.writer.submit(job)
    if isinstance(found, Rejected):
        raise _refusal(found)
    return json(WriteAnswer(id=key, seq=found.seq, at=found.at))


def _refusal(rejected: Rejected) -> UsageError | TooLarge:
    if rejected.reason is Reason.TOO_LONG:
        return TooLarge(
            Both(
                f"消息超过 {rejected.detail} 字",
                f"the message is over {rejected.detail} characters",
            ),
            Both("分成几条发送", "send it in parts"),
        )
    return UsageError(
        Both("消息是空的", "the message is empty"), Both("写点内容再发", "write something first")
    )

"""Who looks at a chat is told to colleagues who may see it, and to nobody else."""

from __future__ import annotations

from tests.driver import Serving, conversation_of, until


def test_looking_and_leaving_are_told_to_colleagues_only(serving: Serving) -> None:
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    anna, bo, lo = (serving.agent(who) for who in ("anna", "bo", "lo"))
    head = len(serving.log())
    looking = {"conversation": key, "typing": False, "looking": True}
    with (
        bo.stream(bo.now()) as told,
        lo.stream(lo.now()) as out,
        visitor.stream() as outside,
    ):
        until(lambda: told.comments and out.comments and outside.data("message"))
        anna.ok("POST", "/v1/typing", looking)
        (seen,) = until(lambda: told.data("presence"))
        assert (seen["agent"], seen["conversation"], seen["typing"]) == ("anna", key, False)
        anna.ok("POST", "/v1/typing", looking | {"looking": False})
        left = until(lambda: told.data("presence")[1:])[0]
        # It is over at once, not when the looking would have been.
        assert left["until"] < seen["until"] - 20_000
        anna.ok("POST", "/v1/typing", {"conversation": key})
        until(lambda: outside.data("typing"))
        assert len(outside.data("typing")) == 1
        assert out.data("presence") == []
    assert len(serving.log()) == head

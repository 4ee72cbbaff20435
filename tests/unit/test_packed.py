"""Events of a snapshot, kept as they came: the same, in order, as often as they are asked for."""

from __future__ import annotations

import msgspec
import pytest

from agent_tui.domain import events as e
from agent_tui.sync import packed
from agent_tui.sync.packed import Packed
from tests import factories as f

ARTICLES = [
    f.recorded(e.ArticleSaved(f.article(id=f"a/{number}", body="正文\u2028" * 50)), number + 1)
    for number in range(60)
]


@pytest.mark.parametrize("piece", [1, 3_000, 10**9])
def test_what_goes_in_comes_out(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "PIECE_BYTES", piece)
    events = Packed()
    for each in ARTICLES:
        events.add(msgspec.json.encode(each))
    assert len(events) == len(ARTICLES)
    for _ in range(2):
        assert list(events) == ARTICLES
    assert ARTICLES[5] in events
    assert ARTICLES[5].body not in events  # type: ignore[comparison-overlap]


def test_nothing_is_nothing() -> None:
    assert list(Packed()) == []
    assert not Packed()


@pytest.mark.parametrize("line", [b"{", b'{"seq":1', b"\xff", b"nonsense"])
def test_what_is_no_event_is_told_at_once(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        Packed().add(line)


def test_a_kind_that_is_not_known_is_marked() -> None:
    events = Packed()
    events.add(b'{"seq":1,"at":2,"by":"x","body":{"kind":"from_the_future"}}')
    (found,) = events
    assert found.body == e.NotUnderstood("from_the_future")

"""Feed events kept as they came, packed: as values they would take ten times the memory."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator

import msgspec

from agent_tui.domain.events import Recorded
from agent_tui.sync import answers

PIECE_BYTES = 250_000
FASTEST = 1


class Packed(Collection[Recorded]):
    """Lines of JSON, read again whenever somebody goes through them."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._open: list[bytes] = []
        self._open_bytes = 0
        self._count = 0

    def add(self, line: bytes) -> None:
        """One more event. Raises msgspec.DecodeError if it is none."""
        msgspec.json.decode(line, type=msgspec.Raw)  # looks through it, and makes nothing of it
        self._open.append(line)
        self._open_bytes += len(line)
        self._count += 1
        if self._open_bytes >= PIECE_BYTES:
            self._pieces.append(zlib.compress(b"\n".join(self._open), FASTEST))
            self._open, self._open_bytes = [], 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Recorded]:
        for piece in self._pieces:
            for line in zlib.decompress(piece).split(b"\n"):
                yield answers.recorded(line)
        for line in self._open:
            yield answers.recorded(line)

    def __contains__(self, event: object) -> bool:
        return any(event == each for each in self)

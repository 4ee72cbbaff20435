"""Why a conversation went where it is: a code and its values, kept as one short text.

"matched|退款|1|refund" is code `matched` with three values. A text without a code, as people and
older servers wrote, is read as `text`.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from agent_tui.domain.rules import Matched


class Because(StrEnum):
    """The codes, with their values."""

    MATCHED = "matched"  # word, line (from 1), rule
    CONDITIONS = "conditions"  # rule: its circumstances alone decided
    LAST_AGENT = "last_agent"  # agent: the customer was theirs before
    LEAST_LOADED = "least_loaded"  # agent, load, limit
    LONGEST_IDLE = "longest_idle"  # agent
    ROUND_ROBIN = "round_robin"  # agent
    PULLED = "pulled"  # agent
    # agent: nothing was heard of them any more; a duty's says what they were, since when (ms), why
    LEASE_ENDED = "lease_ended"
    SHIFT_CLOSED = "shift_closed"  # agent
    DECLINED = "declined"  # agent, how often in a row
    OVERFLOW = "overflow"  # team that it comes from
    NOBODY_ONLINE = "nobody_online"  # team
    AT_LIMIT = "at_limit"  # how many, team
    NO_LANGUAGE = "no_language"  # language, team
    NO_SKILL = "no_skill"  # skill, team
    CLOSED_UNTIL = "closed_until"  # team, when it opens, in local time as people read it
    SURGE = "surge"  # team
    TEXT = "text"  # free text


_ENCODED = re.compile(r"([a-z][a-z_]*)\|(.*)\Z", re.DOTALL)
_PART = re.compile(r"(?:[^|\\]|\\.|\\\Z)*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_EMPTY = "\\0"  # the only value, and empty


class Why(msgspec.Struct, frozen=True):
    """A reason. `code` is one of `Because`, or unknown, if a newer server wrote it."""

    code: str
    values: tuple[str, ...] = ()

    def encode(self) -> str:
        """As one text; `decode` reads it back."""
        if self.code == Because.TEXT and len(self.values) == 1:
            (text,) = self.values
            if not _ENCODED.match(text):
                return text
        values = [each.replace("\\", "\\\\").replace("|", "\\|") for each in self.values]
        return "|".join([str(self.code), *([_EMPTY] if values == [""] else values or [""])])

    @classmethod
    def decode(cls, text: str) -> Why:
        """What `text` says; every text says something."""
        found = _ENCODED.match(text)
        if found is None:
            return cls(Because.TEXT, (text,))
        code, rest = found.groups()
        if rest in ("", _EMPTY):
            return cls(code, () if rest == "" else ("",))
        return cls(
            code, tuple(re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in _parts(rest))
        )

    @classmethod
    def matched(cls, matched: Matched) -> Why:
        """Why a rule decided."""
        if not matched.word:
            return cls(Because.CONDITIONS, (matched.rule,))
        return cls(Because.MATCHED, (matched.word, str(matched.line), matched.rule))


def _parts(text: str) -> list[str]:
    """What lies between separators that are not escaped."""
    found: list[str] = []
    at = 0
    while True:
        part = _PART.match(text, at)
        assert part is not None  # it may be empty
        found.append(part.group())
        if part.end() >= len(text):
            return found
        at = part.end() + 1

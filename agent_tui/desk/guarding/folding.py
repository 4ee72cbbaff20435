"""A text as its reader understands it, however it is spelled; and where each character stood."""

from __future__ import annotations

import functools
import unicodedata

# Letters of other scripts that look like Latin ones, and traditional characters of guarded words.
_LOOKS = dict(
    zip(
        "аАеЕоОрРсСхХуУкКвВмМтТнНіІѕАΑΒΕΖΗΙΚΜΝΟΡΤΧνοω國級絕對證聯繫號碼電話網價優銷質獨無與倫頂極賠償終"
        "轉賬單寶貓東買衛個儘線陸貳參",
        "aaeeooppccxxyykkbbmmttHhiisaabezhikmnoptxvow国级绝对证联系号码电话网价优销质独无与伦顶极赔偿终"
        "转账单宝猫东买卫个尽线陆贰叁",
        strict=True,
    )
)
_HEARTS = frozenset("❤♥♡💚💙💛🧡💜💕💗🖤🤍🤎💓💖")
DIGITS = dict(
    zip("零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789", strict=True)
)
# What may stand between two characters of a word and changes nothing of how it is read.
_LIGHT = frozenset("·•‧∙・.*_-~^|/\\'\"`´°…—–【】[]()「」『』<>《》〈〉{}＿\u3000")
HEART = "❤"


_LEFT_OUT, _UNSEEN = "\ue001", "\ue002"


class Folded:
    """`plain` in small letters of one width; `tight` also without spaces and ornaments."""

    def __init__(self, plain: str, tight: str) -> None:
        """Both with a sign for each character of the text that they leave out."""
        self.plain = plain.replace(_UNSEEN, "")
        self.tight = tight.replace(_LEFT_OUT, "")
        self._plain, self._tight = plain, tight

    @functools.cached_property
    def _plain_at(self) -> list[int]:
        return [at for at, char in enumerate(self._plain) if char != _UNSEEN]

    @functools.cached_property
    def _tight_at(self) -> list[int]:
        return [at for at, char in enumerate(self._tight) if char != _LEFT_OUT]

    def in_plain(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text a part of `plain` stands."""
        return self._plain_at[start], self._plain_at[end - 1] + 1

    def in_tight(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text a part of `tight` stands."""
        return self._tight_at[start], self._tight_at[end - 1] + 1


def _read(char: str) -> str:
    """The character as it is read."""
    if char in _HEARTS:
        return HEART
    if char in DIGITS or char in "\n…":
        return char
    known = _LOOKS.get(char)
    if known is not None:
        return known.lower()
    if unicodedata.category(char) in ("Cf", "Mn", "Me", "Cc") and char != "\t":
        return _UNSEEN
    read = unicodedata.normalize("NFKC", char).lower()[:1]
    return _LOOKS.get(read, read) if read.strip() else " "


def _light(char: str, read: str) -> bool:
    """Whether `tight` leaves it out."""
    if read == HEART:
        return False
    out = read in _LIGHT or read in (" ", "\n", _UNSEEN)
    return out or unicodedata.category(char) in ("So", "Sk")


class _Plain(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = _read(chr(code))
        return self[code]


class _Tight(dict[int, str]):
    def __missing__(self, code: int) -> str:
        read = _read(chr(code))
        self[code] = _LEFT_OUT if _light(chr(code), read) else read
        return self[code]


_PLAIN, _TIGHT = _Plain(), _Tight()
_MOST_KNOWN = 20_000


def fold(text: str) -> Folded:
    """`text` for looking through."""
    if len(_PLAIN) > _MOST_KNOWN:
        _PLAIN.clear()
        _TIGHT.clear()
    return Folded(text.translate(_PLAIN), text.translate(_TIGHT))

"""What can be wrong with a filter, where, and the way out."""

from __future__ import annotations

from rich.cells import cell_len

from agent_tui.domain.filter_keys import COMPARED, Key, Takes
from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.text import clean

Trouble = tuple[Both, Both]  # what it is, and a hint


class FilterError(UsageError, ValueError):
    """A filter that cannot be understood, and the place in `text` where: `length` from `at`."""

    hint: Both

    def __init__(self, text: str, at: int, length: int, what: Both, hint: Both) -> None:
        self.text = text
        self.at = at
        self.length = length
        self.what = what
        place = self.caret()
        super().__init__(Both(f"{what.zh}\n{place}", f"{what.en}\n{place}"), hint)

    def caret(self) -> str:
        """Two lines: the text, and marks beneath the place, by terminal cells."""
        shown = [" " if char.isspace() else clean(char) for char in self.text]
        before = cell_len("".join(shown[: self.at]))
        marked = cell_len("".join(shown[self.at : self.at + self.length]))
        return f"{''.join(shown)}\n{' ' * before}{'^' * max(1, marked)}"


_QUOTE = Both("要找的是字面就加引号", "put it in quotes to look for it as text")
_REMOVE = Both("删掉", "remove it")
_BETWEEN = Both("写在两个条件之间：(A or B)", "it stands between two terms: (A or B)")

OPEN_QUOTE = (Both("引号没有结束", "the quote does not end"), Both("补上后引号", "close the quote"))
EMPTY_QUOTES = (Both("引号里没有字", "nothing in the quotes"), _REMOVE)
NOT_CLOSED = (Both("括号没有结束", "the parenthesis is not closed"), Both("补上 )", "add a )"))
NOT_OPENED = (Both("多出的括号", "no parenthesis was opened"), _QUOTE)
EMPTY_PARENTHESES = (Both("括号里没有条件", "nothing in the parentheses"), _REMOVE)
TOO_DEEP = (Both("括号套得太深", "too many parentheses in each other"), _REMOVE)
NOTHING_NEGATED = (
    Both("减号后面没有条件", "the minus is followed by nothing"),
    Both("紧接着写，如 -已分配", "write what must not be right behind it: -assigned"),
)
NO_KEY = (
    Both("前面没有键", "no key stands before it"),
    Both("中间不留空格，如 waiting>5m", "without spaces: waiting>5m"),
)
NOTHING_BEFORE = (Both("前面没有条件", "no term stands before it"), _BETWEEN)
NOTHING_AFTER = (Both("后面没有条件", "no term stands behind it"), _BETWEEN)
MIXED = (
    Both("“或”和并列的条件混在一起", "`or` among terms that must all hold"),
    Both("用括号说明：(A or B) C", "say with parentheses which belong together: (A or B) C"),
)


def unknown_key(name: str, guess: str | None) -> Trouble:
    """Nothing is called `name`."""
    return Both(f"没有 {name} 这个键", f"there is no key {name}"), _meant(guess) or _QUOTE


def unknown_value(key: Key, text: str, guess: str | None) -> Trouble:
    """`key` is never `text`."""
    every = ", ".join(each.value for each in key.choices)
    what = Both(f"{key.name} 没有 {text}", f"{key.name} is never {text}")
    return what, _meant(guess) or Both(f"可以是 {every}", f"it is one of {every}")


def not_taken(key: Key, operator: str) -> Trouble:
    """`operator` does not go with `key`."""
    if key.takes is Takes.NOTHING:
        return (
            Both(f"{key.name} 不带值", f"{key.name} takes no value"),
            Both(f"写成 {key.name} 或 -{key.name}", f"write {key.name} or -{key.name}"),
        )
    return Both(f"{key.name} 不用 {operator}", f"{key.name} does not take {operator}"), _like(key)


def missing(key: Key) -> Trouble:
    """A value of `key` is not there."""
    return Both("后面没有值", "its value is missing"), _like(key)


def one_only(key: Key) -> Trouble:
    """`key` is compared with one value."""
    return Both("只能比较一个值", "it is compared with one value only"), _like(key)


def bad_amount(key: Key, text: str) -> Trouble:
    """`text` is not what `key` is compared with."""
    if key.takes is Takes.NUMBER:
        return Both(f"{text} 不是整数", f"{text} is no whole number"), _like(key)
    return (
        Both(f"{text} 不是时长", f"{text} is no length of time"),
        Both("写成 30s、5m、2h、1d 或 1h30m", "write 30s, 5m, 2h, 1d or 1h30m"),
    )


def term_within(text: str) -> Trouble:
    """`text` stands where a value does, and is a term itself."""
    return (
        Both(f"{text} 是另一个条件", f"{text} is a term of its own"),
        Both("条件之间用空格隔开，不用逗号", "terms are separated by spaces, not by commas"),
    )


def _like(key: Key) -> Both:
    more = "，如" if key.takes in COMPARED else "成"
    return Both(f"写{more} {key.example}", f"write it like {key.example}")


def _meant(guess: str | None) -> Both | None:
    return Both(f"是不是 {guess}？", f"did you mean {guess}?") if guess else None

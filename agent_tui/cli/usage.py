"""What the command line cannot take, in both languages: Typer says it in English only."""

from __future__ import annotations

import re

import typer

from agent_tui.errors import UsageError
from agent_tui.lang import Both

_VALUE = r"value for '(.+?)': .*"
_SAID = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"No such command '(.+?)'\.", Both("没有命令 {}", "there is no command {}")),
        (r"No such option: (\S+)", Both("没有选项 {}", "there is no option {}")),
        (r"Missing \w+ '(.+?)'\.", Both("缺少 {}", "{} is missing")),
        (r"Option '(.+?)' requires", Both("{} 后面要写值", "{} takes a value")),
        (r"Option '(.+?)' does not take", Both("{} 后面不写值", "{} takes no value")),
        (r"Got unexpected extra argument\S* \((.+)\)", Both("多了 {}", "{} is too much")),
        (rf"{_VALUE}?'(.+)' is not one of", Both("{} 不能是 {}", "{} cannot be {}")),
        (rf"{_VALUE}greater than.* to (\S+)", Both("{} 至少是 {}", "{} must be at least {}")),
        (rf"{_VALUE}less than.* to (\S+)", Both("{} 至多是 {}", "{} must be at most {}")),
        (rf"{_VALUE}valid integer", Both("{} 应是整数", "{} must be a whole number")),
        (rf"{_VALUE}valid number", Both("{} 应是数", "{} must be a number")),
    )
)
_NEAR = re.compile(r"Did you mean (.+)\?|Possible options: (.+)\)")
_CHOICES = re.compile(r"is not one of (.+?)\.?\Z")


def told(error: typer.TyperException) -> UsageError:
    """Typer's `error` as one of ours: what was wrong, what was probably meant, where to look."""
    message = error.format_message()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "agent-tui"
    hint = Both(f"用法：{command} -h", f"usage: {command} -h")
    if near := _NEAR.search(message):
        names = _bare(near[1] or near[2])
        hint = Both(f"是不是 {names}？{hint.zh}", f"did you mean {names}? {hint.en}")
    elif choices := _CHOICES.search(message):
        names = _bare(choices[1])
        hint = Both(f"可选：{names}；{hint.zh}", f"choose from: {names}; {hint.en}")
    return UsageError(_title(message), hint)


def _title(message: str) -> Both:
    for pattern, words in _SAID:
        if found := pattern.search(message):
            parts = found.groups()
            return Both(words.zh.format(*parts), words.en.format(*parts))
    return Both(message, message)


def _bare(listed: str) -> str:
    """`'work', 'mine'` as `work mine`."""
    return listed.replace("'", "").replace(", ", " ")

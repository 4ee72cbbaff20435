"""`--help` in Chinese: what Typer itself says in English only, around our own words."""

from __future__ import annotations

from typing import Any

import typer

from agent_tui import lang

_HEADINGS = {"Options": "选项", "Commands": "命令", "Arguments": "参数"}
_PLACES = (("[OPTIONS]", "[选项]"), ("COMMAND [ARGS]...", "命令 [参数]..."))
_ASIDES = (
    ("Show this message and exit.", "显示帮助"),
    ("[default: ", "[默认："),
    ("[required]", "[必填]"),
    ("; required]", "；必填]"),
)


def speak(app: typer.Typer) -> None:
    """From now on the help of `app` is in the language in use when it is asked for."""
    context = typer.main.get_command(app).context_class
    context.formatter_class = _speaking(context.formatter_class)


def _speaking(plain: Any) -> Any:
    """`plain`, Typer's formatter, with the words of the language in use. Once is enough."""
    if getattr(plain, "speaks", False):
        return plain

    class Speaking(plain):  # type: ignore[misc]  # which class it is, is Typer's own affair
        speaks = True

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            if _chinese() and prefix is None:
                prefix, args = "用法：", _replaced(args, _PLACES)
            super().write_usage(prog, args, prefix)

        def write_heading(self, heading: str) -> None:
            super().write_heading(_HEADINGS.get(heading, heading) if _chinese() else heading)

        def write_dl(self, rows: Any, *spacing: int, **spacings: int) -> None:
            if _chinese():
                rows = [(name, _replaced(words, _ASIDES)) for name, words in rows]
            super().write_dl(rows, *spacing, **spacings)

    return Speaking


def _chinese() -> bool:
    return lang.current() == "zh"


def _replaced(text: str, words: tuple[tuple[str, str], ...]) -> str:
    for english, chinese in words:
        text = text.replace(english, chinese)
    return text

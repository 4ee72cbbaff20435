"""Themes: calm dark and light, high contrast, and the terminal's own colours. One accent, amber for
warnings, red for breaches; no colour says anything that a sign beside it does not say too.

Every text reaches 4.5:1 against whatever it can stand on (WCAG 2 AA), 7:1 in high contrast;
tests/tui/test_themes.py measures it. `row-cursor` is the line that
the keys act on, `row-flash` one that asks to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.theme import Theme

from agent_tui.errors import ConfigError
from agent_tui.lang import Both

DEFAULT = "desk-dark"
# Where a theme is not ours.
DEFAULTS = {"row-cursor": "#2d4a4a", "row-flash": "#4a3a1c"}


def _theme(
    name: str,
    *,
    dark: bool,
    text: str,
    dim: str,
    accent: str,
    warning: str,
    error: str,
    success: str,
    background: str,
    panel: str,
    boost: str,
    border: str,
    cursor: str,
    flash: str,
) -> Theme:
    """One accent on one background; what Textual would blend is a colour of its own."""
    return Theme(
        name=name,
        primary=accent,
        secondary=dim,
        accent=accent,
        warning=warning,
        error=error,
        success=success,
        foreground=text,
        background=background,
        surface=background,
        panel=panel,
        dark=dark,
        variables={
            "boost": boost,  # Textual drops a theme's own where it has a panel
            "row-cursor": cursor,
            "row-flash": flash,
            "border": border,
            "footer-key-foreground": accent,
            "text-muted": dim,
            "text-disabled": dim,
            "block-cursor-background": cursor,
            "block-cursor-foreground": text,
            "block-cursor-blurred-background": cursor,
            "block-cursor-blurred-foreground": text,
            "input-selection-background": cursor,
            "input-selection-foreground": text,
        },
    )


DARK = _theme(
    "desk-dark",
    dark=True,
    text="#dcdfe4",
    dim="#9aabc4",
    accent="#6fc2b0",
    warning="#e6b25c",
    error="#f28b7c",
    success="#8fcf8f",
    background="#15181c",
    panel="#1e2329",
    boost="#252b32",
    border="#3d4752",
    cursor="#223f3e",
    flash="#4a3a1c",
)

LIGHT = _theme(
    "desk-light",
    dark=False,
    text="#1f2328",
    dim="#46546c",
    accent="#12654a",
    warning="#7a4f00",
    error="#a31d16",
    success="#226427",
    background="#fbfbf9",
    panel="#efefea",
    boost="#e4e4dd",
    border="#b9b9b0",
    cursor="#cfe3da",
    flash="#f5e3bb",
)

CONTRAST = _theme(
    "desk-contrast",
    dark=True,
    text="#ffffff",
    dim="#d8dde6",
    accent="#5ff0d0",
    warning="#ffd35c",
    error="#ffbdb4",
    success="#8cf08c",
    background="#000000",
    panel="#0d0f12",
    boost="#1d2126",
    border="#8a97a6",
    cursor="#07374d",
    flash="#3f3100",
)

# The terminal's own sixteen colours, on its own background: whoever chose them can read them.
ANSI = Theme(
    name="desk-ansi",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_default",
    accent="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "row-cursor": "ansi_default",
        "row-flash": "ansi_default",
        "border": "ansi_default",
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-text-style": "underline",
        "block-cursor-blurred-text-style": "underline",
        "input-cursor-text-style": "reverse",
        "footer-key-foreground": "ansi_cyan",
    },
)

THEMES = (DARK, LIGHT, CONTRAST, ANSI)
TITLES = {
    "desk-dark": Both("深色", "dark"),
    "desk-light": Both("浅色", "light"),
    "desk-contrast": Both("高对比", "high contrast"),
    "desk-ansi": Both("终端自己的 16 色", "the terminal's own 16 colours"),
}


def check_theme(name: str, known: Iterable[str], source: str) -> None:
    """Raise ConfigError if there is no theme called so."""
    names = [*TITLES, *known]
    if name in names:
        return
    import difflib

    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    raise ConfigError(
        Both(
            f"{source}：interface.theme：没有主题 {name}",
            f"{source}: interface.theme: there is no theme {name}",
        ),
        Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?")
        if near
        else Both("可用：" + "、".join(TITLES), "there are: " + ", ".join(TITLES)),
    )

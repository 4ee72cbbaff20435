"""Two calm themes: one accent, amber for warnings, red for breaches."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="desk-dark",
    primary="#5fb3a1",
    secondary="#7d8fa9",
    accent="#5fb3a1",
    warning="#e0a84a",
    error="#e8705f",
    success="#7fbf7f",
    foreground="#d6d9de",
    background="#15181c",
    surface="#15181c",
    panel="#1e2329",
    boost="#252b32",
    dark=True,
    variables={"border": "#323a43", "footer-key-foreground": "#5fb3a1"},
)

LIGHT = Theme(
    name="desk-light",
    primary="#1f7a5c",
    secondary="#51607a",
    accent="#1f7a5c",
    warning="#9a6700",
    error="#b3261e",
    success="#2e7d32",
    foreground="#1f2328",
    background="#fbfbf9",
    surface="#fbfbf9",
    panel="#efefea",
    boost="#e4e4dd",
    dark=False,
    variables={"border": "#c9c9c1", "footer-key-foreground": "#1f7a5c"},
)

THEMES = (DARK, LIGHT)

"""Themes that are not ours, made readable: their greys are made for other screens than these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.color import BLACK, WHITE, Color

LEAST = 4.5  # WCAG 2 AA
STEP = 0.05
GROUNDS = ("background", "surface", "panel", "boost", "row-cursor", "row-flash")
TEXTS = ("foreground", "secondary", "primary", "accent", "warning", "error", "success")
TINT, DIM = 0.18, 0.3  # of the accent in a ground, of the ground in secondary text


def ratio(one: Color, other: Color) -> float:
    """WCAG 2 contrast, 1 to 21."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def readable(variables: Mapping[str, str]) -> dict[str, str]:
    """A theme's `variables`, with what our screens need beside them: every text reaches 4.5:1 on
    every ground that it can stand on. Texts that do already stay as they are."""
    # Where colours lie on each other, the page's own lies beneath.
    page = Color.parse(variables["background"])
    known = {name: page + Color.parse(variables[name]) for name in ("surface", "panel", "boost")}
    known["background"] = page
    given = {name: page + Color.parse(variables[name]) for name in TEXTS}
    known["row-cursor"] = page.blend(given["primary"], TINT)
    known["row-flash"] = page.blend(given["warning"], TINT)
    end = WHITE if _luminance(page) < 0.18 else BLACK
    # A ground in the middle leaves no room for text on either side: it goes towards the page.
    known = {name: _opened(ground, page, end) for name, ground in known.items()}
    given["secondary"] = given["foreground"].blend(page, DIM)
    known |= {name: _legible(text, end, known.values()) for name, text in given.items()}
    text, dim, cursor = known["foreground"], known["secondary"], known["row-cursor"]
    known |= {"text": text, "text-muted": dim, "text-disabled": dim}
    known |= {"footer-key-foreground": known["accent"]}
    for name in ("block-cursor", "block-cursor-blurred", "input-selection"):
        known |= {f"{name}-background": cursor, f"{name}-foreground": text}
    return {**variables, **{name: color.hex6 for name, color in known.items()}}


def _opened(ground: Color, page: Color, end: Color) -> Color:
    """`ground`, nearer to `page` if even the strongest text could not be read on it."""
    for _ in range(round(1 / STEP)):
        if ratio(end, ground) >= LEAST + 1:
            break
        ground = ground.blend(page, 2 * STEP)
    return ground


def _legible(text: Color, end: Color, grounds: Iterable[Color]) -> Color:
    """`text`, as much nearer to `end` (black or white) as it takes."""
    grounds = [*grounds]
    for step in range(round(1 / STEP) + 1):
        found = text.blend(end, min(1.0, step * STEP))
        if all(ratio(found, ground) >= LEAST for ground in grounds):
            return found
    return end


def _luminance(color: Color) -> float:
    parts = [value / 255 for value in (color.r, color.g, color.b)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

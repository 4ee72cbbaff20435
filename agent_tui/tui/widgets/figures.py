"""Big figures out of half blocks, to be read from across the room."""

from __future__ import annotations

# Three pixels wide, five high.
FONT = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", " ##", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", " # ", " # "),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ":": (" ", "#", " ", "#", " "),
    "-": ("   ", "   ", "###", "   ", "   "),
    "h": ("#  ", "#  ", "###", "# #", "# #"),
    "d": ("  #", "  #", "###", "# #", "###"),
    "!": ("#", "#", "#", " ", "#"),
    " ": (" ", " ", " ", " ", " "),
}
HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
SMALL, LARGE = 3, 5  # lines


def big(text: str, height: int = SMALL) -> list[str]:
    """`text` as `height` lines: of half blocks if SMALL, of whole ones twice as wide if LARGE."""
    rows = [" ".join(FONT[char][line] for char in text if char in FONT) for line in range(5)]
    if height == LARGE:
        return ["".join("██" if pixel == "#" else "  " for pixel in row) for row in rows]
    width = len(rows[0])
    rows.append(" " * width)
    return [
        "".join(
            HALVES[rows[at][column] == "#", rows[at + 1][column] == "#"] for column in range(width)
        )
        for at in range(0, 6, 2)
    ]

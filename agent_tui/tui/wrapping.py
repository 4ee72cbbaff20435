"""Text fields break their lines where bubbles do.

Textual's own keeps together what stands between two spaces: in Chinese, a whole sentence.
"""

from __future__ import annotations

from itertools import pairwise

from rich.cells import cell_len
from textual._wrap import compute_wrap_offsets
from textual.document import _wrapped_document

from agent_tui.text import breaks, head


def field_breaks(
    text: str,
    width: int,
    tab_size: int,
    fold: bool = True,
    precomputed_tab_sections: list[tuple[str, int]] | None = None,
) -> list[int]:
    """Where a line of a text area goes on in the next one; Textual's `compute_wrap_offsets`.

    One space may hang out at an inner line's end, where the cursor has its column.
    """
    if width < 2 or "\t" in text:
        return compute_wrap_offsets(text, width, tab_size, fold, precomputed_tab_sections)
    if cell_len(text) <= width:
        return []
    found: list[int] = []
    for start, end in pairwise([0, *breaks(text, width), len(text)]):
        at, hanging = start, int(end < len(text))
        while cell_len(text[at:end]) > width + hanging and (part := head(text[at:end], width)):
            at += len(part)
            found.append(at)
        found.append(end)
    return found[:-1]


def teach_wrapping() -> None:
    """Make Textual's text areas break lines so; it has no public way to."""
    _wrapped_document.compute_wrap_offsets = field_breaks  # type: ignore[attr-defined]

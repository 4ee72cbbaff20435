"""Untrusted text made safe to store and show; widths in terminal cells.

A message is data. Before it is stored, and again before it enters an agent's cache, everything a
terminal could obey or that reorders or hides what a reader sees is taken out; what is left is shown
as it is. Cleaning is idempotent.
"""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, chop_cells, set_cell_size

_NEWLINES = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
# C0 without newline, DEL, C1; bidi controls; zero-width and other invisible formatting characters;
# fillers that look like nothing; interlinear annotation; tags; noncharacters; the variation
# selectors other than VS16.
_DROP = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufe00-\ufe0e\ufff0-\ufffb\ufffe\uffff\ufdd0-\ufdef"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_VS16, _ZWNJ, _ZWJ = "\ufe0f", "\u200c", "\u200d"
_MARKS_IN_A_ROW = 4
# Quick way out: printable ASCII, newline, Chinese with its punctuation, kana and Hangul. None of it
# is dropped, joins, or is a mark.
_PLAIN = re.compile(
    "[\n\x20-\x7e\u2010-\u2027\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff"
    "\uac00-\ud7a3\uff01-\uff5e]*\\Z"
)

ELLIPSIS = "…"


def clean(text: str) -> str:
    """`text` without anything that a terminal obeys, that reorders a line, or that hides in it.

    Newlines of every kind become LF, a tab becomes a space. ZWJ and VS16 stay inside emoji, ZWNJ
    and ZWJ stay after letters of scripts that need them, right-to-left letters stay; the controls
    that force a direction go. At most four combining marks stay on a letter. Lone surrogates
    become U+FFFD.
    """
    if _PLAIN.match(text):
        return text
    text = _NEWLINES.sub("\n", text).replace("\t", " ")
    text = _SURROGATES.sub("\ufffd", _DROP.sub("", text))
    return text if text.isascii() else _without_excess(text)


def clean_line(text: str, limit: int = 80) -> str:
    """`clean(text)` on one line, for names and titles, at most `limit` characters."""
    line = " ".join(clean(text[: limit * 16]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip(_ZWNJ + _ZWJ) + ELLIPSIS


def _without_excess(text: str) -> str:
    """`text` without joiners that join nothing and without marks beyond the fourth on one letter.

    One pass, in which each decision rests on what was kept before it, so that a second pass would
    decide the same.
    """
    marks = 0
    kept: list[str] = []
    for index, char in enumerate(text):
        # Ideographs, kana and Hangul carry no marks: skip the look-up for almost all Chinese text.
        if char < "\u0300" or "\u3400" <= char <= "\ud7a3":
            marks = 0
        elif char in (_VS16, _ZWNJ, _ZWJ):
            before, after = kept[-1] if kept else "", text[index + 1 : index + 2]
            if not _joins(before, char, after) or (marks == _MARKS_IN_A_ROW and _mark(after)):
                continue
        elif _mark(char):
            if marks == _MARKS_IN_A_ROW:
                continue
            marks += 1
        else:
            marks = 0
        kept.append(char)
    return "".join(kept)


def _mark(char: str) -> bool:
    return bool(char) and unicodedata.category(char) in ("Mn", "Me")


def _joins(before: str, char: str, after: str) -> bool:
    """Whether joiner `char` means something between the two characters around it."""
    if not before:
        return False
    if char == _VS16:
        return _emoji(before) or before in "0123456789#*"
    if char == _ZWJ and (_emoji(before) or before == _VS16):
        return bool(after) and _emoji(after)
    # Arabic, Syriac and the scripts of India write words with these joiners.
    return "\u0600" <= before <= "\u0dff" and "\u0600" <= after <= "\u0dff"


def _emoji(char: str) -> bool:
    code = ord(char)
    return (
        0x1F000 <= code <= 0x1FAFF
        or 0x2190 <= code <= 0x2BFF
        or code in (0xA9, 0xAE, 0x203C, 0x2049, 0x2122, 0x2139, 0x3030, 0x303D, 0x3297, 0x3299)
    )


def clip(text: str, cells: int) -> str:
    """`text` on one line, cut with an ellipsis so that it takes at most `cells` terminal cells."""
    line = text.replace("\n", " ")
    if cells <= 0:
        return ""
    if cell_len(line) <= cells:
        return line
    return set_cell_size(line, cells - 1).rstrip() + ELLIPSIS


def fit(text: str, cells: int) -> str:
    """`text` clipped and padded with spaces to exactly `cells` terminal cells."""
    return set_cell_size(clip(text, cells), max(cells, 0))


def wrap(text: str, cells: int) -> list[str]:
    """`text` broken into lines of at most `cells` cells; words stay whole where they fit."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrap_paragraph(paragraph, max(cells, 2)))
    return lines


_TOKENS = re.compile(
    r"\s+|[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|[^\s\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]+"
)
_NEVER_FIRST = frozenset("，。！？；：、）】》」』”’,.!?;:)]}")


def _wrap_paragraph(paragraph: str, cells: int) -> list[str]:
    if cell_len(paragraph) <= cells:
        return [paragraph]
    lines: list[str] = []
    line = ""
    width = 0
    for token in _TOKENS.findall(paragraph):
        size = cell_len(token)
        if width + size <= cells:
            line, width = line + token, width + size
            continue
        if token.isspace():
            lines.append(line)
            line, width = "", 0
            continue
        if token in _NEVER_FIRST and len(line) > 1 and 0 < cell_len(line[-1]) <= cells - size:
            # Chinese typesetting: closing punctuation takes the character before it along.
            lines.append(line[:-1].rstrip())
            line = line[-1] + token
            width = cell_len(line)
            continue
        if line.strip():
            lines.append(line.rstrip())
        pieces = chop_cells(token, cells) if size > cells else [token]
        lines.extend(pieces[:-1])
        line = pieces[-1]
        width = cell_len(line)
    if line or not lines:
        lines.append(line.rstrip())
    return lines

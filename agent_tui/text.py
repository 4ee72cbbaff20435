"""Untrusted text made safe to store and show; widths in terminal cells.

A message is data. Before it is stored, and again before it enters an agent's cache, everything a
terminal could obey or that reorders or hides what a reader sees is taken out; what is left is shown
as it is. Cleaning is idempotent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from rich.cells import cell_len

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


# Terminals disagree about what follows an emoji: joined ones are one or several, VS16 widens or
# does not, a colour of skin takes two cells or none; and a flag takes two, or each half does.
_UNSTEADY = re.compile("[\u200d\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
_FLAG = {0x1F1E6 + place: 0x41 + place for place in range(26)}
_TONES, _SQUARE = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff", "\U0001f7eb"


def steady(text: str) -> str:
    """`text` as it takes the same cells in every terminal: of joined emoji the first stays, without
    what would colour or widen it, and a flag is its two letters. For rows; what is stored and sent
    stays as it is."""
    if text.isascii() or not _UNSTEADY.search(text):
        return text
    return "".join(map(_steady, clusters(text)))


def _steady(cluster: str) -> str:
    if not _UNSTEADY.search(cluster):
        return cluster
    if cluster[0] in _TONES:  # a colour alone: Rich counts none of its two cells
        return _SQUARE
    if len(cluster) > 1 and _emoji(cluster[0]) and ord(cluster[0]) not in _FLAG:
        return cluster[0]
    return _UNSTEADY.sub("", cluster.translate(_FLAG)) or cluster


def clusters(text: str) -> Iterator[str]:
    """What people take for characters, by Unicode's rules for grapheme clusters."""
    if _PLAIN.match(text):
        return iter(text)
    from wcwidth import iter_graphemes  # its tables take some ms, and plain text needs none

    return iter_graphemes(text)


def cluster_before(text: str, at: int) -> int:
    """Where the cluster begins that ends at `at` or holds it."""
    if at <= 1 or _PLAIN.match(text, max(0, at - 2), at + 1):
        return max(0, at - 1)
    from wcwidth import grapheme_boundary_before

    return grapheme_boundary_before(text, at)


def cluster_after(text: str, at: int) -> int:
    """Where the cluster ends that begins at `at`."""
    if at >= len(text) - 1 or _PLAIN.match(text, at, at + 2):
        return min(len(text), at + 1)
    from wcwidth import iter_graphemes

    return at + len(next(iter_graphemes(text, at)))


def cluster_at(text: str, at: int) -> int:
    """`at`, or where the cluster begins that `at` would cut in two."""
    if not 0 < at < len(text):
        return at
    start = cluster_before(text, at)
    return at if cluster_after(text, start) == at else start


def head(text: str, cells: int) -> str:
    """As many whole clusters as fit into `cells`."""
    taken = 0
    kept: list[str] = []
    for cluster in clusters(text):
        taken += cell_len(cluster)
        if taken > cells:
            break
        kept.append(cluster)
    return "".join(kept)


def clip(text: str, cells: int) -> str:
    """`text` on one line, cut with an ellipsis so that it takes at most `cells` terminal cells."""
    line = steady(text.replace("\n", " "))
    if cells <= 0:
        return ""
    if cell_len(line) <= cells:
        return line
    return head(line, cells - 1).rstrip() + ELLIPSIS


def fit(text: str, cells: int) -> str:
    """`text` clipped and padded with spaces to exactly `cells` terminal cells."""
    line = clip(text, cells)
    return line + " " * (cells - cell_len(line))


def wrap(text: str, cells: int) -> list[str]:
    """`text` broken into lines of at most `cells` cells; words stay whole where they fit."""
    lines: list[str] = []
    for paragraph in steady(text).split("\n"):
        lines.extend(_wrap_paragraph(paragraph, max(cells, 2)))
    return lines


_TOKENS = re.compile(
    r"\s+|[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|[^\s\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]+"
)
_NEVER_FIRST = frozenset("，。！？；：、）】》」』”’,.!?;:)]}")


def _tokens(paragraph: str) -> Iterable[str]:
    """Words, single characters of Chinese, gaps; no cluster lies in two of them."""
    found: list[str] = _TOKENS.findall(paragraph)
    if _PLAIN.match(paragraph):
        return found
    ends = set(accumulate(map(len, clusters(paragraph))))
    whole: list[str] = []
    at, open_ = 0, False
    for token in found:
        if open_:
            whole[-1] += token
        else:
            whole.append(token)
        at += len(token)
        open_ = at not in ends
    return whole


def _chop(token: str, cells: int) -> list[str]:
    """A word that is longer than a line, in pieces of whole clusters; only one that is wider than
    the line itself (old Hangul can be) is taken apart."""
    pieces: list[str] = []
    while token:
        piece = head(token, cells) or next(clusters(token))
        while cell_len(piece) > cells and len(piece) > 1:
            piece = piece[:-1]
        pieces.append(piece)
        token = token[len(piece) :]
    return pieces


def breaks(text: str, cells: int) -> list[int]:
    """Where `text`, one paragraph, goes on in another line of at most `cells` cells.

    Nothing is taken away: the gap before a break hangs out at the end of its line.
    """
    found: list[int] = []
    start = at = width = 0
    for token in _tokens(text):
        size = cell_len(token)
        if width + size > cells and (width > cells or not token.isspace()):
            last = start + cluster_before(text[start:at], at - start)
            moved = cell_len(text[last:at])
            takes_along = token in _NEVER_FIRST and start < last and width <= cells
            if takes_along and 0 < moved <= cells - size:
                # Chinese typesetting: closing punctuation takes the character before it along.
                found.append(last)
                start, width = last, moved
            else:
                *chopped, left = _chop(token, cells) if size > cells else [token]
                ends = accumulate(map(len, chopped), initial=at)
                found.extend(end for end in ends if end)
                start, width = at + len(token) - len(left), 0
                size = cell_len(left)
        width += size
        at += len(token)
    return found


def _wrap_paragraph(paragraph: str, cells: int) -> list[str]:
    if cell_len(paragraph) <= cells:
        return [paragraph]
    ends = [0, *breaks(paragraph, cells), len(paragraph)]
    lines = [paragraph[start:end].rstrip() for start, end in pairwise(ends)]
    return [line for line in lines if line] or [""]

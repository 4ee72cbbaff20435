"""HTML of help centres as Markdown: headings, lists, links, emphasis, tables as lines."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_UNSEEN = ("script", "style", "noscript", "template", "head", "title", "iframe", "object", "svg")
_WIDGETS = ("canvas", "video", "audio", "form", "button", "select", "textarea")
_DROPPED = frozenset((*_UNSEEN, *_WIDGETS))
_PAGE = ("div", "section", "article", "header", "footer", "main", "aside", "details", "summary")
_TEXT = ("p", "figure", "figcaption", "address", "dl", "dt", "dd", "table", "caption")
_BLOCKS = frozenset((*_PAGE, *_TEXT))
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`", "del": "~~", "s": "~~"}
_WEB = ("http://", "https://", "mailto:", "tel:")


def to_markdown(html: str) -> str:
    """`html` as Markdown. Never fails: broken markup gives what a browser would show, roughly."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


def to_text(html: str) -> str:
    """`html` as it reads in a chat: lines, lists and links, but no marks of emphasis."""
    reader = _Reader(marks=False)
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Collects lines. `_line` is the open one; inline text goes there, blocks close it."""

    def __init__(self, *, marks: bool = True) -> None:
        super().__init__(convert_charrefs=True)
        self._marked = marks
        self._lines: list[str] = []
        self._line = ""
        self._dropped: list[str] = []  # open tags whose content is left out
        self._lists: list[int | None] = []  # the next number of each open list; None: bullets
        self._quotes = 0
        self._pre = 0
        self._link: list[tuple[str, int]] = []  # target, and where in the line its text starts
        self._marks: list[tuple[str, int]] = []
        self._cells: list[str] | None = None

    def text(self) -> str:
        """What was read, with at most one empty line in a row."""
        self._close_line()
        joined = re.sub(r"(?m)^>[> ]*\n(?=>[> ]*\n|\n|\Z)", "", "\n".join([*self._lines, ""]))
        return re.sub(r"\n{3,}", "\n\n", joined).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _DROPPED:
            self._dropped.append(tag)
        if self._dropped:
            return
        if re.fullmatch("h[1-6]", tag):
            self._paragraph()
            self._line = "#" * int(tag[1]) + " " if self._marked else ""
        elif tag in ("ul", "ol"):
            self._close_line() if self._lists else self._paragraph()
            start = given.get("start", "1")
            first = int(start) if start.isdecimal() and len(start) < 9 else 1
            self._lists.append(first if tag == "ol" else None)
        elif tag == "li":
            self._close_line()
            self._line = self._bullet()
        elif tag == "br":
            self._line = self._line.rstrip(" ")
            self._close_line(keep_indent=True)
        elif tag == "hr":
            self._paragraph()
            self._lines += ["---", ""]
        elif tag == "pre":
            self._paragraph()
            if self._marked:
                self._lines.append("```")
            self._pre += 1
        elif tag == "blockquote":
            self._paragraph()
            self._quotes += 1
        elif tag == "img":
            self._add(f"[picture: {_flat(given.get('alt', ''))}]".replace(": ]", "]"))
        elif tag == "a":
            self._link.append((given.get("href", "").strip(), len(self._line)))
        elif tag in _MARKS:
            if self._marked:
                self._marks.append((tag, len(self._line)))
        elif tag == "tr":
            self._close_line()
            self._cells = []
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag in _BLOCKS:
            self._paragraph()

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            if tag in self._dropped:
                # A tag inside that was never closed does not keep the rest away.
                del self._dropped[self._dropped.index(tag) :]
            return
        if tag in ("ul", "ol"):
            self._close_line()
            if self._lists:
                self._lists.pop()
            if not self._lists:
                self._lines.append("")
        elif tag == "pre" and self._pre:
            self._close_line()
            self._pre -= 1
            self._lines += ["```", ""] if self._marked else [""]
        elif tag == "blockquote" and self._quotes:
            self._paragraph()
            self._quotes -= 1
            self._lines.append("")
        elif tag == "a" and self._link:
            self._end_link()
        elif tag in _MARKS and any(tag == each for each, _ in self._marks):
            self._end_mark(tag)
        elif tag == "tr" and self._cells is not None:
            self._end_cell()
            cells, self._cells = self._cells, None
            if any(cells):
                self._lines.append(" | ".join(cells))
        elif re.fullmatch("h[1-6]", tag) or tag in _BLOCKS:
            self._paragraph()
        elif tag == "li":
            self._close_line()

    def handle_data(self, data: str) -> None:
        if self._dropped:
            return
        if self._pre:
            first, *rest = data.split("\n")
            self._line += first
            for line in rest:
                self._lines.append(self._line)
                self._line = line
            return
        self._add(re.sub(r"\s+", " ", data))

    # --- pieces ----------------------------------------------------------------------------------

    def _add(self, text: str) -> None:
        if text.startswith(" ") and (not self._line.strip() or self._line.endswith(" ")):
            text = text.lstrip(" ")
        self._line += text

    def _bullet(self) -> str:
        indent = "  " * (len(self._lists) - 1)
        if not self._lists or self._lists[-1] is None:
            return f"{indent}- "
        number = self._lists[-1]
        self._lists[-1] = number + 1
        return f"{indent}{number}. "

    def _close_line(self, keep_indent: bool = False) -> None:
        """End the open line; one without words is left out."""
        words = self._line.strip(" ")
        if self._cells is not None:  # inside a table row a line break is a space
            self._line = f"{self._line.rstrip()} " if words else ""
            return
        self._link = [(target, 0) for target, _ in self._link]
        self._marks = [(tag, 0) for tag, _ in self._marks]
        bare = not words or words == "-" or re.fullmatch(r"#+|\d+\.", words)
        if not bare:
            self._lines.append("> " * self._quotes + self._line.rstrip())
        elif keep_indent and not words:
            self._lines.append("")
        # A paragraph inside a list item goes on in that item: its bullet stays open.
        self._line = self._line if bare and words and not words.startswith("#") else ""

    def _paragraph(self) -> None:
        bullet = re.fullmatch(r" *(?:-|\d+\.) ", self._line)
        if bullet and self._lists:
            return
        self._close_line()
        if self._cells is None and not self._lists and self._lines and self._lines[-1]:
            self._lines.append(("> " * self._quotes).rstrip())

    def _end_cell(self) -> None:
        if self._cells is None:
            return
        words = _flat(self._line)
        if words or self._cells:
            self._cells.append(words)
        self._line = ""
        self._link.clear()
        self._marks.clear()

    def _end_link(self) -> None:
        target, start = self._link.pop()
        words = self._line[start:]
        inside = words.strip()
        if not inside or not target.lower().startswith(_WEB) or inside == target:
            return
        tail = words[len(words.rstrip()) :]
        lead = words[: len(words) - len(words.lstrip())]
        address = target.replace(" ", "%20")
        link = f"[{inside}]({address})" if self._marked else f"{inside} {address}"
        self._line = f"{self._line[:start]}{lead}{link}{tail}"

    def _end_mark(self, tag: str) -> None:
        at = max(place for place, (each, _) in enumerate(self._marks) if each == tag)
        start = self._marks[at][1]
        del self._marks[at:]
        words = self._line[start:]
        inside = words.strip()
        mark = _MARKS[tag]
        # Emphasis upon emphasis, or around nothing, is only stars.
        if not inside or inside.startswith(mark) or self._line.startswith("#"):
            return
        lead = words[: len(words) - len(words.lstrip())]
        tail = words[len(words.rstrip()) :]
        self._line = f"{self._line[:start]}{lead}{mark}{inside}{mark}{tail}"


def _flat(text: str) -> str:
    return " ".join(text.split())

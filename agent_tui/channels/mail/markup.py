"""HTML of a mail as plain text. One pass, linear in its length, whatever it is."""

from __future__ import annotations

import html
import re

_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_ALT = re.compile(r"""\salt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_CITED = re.compile(r"gmail_quote|moz-cite|protonmail_quote", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
_SILENT = ("script", "style", "head", "title", "template", "noscript")
_NO_CHARACTER = re.compile(r"&#[0-9]{8,};?")
_TAG_CHARS = 4_000
_LINKED_CHARS = 1_000
_LINE_CHARS = 20_000
_DEEPEST = 20


class _Writer:
    """Lines as they come to be."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line = ""
        self.quoted = 0
        self.divs = 0
        self.cited: list[int] = []  # at which depth of divs quotations began
        self.href = ""
        self.linked = ""

    def text(self, found: str) -> None:
        # More digits than a character's number has are refused by Python with an error.
        said = _SPACES.sub(" ", html.unescape(_NO_CHARACTER.sub("\ufffd", found)))
        if self.href and len(self.linked) < _LINKED_CHARS:
            self.linked += said
        if len(self.line) > _LINE_CHARS:
            self.end()
        if said == " " and (not self.line or self.line.endswith(" ")):
            return
        self.line += said.lstrip() if not self.line or self.line.endswith(" ") else said

    def end(self, blank: bool = False) -> None:
        if self.line.strip() or blank:
            self.lines.append("> " * min(self.quoted, _DEEPEST) + self.line.strip())
        self.line = ""

    def leave_link(self) -> None:
        """Where a link leads stands behind its words, unless they say it themselves."""
        url, said = self.href, " ".join(self.linked.split())
        self.href = self.linked = ""
        if url.startswith(("http://", "https://")) and said and said not in (url, url[:-1]):
            self.line = f"{self.line.rstrip()} ({url})"
        elif url.startswith(("http://", "https://")) and not said:
            self.line += url


def to_text(source: str) -> str:
    """`source` as lines of text; what was quoted begins with `> `. Never raises."""
    out = _Writer()
    at = 0
    while True:
        start = source.find("<", at)
        if start < 0:
            out.text(source[at:])
            break
        out.text(source[at:start])
        if source.startswith("<!--", start):
            end = source.find("-->", start + 4)
            at = end + 3 if end >= 0 else len(source)
            continue
        found = _NAME.match(source, start + 1)
        if found is None and not source.startswith(("<!", "<?"), start):
            out.text("<")
            at = start + 1
            continue
        end = source.find(">", start)
        if end < 0:  # cut off amid a tag
            break
        at = end + 1
        if found is not None:
            name = found[1].lower()
            closing = source.startswith("</", start)
            if name in _SILENT and not closing:
                at = _behind(source, name, at)
            else:
                _tag(out, name, closing, source[start : min(end, start + _TAG_CHARS)])
    out.end()
    return _tidy(out.lines)


def _behind(source: str, name: str, at: int) -> int:
    """The place behind the end of an element that is not shown; all the rest if it has none."""
    found = re.compile(rf"</{name}\b", re.IGNORECASE).search(source, at)
    end = source.find(">", found.end()) if found else -1
    return end + 1 if end >= 0 else len(source)


def _tag(out: _Writer, name: str, closing: bool, tag: str) -> None:
    if name == "br":
        out.end(blank=True)
    elif name == "a":
        if out.href:
            out.leave_link()
        if not closing and (link := _HREF.search(tag)):
            out.href = html.unescape(link[1] or link[2] or link[3] or "").strip()
    elif name == "img":
        alt = _ALT.search(tag)
        if alt and (alt[1] or alt[2] or "").strip():
            out.text(f" [{(alt[1] or alt[2]).strip()}] ")
    elif name in ("td", "th"):
        out.text(" ")
    elif name in _BLOCKS:
        out.end()
        if name == "blockquote":
            out.quoted = max(len(out.cited), out.quoted + (-1 if closing else 1))
        elif name == "div":
            _div(out, closing, tag)
        if name == "li" and not closing:
            out.line = "- "
        if name in ("p", "table", "ul", "ol", "h1", "h2", "h3") and out.lines and out.lines[-1]:
            out.end(blank=True)


def _div(out: _Writer, closing: bool, tag: str) -> None:
    """A quotation may be a div: it ends with that very one."""
    if not closing:
        out.divs += 1
        if _CITED.search(tag):
            out.cited.append(out.divs)
            out.quoted += 1
        return
    if out.cited and out.cited[-1] == out.divs:
        out.cited.pop()
        out.quoted -= 1
    out.divs = max(0, out.divs - 1)


def _tidy(lines: list[str]) -> str:
    """Without blank lines at the ends, or more than one in a row."""
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1].strip()):
            kept.append(line.rstrip())
    return "\n".join(kept).strip("\n")

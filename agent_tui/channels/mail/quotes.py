"""What the customer wrote now, without the history below it. If in doubt, all of it stays."""

from __future__ import annotations

import re

from agent_tui.lang import Both

# "On Tue, Jan 6, 2026 at 10:00, Anna <a@b> wrote:", on one line or two.
_WROTE = re.compile(
    r"(?:(?:on|am|le|el)\b.{4,300}(?:wrote|schrieb|écrit|escribió)\s*[:：]"
    r"|(?:在\s?)?.{2,300}(?:写道|寫道|来信)\s*[:：])\s*",
    re.IGNORECASE | re.DOTALL,
)
_RULE = re.compile(
    r"\s*-{2,}\s*(?:original message|原始邮件|原始郵件|回复的原邮件|回复的邮件|原邮件|邮件原件)"
    r"\s*-{2,}\s*",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"\s*[*>]*\s*(from|sent|date|to|cc|subject|发件人|发送时间|发送日期|日期|时间|收件人|抄送|主题"
    r"|寄件者|收件者|主旨)\s*\**\s*[:：]",
    re.IGNORECASE,
)
_FROM = frozenset({"from", "发件人", "寄件者"})
_LINE = re.compile(r"\s*[_\-—]{5,}\s*")
_DEVICE = re.compile(
    r"\s*(?:sent from my .{2,40}|get outlook for .{2,40}|发自我的.{1,30}|从我的.{1,30}发送"
    r"|发自.{2,20}(?:邮箱|手机|客户端).{0,20})\s*",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"\s*(?:fwd?|转发|轉寄|wg)\s*[:：]", re.IGNORECASE)
_SIGNATURE = re.compile(r"-- ?")
_SIGNATURE_LINES, _SIGNATURE_CHARS = 12, 1_000
_HEAD_LINES = 8
_LONGEST_MARK = 400
QUOTED = Both("…（略去 {n} 行引用的历史）", "… (quoted history left out, lines: {n})")
SIGNED = Both("…（略去签名）", "… (a signature left out)")


def cut(text: str, subject: str, *, answer: bool, zh: bool) -> str:
    """`text` without a history at its end that is only quoted, and without a signature.

    Only of an `answer`, and of no forwarded mail, is a history cut. A line says what was. If
    nothing would be left, or the customer wrote amid the quotation, all of it stays.
    """
    lines = text.split("\n")
    said: list[str] = []
    if answer and not _FORWARDED.match(subject):
        at = _history(lines)
        if at is not None and any(line.strip() for line in lines[:at]):
            gone = sum(bool(line.strip()) for line in lines[at:])
            said.append(_told(QUOTED.format(n=gone), zh))
            lines = lines[:at]
    at = _signature(lines)
    if at is not None and any(line.strip() for line in lines[:at]):
        said.insert(0, _told(SIGNED, zh))
        lines = lines[:at]
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join([*lines, *said])


def _history(lines: list[str]) -> int | None:
    """Where the history begins."""
    tail = len(lines)  # from here on everything is quoted, or blank
    while tail and (not lines[tail - 1].strip() or lines[tail - 1].lstrip().startswith(">")):
        tail -= 1
    quoted = any(line.strip() for line in lines[tail:])
    for at, line in enumerate(lines):
        if not line.strip() or len(line) > _LONGEST_MARK:
            continue
        if _is_head(lines, at):
            return at - 1 if at and _LINE.fullmatch(lines[at - 1][:_LONGEST_MARK]) else at
        if _RULE.fullmatch(line) and _is_head(lines, _next(lines, at + 1)):
            return at
        if quoted and (behind := _wrote(lines, at)) and _next(lines, behind) >= tail:
            return at
    return tail if quoted else None


def _next(lines: list[str], at: int) -> int:
    """The next line that is not blank, of a few."""
    for place in range(at, min(at + 4, len(lines))):
        if lines[place].strip():
            return place
    return at


def _wrote(lines: list[str], at: int) -> int:
    """The place behind words that say who wrote what follows; 0 if they are none."""
    one = lines[at].strip()
    if one.startswith(">"):
        return 0
    if _WROTE.fullmatch(one):
        return at + 1
    two = lines[at + 1].strip() if at + 1 < len(lines) else ""
    if two and len(two) < _LONGEST_MARK and _WROTE.fullmatch(f"{one} {two}"):
        return at + 2
    return 0


def _is_head(lines: list[str], at: int) -> bool:
    """Whether a mail's head is printed here: first who from, then two more of its lines."""
    names = [
        found[1].lower()
        for line in lines[at : at + _HEAD_LINES]
        if (found := _HEAD.match(line[:_LONGEST_MARK]))
    ]
    begins = at < len(lines) and _HEAD.match(lines[at][:_LONGEST_MARK]) is not None
    return begins and names[0] in _FROM and len(set(names)) >= 3


def _signature(lines: list[str]) -> int | None:
    """Where the signature begins: behind two dashes, short, or what a telephone puts there."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if end and _DEVICE.fullmatch(lines[end - 1][:200]):
        return end - 1
    for at in range(end - 2, max(-1, end - 2 - _SIGNATURE_LINES), -1):
        if _SIGNATURE.fullmatch(lines[at]):
            short = sum(map(len, lines[at:end])) <= _SIGNATURE_CHARS
            return at if short else None
    return None


def _told(words: Both, zh: bool) -> str:
    """Kept with the message, so in the customer's language, not in that of whoever looks."""
    return words.zh if zh else words.en

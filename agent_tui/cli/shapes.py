"""The JSON documents that commands print. docs/cli.md promises their keys: add, never rename.

Times are integer milliseconds since the epoch, UTC; `null` means that there is none.
"""

from __future__ import annotations

import msgspec


class Shape(msgspec.Struct, frozen=True):
    """Base of every document, and of the parts of documents."""


class Due(Shape, frozen=True):
    """The deadline that is reached first."""

    deadline: str
    at: int


class QueueEntry(Shape, frozen=True):
    """`queue --json` is a list of these, in the queue's order."""

    id: str
    name: str
    vip: bool
    channel: str
    team: str
    type: str
    status: str
    assignee: str | None
    section: str
    unread: int
    preview: str
    due: Due | None
    waiting_since: int | None
    last_at: int
    draft: bool
    unsent: int
    rating: int


class Line(Shape, frozen=True):
    """A line of a transcript. `no` is 0 for one that the server has not confirmed; `why` tells of a
    pushed reply why it did not arrive; `edited` is when its author changed it last."""

    no: int
    id: str
    at: int
    kind: str
    author: str
    text: str
    state: str
    why: str = ""
    edited: int | None = None


class CustomerCard(Shape, frozen=True):
    """Who writes."""

    id: str
    name: str
    language: str
    tier: str
    tags: list[str]
    contact: str
    since: int


class ConversationCard(Shape, frozen=True):
    """`show --json`."""

    id: str
    customer: CustomerCard
    inbox: str
    channel: str
    team: str
    assignee: str | None
    status: str
    until: int | None
    priority: str
    type: str
    subject: str
    tags: list[str]
    opened_at: int
    last_at: int
    unread: int
    rating: int
    rating_comment: str
    due: Due | None
    draft: str
    messages: list[Line]


class Verdict(Shape, frozen=True):
    """`assign --json`. `outcome`: applied, held, refused or queued."""

    conversation: str
    outcome: str
    reason: str = ""
    detail: str = ""
    text: str = ""


class Doubt(Shape, frozen=True):
    """What a guard found in a reply: the characters `start` to `end`, which read `text`."""

    kind: str
    start: int
    end: int
    text: str
    why: str


class Sent(Verdict, frozen=True):
    """`send --json`. With the reason `guarded`, `findings` are what to look at."""

    findings: list[Doubt] = []


class TrayEntry(Shape, frozen=True):
    """`tray --json` is a list of these, oldest first.

    `action` says what a command without a text was to do; `since` is what others said after what
    its author had seen; `ways`: what can be done in the workstation now.
    """

    id: int
    conversation: str
    name: str
    at: int
    held: bool
    reason: str
    detail: str
    why: str
    text: str
    action: str
    since: list[Line]
    ways: list[str]


class Found(Shape, frozen=True):
    """`kb search --json` is a list of these, best first."""

    kind: str
    id: str
    title: str
    lang: str
    label: str
    score: float
    body: str
    matched: str = ""
    why: dict[str, float] = {}


class Finding(Shape, frozen=True):
    """`kb lint --json` and `macros lint --json` are lists of these. `severity`: error, warning."""

    path: str
    line: int
    text: str
    severity: str = "error"


class Imported(Shape, frozen=True):
    """`kb import --json` is a list of these: what became, or would become, of each row.

    `outcome`: new, update, same, skipped or failed; `changes` are the fields that differ.
    """

    outcome: str
    place: str
    path: str
    changes: list[str]
    why: str


class FoundMessage(Shape, frozen=True):
    """`history search --json` is a list of these, best first. `spans` are half-open ranges of
    characters of `text` that matched; `online`: only the server had it."""

    conversation: str
    no: int
    name: str
    at: int
    kind: str
    author: str
    text: str
    spans: list[list[int]]
    score: float
    online: bool


class MacroEntry(Shape, frozen=True):
    """`macros list --json` is a list of these."""

    id: str
    title: str
    lang: str
    key: str
    short: str
    scope: str
    tags: list[str]
    slots: list[str]


class MacroTest(Shape, frozen=True):
    """`macros test --json` is a list of these: one for each test in a file. `missing` are the
    expected pieces that are not in `text`."""

    id: str
    number: int
    path: str
    line: int
    text: str
    missing: list[str]


class Rendered(Shape, frozen=True):
    """`macros render --json`. `open` are the places that still have to be filled."""

    id: str
    text: str
    open: list[str]


class KeyEntry(Shape, frozen=True):
    """`keys --json` is a list of these."""

    id: str
    keys: list[str]
    context: str
    doc: str
    doc_zh: str
    doc_en: str


class Check(Shape, frozen=True):
    """One thing that `doctor` looked at. `ok` is null where there was nothing to look at."""

    name: str
    ok: bool | None
    detail: str
    hint: str = ""


class Health(Shape, frozen=True):
    """`doctor --json`."""

    ok: bool
    version: str
    paths: dict[str, str]
    checks: list[Check]


class RuleFailure(Shape, frozen=True):
    """An example that came out otherwise. `expected` and `got` are type, team and priority with
    blanks between, empty for no rule."""

    line: int
    rule: str
    text: str
    expected: str
    got: str


class RulesTested(Shape, frozen=True):
    """`rules test --json`."""

    file: str
    rules: int
    examples: int
    failures: list[RuleFailure]


class RuleTried(Shape, frozen=True):
    """One rule and one conversation. `failed` names the first condition that did not fit."""

    rule: str
    matched: bool
    decides: bool
    failed: str
    why: str


class Explained(Shape, frozen=True):
    """`rules explain --json`. `reason` is what a conversation would keep."""

    type: str
    team: str
    priority: str
    tags: list[str]
    reason: str
    rules: list[RuleTried]


class RuleEntry(Shape, frozen=True):
    """`rules list --json` is a list of these, in the order in which they are tried."""

    name: str
    type: str
    team: str
    priority: str
    tags: list[str]
    words: int
    examples: int

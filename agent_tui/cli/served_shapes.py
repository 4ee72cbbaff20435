"""The JSON documents of commands on the data folder; what `shapes` says of all holds here, too."""

from __future__ import annotations

from agent_tui.cli.shapes import Shape


class Account(Shape, frozen=True):
    """`user list --json` is a list of these."""

    id: str
    name: str
    role: str
    teams: list[str]
    disabled: bool
    password: bool


class InviteIssued(Shape, frozen=True):
    """`invite`, `user add` and `user reset` with `--json`; no code if a password was given."""

    user: str
    invite: str
    expires_at: int


class TokenIssued(Shape, frozen=True):
    """`load-token --json`."""

    token: str
    expires_at: int


class MailboxConnected(Shape, frozen=True):
    """`inbox mail --json`. `checked`: logging in was tried, and worked."""

    inbox: str
    address: str
    checked: bool


class InboxEntry(Shape, frozen=True):
    """A line of `inbox list --json`. Of a mailbox: when it was looked at, and what is wrong."""

    id: str
    channel: str
    team: str
    looked_at: int | None
    trouble: str


class OutgoingEntry(Shape, frozen=True):
    """A line of `server outgoing --json`. `at` is when it was queued."""

    message: str
    conversation: str
    inbox: str
    state: str
    attempts: int
    at: int
    error: str


class InboxMade(Shape, frozen=True):
    """`inbox add --json` and `inbox secret --json`. `secret` signs a webhook's requests."""

    inbox: str
    secret: str


class WeChatMade(Shape, frozen=True):
    """`inbox wechat --json`, and `inbox secret --json` of a WeChat inbox: what WeChat's form wants.
    With `plain`, messages that are not encrypted are taken too."""

    inbox: str
    callback: str
    token: str
    encoding_aes_key: str
    plain: bool


class Migrated(Shape, frozen=True):
    """`server migrate --json`: the schema's revision before (null: an empty database) and after."""

    database: str
    before: str | None
    after: str


class Wrong(Shape, frozen=True):
    """One thing that `server check` found."""

    place: str
    what: str


class Checked(Shape, frozen=True):
    """`server check --json`."""

    events: int
    floor: int
    head: int
    conversations: int
    findings: list[Wrong]


class Copied(Shape, frozen=True):
    """`server backup|restore|copy --json`."""

    target: str
    rows: int


class Compacted(Shape, frozen=True):
    """`server compact --json`: how many events were folded into the base."""

    events: int

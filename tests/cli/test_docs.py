"""docs/cli.md names every command, every option, every JSON key and every exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer.main

from agent_tui import errors
from agent_tui.cli import lead_shapes, served_shapes, shapes
from agent_tui.cli.app import app
from agent_tui.cli.edge import EXIT_INTERRUPTED
from agent_tui.domain.protocol import ArticleVersions, AuditEntry
from agent_tui.knowledge.stats import Stats
from agent_tui.macros.stats import MacroUse
from agent_tui.orders.model import Order
from agent_tui.practice.replay import Played

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "queue": shapes.QueueEntry,
    "show": shapes.ConversationCard,
    "send": shapes.Sent,
    "assign": shapes.Verdict,
    "phone": shapes.Verdict,
    "reassign": lead_shapes.Reassigned,
    "agents": lead_shapes.AgentEntry,
    "teams": lead_shapes.TeamEntry,
    "surge": lead_shapes.SurgeState,
    "presence": lead_shapes.PresenceState,
    "audit": AuditEntry,
    "user set": lead_shapes.StaffEntry,
    "tray": shapes.TrayEntry,
    "keys": shapes.KeyEntry,
    "doctor": shapes.Health,
    "history search": shapes.FoundMessage,
    "kb search": shapes.Found,
    "kb lint": shapes.Finding,
    "kb stats": Stats,
    "kb history": ArticleVersions,
    "kb import": shapes.Imported,
    "macros list": shapes.MacroEntry,
    "macros lint": shapes.Finding,
    "macros render": shapes.Rendered,
    "macros test": shapes.MacroTest,
    "macros stats": MacroUse,
    "macros import": shapes.Imported,
    "rules test": shapes.RulesTested,
    "rules explain": shapes.Explained,
    "rules list": shapes.RuleEntry,
    "user add": served_shapes.InviteIssued,
    "user reset": served_shapes.InviteIssued,
    "user list": served_shapes.Account,
    "invite": served_shapes.InviteIssued,
    "inbox add": served_shapes.InboxMade,
    "inbox secret": served_shapes.InboxMade,
    "inbox wechat": served_shapes.WeChatMade,
    "server outgoing": served_shapes.OutgoingEntry,
    "server migrate": served_shapes.Migrated,
    "server orders": Order,
    "server check": served_shapes.Checked,
    "server backup": served_shapes.Copied,
    "server restore": served_shapes.Copied,
    "server copy": served_shapes.Copied,
    "server compact": served_shapes.Compacted,
    "inbox mail": served_shapes.MailboxConnected,
    "inbox list": served_shapes.InboxEntry,
    "load-token": served_shapes.TokenIssued,
    "replay": Played,
}


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(full name, command) of every command that does something."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


COMMANDS = dict(commands(typer.main.get_command(app)))


def section(name: str) -> str:
    """The part of the page under `## name`."""
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^#|\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section for `{name}`"
    return found.group(1)


def options(command: Any) -> set[str]:
    """The long options of a command."""
    flags = {flag for each in command.params for flag in each.opts if flag.startswith("--")}
    return flags - {"--help"}


def keys(shape: type[msgspec.Struct]) -> set[str]:
    """Every key of a document, those of its parts included."""
    found: set[str] = set()
    for field in msgspec.structs.fields(shape):
        found.add(field.encode_name)
        for part in re.findall(r"[A-Z]\w+", str(field.type)):
            for module in (shapes, lead_shapes, served_shapes):
                inner = getattr(module, part, None)
                if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                    found |= keys(inner)
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_command_and_options(name: str) -> None:
    text = section(name)
    assert {flag for flag in options(COMMANDS[name]) if flag not in text} == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_json_keys(name: str) -> None:
    text = section(name)
    assert {key for key in keys(DOCUMENTS[name]) if f"`{key}`" not in text} == set()


def test_whatever_has_json_is_documented() -> None:
    assert {name for name, each in COMMANDS.items() if "--json" in options(each)} == set(DOCUMENTS)


def test_no_section_without_a_command() -> None:
    titles = set(re.findall(r"^## (.+)$", DOCS, re.MULTILINE))
    assert titles - {"Exit codes", "Environment"} == set(COMMANDS)


def test_exit_codes() -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCS, re.MULTILINE)}
    assert table == codes | {EXIT_INTERRUPTED}

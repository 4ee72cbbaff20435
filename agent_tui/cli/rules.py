"""`rules`: test, explain, list."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui import errors, paths
from agent_tui.cli import output
from agent_tui.cli.explaining import in_words, outcome_of, tell
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.config import Config
    from agent_tui.domain.model import Channel
    from agent_tui.domain.rules import Asked, Failure, Rules

rules = typer.Typer(no_args_is_help=True, help=words("问题分类规则", "Rules for question types."))

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help=words("config.toml 或数据目录", "a config.toml, or the folder that holds it"),
    ),
]
Configured = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=words("config.toml 或数据目录", "a config.toml, or the folder that holds it"),
    ),
]
# As the server makes them, or enough of one to tell it from a word.
CONVERSATION = re.compile(r"c[0-9a-f]{6,12}|c(?=[0-9a-f]*[0-9])[0-9a-f]{3,5}")


@rules.command("test", help=words("运行规则旁边的例子", "Run the examples beside the rules."))
def rules_test(file: File = None, json: Json = False) -> None:
    from agent_tui.cli.shapes import RuleFailure, RulesTested
    from agent_tui.domain import rule_checks
    from agent_tui.knowledge.spelling import spelling
    from agent_tui.toml_lines import line_of

    path = file_in_use(file)
    config = _read(path)
    text = path.read_text("utf-8")
    failures = list(_made(config).failures())
    odd = [each for each in rule_checks.check(config.rules, None, spelling()) if each.warning]
    examples = sum(len(rule.examples) for rule in config.rules)
    if json:
        output.document(
            RulesTested(
                file=str(path),
                rules=len(config.rules),
                examples=examples,
                failures=[
                    RuleFailure(
                        line_of(text, each.place),
                        each.rule,
                        each.example.text,
                        _expected(each),
                        outcome_of(each.got),
                    )
                    for each in failures
                ],
            )
        )
    else:
        for each in failures:
            wanted, came = _expected(each), outcome_of(each.got)
            output.say(
                Both(
                    f"{path}:{line_of(text, each.place)}: “{each.example.text}”"
                    f"应为 {in_words(wanted)}，实际 {in_words(came)}",
                    f"{path}:{line_of(text, each.place)}: '{each.example.text}' "
                    f"should give {in_words(wanted)}, gave {in_words(came)}",
                )
            )
        for note in odd:
            output.note(
                Both(
                    f"{path}:{line_of(text, note.place)}: 提醒：{note.what.zh}",
                    f"{path}:{line_of(text, note.place)}: warning: {note.what.en}",
                )
            )
        output.note(
            Both(
                f"{len(config.rules)} 条规则，{examples} 个例子，{len(failures)} 个不符",
                f"{len(config.rules)} rules, {examples} examples, {len(failures)} failed",
            )
        )
    if failures:
        raise typer.Exit(errors.EXIT_FAILED)


@rules.command("explain", help=words("一句话会怎样分类，为什么", "What a line gives, and why."))
def rules_explain(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT|CONVERSATION",
            help=words(
                "客户说的话，- 从标准输入读；或会话编号",
                "what was said, - reads stdin; or a conversation's id",
            ),
        ),
    ],
    inbox: Annotated[str, typer.Option(help=words("收件箱", "inbox"))] = "",
    channel: Annotated[str, typer.Option(help=words("渠道", "channel"))] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help=words("客户标签，可多次", "customer's tag, each"))
    ] = None,
    tier: Annotated[str, typer.Option(help=words("客户等级", "customer's tier"))] = "",
    language: Annotated[str, typer.Option(help=words("客户语言", "customer's language"))] = "",
    order: Annotated[str, typer.Option(help=words("订单状态", "the order's state"))] = "",
    config: Configured = None,
    json: Json = False,
) -> None:
    from agent_tui.domain.rules import Asked

    if CONVERSATION.fullmatch(text):
        _explain_conversation(text, json)
        return
    said = sys.stdin.read() if text == "-" else text
    asked = Asked(
        tuple(line for line in said.splitlines() if line.strip()),
        inbox,
        _channel(channel),
        tuple(tag or ()),
        tier,
        language,
        order,
    )
    tell(_made(_read(file_in_use(config))), asked, json)


def _explain_conversation(name: str, json: bool) -> None:
    """What the server's rules say of a conversation here: by what its customer wrote."""
    from agent_tui.cli.work import open_session, warn_if_old
    from agent_tui.desk import reasons
    from agent_tui.domain.model import MessageKind
    from agent_tui.domain.rules import Asked, Rules
    from agent_tui.domain.sorting import LINES
    from agent_tui.knowledge.spelling import spelling

    with open_session(offline=False) as session:
        warn_if_old(session)
        desk = session.desk
        key = session.find(name)
        state = desk.conversation(key)
        assert state is not None  # found by its id just now
        written = [
            line.message.text
            for line in desk.transcript(key)
            if line.message.kind is MessageKind.CUSTOMER
        ]
        made = Rules(desk.directory.plan.routing.rules, spelling())
    customer = state.customer

    def said(line: int, text: str) -> Asked:
        lines = (text, state.subject) if state.subject and line == 1 else (text,)
        known = (customer.tags, customer.tier, customer.language)
        return Asked(lines, state.inbox, state.channel, *known)

    # The first of the first messages that says it decides.
    tries = {line: said(line, text) for line, text in enumerate(written[:LINES] or [""], 1)}
    line = next((each for each, asked in tries.items() if made.classify(asked)), 1)
    if not json and state.reason:
        kept = reasons.why(state.reason)
        output.note(Both(f"会话上记的：{kept}", f"kept on the conversation: {kept}"))
    tell(made, tries[line], json, line=line)


@rules.command("list", help=words("列出规则，按先后", "Every rule, in order."))
def rules_list(file: File = None, json: Json = False) -> None:
    from agent_tui.cli.shapes import RuleEntry

    config = _read(file_in_use(file))
    found = [
        RuleEntry(
            rule.name,
            rule.type,
            rule.team,
            rule.priority or "",
            list(rule.tags),
            len(rule.words),
            len(rule.examples),
        )
        for rule in config.rules
    ]
    if json:
        output.document(found)
        return
    for each in found:
        count = Both(
            f"{each.words} 词 {each.examples} 例", f"{each.words} words, {each.examples} examples"
        )
        given = " ".join(filter(None, (each.team, each.priority, *each.tags)))
        output.say(f"{each.name:18} {each.type:15} {given:22} {count}")


def _expected(failure: Failure) -> str:
    wanted = failure.example
    return " ".join(filter(None, (wanted.type, wanted.team, wanted.priority)))


def _channel(name: str) -> Channel | None:
    """Raises UsageError for a channel that does not exist."""
    from agent_tui.domain.model import Channel

    try:
        return Channel(name) if name else None
    except ValueError:
        known = "、".join(Channel), ", ".join(Channel)
        raise UsageError(
            Both(f"没有渠道 {name}", f"there is no channel {name}"),
            Both(f"有：{known[0]}", f"there are: {known[1]}"),
        ) from None


# --- where the rules are --------------------------------------------------------------------------


def file_in_use(file: Path | None) -> Path:
    """What is named; else this machine's server's file; else the shipped one. Raises NotFound."""
    served = paths.data_home() / "server" / "config.toml"
    found = file.expanduser() if file else served
    if file is None and not served.exists():
        found = paths.shipped() / "config.toml"
    if found.is_dir():
        found /= "config.toml"
    if not found.exists():
        raise NotFound(
            Both(f"没有文件 {found}", f"there is no file {found}"),
            Both("给出 config.toml", "name a config.toml"),
        )
    return found


def _read(path: Path) -> Config:
    from agent_tui import config

    return config.load(path)


def _made(config: Config) -> Rules:
    from agent_tui.domain.rules import Rules
    from agent_tui.knowledge.spelling import spelling

    return Rules(config.rules, spelling())

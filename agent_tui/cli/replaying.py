"""`replay`: recorded customers, played to a server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui import errors, lang
from agent_tui.cli import output
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.practice.recordings import Recording
    from agent_tui.practice.replay import Played


def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=words("JSONL 或 JSONL.gz", "JSONL or JSONL.gz"))
    ],
    to: Annotated[str, typer.Option("--to", metavar="URL", help=words("服务端地址", "the server"))],
    inbox: Annotated[str, typer.Option(help=words("网页收件箱", "its web inbox"))] = "web",
    rate: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="PER_S",
            help=words("每秒条数；0 不限", "turns a second; 0: all it takes"),
        ),
    ] = 0.0,
    conversations: Annotated[
        int,
        typer.Option(min=0, metavar="N", help=words("只放前 N 个会话", "the first N only; 0: all")),
    ] = 0,
    concurrency: Annotated[
        int, typer.Option(min=1, max=2000, metavar="N", help=words("同时多少顾客", "at a time"))
    ] = 10,
    load_token: Annotated[
        str,
        typer.Option(
            envvar="AGENT_TUI_LOAD_TOKEN", help=words("压测令牌", "from agent-tui load-token")
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Play the customers' side of recorded conversations through the public web channel."""
    from agent_tui.cli.account import address
    from agent_tui.practice import replay as player

    base = address(to)
    recordings, broken = load(file, conversations)
    turns = sum(len(recording.said) for recording in recordings)
    with _progress(turns) as on_turn:
        played, trouble = asyncio.run(
            player.replay(
                recordings,
                base,
                inbox=inbox,
                rate=rate,
                concurrency=concurrency,
                load_token=load_token,
                language=lang.current(),
                broken_lines=broken,
                on_turn=on_turn,
            )
        )
    if json:
        output.document(played)
    else:
        _say(played)
    if played.failed:
        output.note(
            Both(
                f"{played.failed} 条没有送达：{trouble}",
                f"{played.failed} turns did not arrive: {trouble}",
            )
        )
    if played.failed or broken:
        raise typer.Exit(errors.EXIT_FAILED)


def load(file: Path, limit: int) -> tuple[list[Recording], int]:
    """Conversations with something to say, at most `limit` (0: all); how many lines were broken.

    Broken lines are named on stderr. Raises UsageError if nothing is left.
    """
    from agent_tui.practice.recordings import BrokenLine, read

    found: list[Recording] = []
    broken = 0
    for item in read(file):
        if isinstance(item, BrokenLine):
            broken += 1
            output.note(f"{file}:{item.line}: {item.why}")
        elif item.said:
            found.append(item)
            if len(found) == limit:
                break
    if not found:
        raise UsageError(
            Both(f"{file} 里没有可用的对话", f"there is no usable conversation in {file}"),
            Both(
                "每行一个 JSON：messages: [{role, text}] 或 customer_turns: [{text}]",
                "one JSON object a line: messages: [{role, text}] or customer_turns: [{text}]",
            ),
        )
    return found, broken


@contextmanager
def _progress(turns: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr where there is a terminal; yields what to call after each turn."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=turns)
        yield lambda: bar.advance(task)


def _say(played: Played) -> None:
    output.say(
        Both(
            f"{played.conversations} 个会话，{played.turns} 条：送达 {played.acknowledged}，"
            f"空白跳过 {played.skipped_empty}，失败 {played.failed}，坏行 {played.broken_lines}",
            f"{played.conversations} conversations, {played.turns} turns: "
            f"{played.acknowledged} acknowledged, {played.skipped_empty} empty ones skipped, "
            f"{played.failed} failed; {played.broken_lines} broken lines",
        )
    )
    output.say(
        f"{played.seconds} s, {played.turns_per_second}/s, "
        f"p50 {played.p50_ms} ms, p99 {played.p99_ms} ms"
    )

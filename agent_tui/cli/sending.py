"""`send`: a reply or a note, looked at before it leaves as it is at the workstation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui import errors
from agent_tui.cli import output
from agent_tui.cli.asking import PATIENCE_SECONDS, ask
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.work import Name, Offline, finish, open_session
from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent_tui.cli.shapes import Sent
    from agent_tui.desk.attaching import Attached
    from agent_tui.desk.guarding.findings import Finding
    from agent_tui.domain.ids import ConversationId

SLOWEST = 10_000  # bytes a second that an upload is waited for
GUARDED = "guarded"
MOST_CELLS = 60  # of a piece of the text, in a line


def send(
    conversation: Name,
    text: Annotated[str, typer.Argument(help=words("回复内容", "what to say"))],
    note: Annotated[
        bool, typer.Option("--note", help=words("写成内部备注", "for colleagues only"))
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help=words("会话有变化、内容有提醒也照发", "whatever changed or was found in the text"),
        ),
    ] = False,
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--file",
            metavar="PATH",
            help=words("附上文件，可以多次", "with this file; may be given more than once"),
        ),
    ] = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Reply to a customer, or leave a note, and wait until the server has decided."""
    import msgspec

    from agent_tui import bootstrap
    from agent_tui.cli import settings
    from agent_tui.cli.shapes import Sent
    from agent_tui.desk import attaching
    from agent_tui.desk.checking import Checking
    from agent_tui.desk.guarding.findings import BLOCKS
    from agent_tui.desk.writing import new_message_id
    from agent_tui.domain.commands import AddNote, AgentCommand

    guards = settings.load().guards  # a file that cannot be read is no reason to send unlooked
    said = clean(text)
    if files and offline:
        raise UsageError(
            Both("离线时不能上传文件", "no file can be uploaded offline"),
            Both("去掉 --offline 或 --file", "leave out --offline or --file"),
        )
    attached = [attaching.read(str(file), bootstrap.now_ms()) for file in files or ()]
    with open_session(offline) as session:
        key = session.find(conversation)
        found = Checking(session.desk, guards).check(key, said, note=note)
        blocks = any(each.kind in BLOCKS for each in found)
        if blocks or (found and not force):
            _refuse(_guarded(key, said, found, blocks=blocks), json)
        said = "\n".join((said, *(_uploaded(file) for file in attached)))
        command: AgentCommand = session.desk.writing.reply(key, said, force=force)
        if note:
            command = AddNote(message=new_message_id(), text=said)
        finish(Sent(**msgspec.structs.asdict(session.do(key, command))), json)


def _uploaded(file: Attached) -> str:
    """The file's address on the server. Raises WireError."""
    seconds = max(PATIENCE_SECONDS, len(file.content) / SLOWEST)
    return clean(ask(lambda wire: wire.keep_file(*file), seconds).address)


def _guarded(key: ConversationId, text: str, found: Sequence[Finding], *, blocks: bool) -> Sent:
    from agent_tui.cli.shapes import Doubt, Sent

    doubts = [
        Doubt(each.kind, each.start, each.end, text[each.start : each.end], str(each.reason))
        for each in found
    ]
    return Sent(key, "refused" if blocks else "held", GUARDED, findings=doubts)


def _refuse(sent: Sent, json: bool) -> None:
    """Say what was found, and leave: nothing was queued."""
    from agent_tui.text import clip

    if json:
        output.document(sent)
    elif sent.outcome == "refused":
        output.note(Both("没有发出：填好再发", "not sent: fill it in first"))
    else:
        output.note(
            Both(
                "没有发出，先看一眼；没问题就加 --force",
                "not sent: look at this first, then --force if it is meant so",
            )
        )
    for each in () if json else sent.findings:
        piece = "" if each.text in each.why else f": {clip(each.text, MOST_CELLS)}"
        output.note(f"  {each.why}{piece}")
    raise typer.Exit(errors.EXIT_FAILED)

"""`assign`, `reassign`: who has which chats."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui import errors
from agent_tui.cli import naming, output
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.work import Offline, finish, open_session, warn_if_old
from agent_tui.desk.rows import View
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.lead_shapes import Reassigned
    from agent_tui.cli.session import Session
    from agent_tui.cli.shapes import Verdict
    from agent_tui.desk.bulk import DryRun
    from agent_tui.desk.desk import Desk
    from agent_tui.domain.ids import AgentId, ConversationId, TeamId

NOBODY = "none"  # as in filters: agent:none
SHOWN = 20  # of the moves that a dry run prints; --json has all


def assign(
    conversations: Annotated[
        list[str],
        typer.Argument(
            metavar="CONVERSATION...",
            help=words(
                "会话编号或其开头；- 从标准输入读，一行一个",
                "ids or how they begin; - reads stdin, one a line",
            ),
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="AGENT",
            help=words("坐席账号或名字；me 是自己", "an agent's id or name, or me"),
        ),
    ] = "",
    nobody: Annotated[
        bool, typer.Option("--nobody", help=words("放回团队队列", "back to the team's queue"))
    ] = False,
    team: Annotated[str, typer.Option(metavar="TEAM", help=words("转到团队", "to a team"))] = "",
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Give conversations to an agent or to a team, and wait until the server has decided."""
    from agent_tui.domain.commands import AgentCommand, Assign

    if bool(to) == nobody and not (team and not to):
        raise UsageError(
            Both("要给出 --to、--nobody 或 --team", "give --to, --nobody or --team")
            if not to
            else Both("--to 和 --nobody 只能选一个", "--to and --nobody exclude each other"),
            Both("如 assign c12 --to 小孙", "as in: assign c12 --to sun"),
        )
    names = sys.stdin.read().split() if conversations == ["-"] else conversations
    with open_session(offline) as session:
        desk = session.desk
        # Everything is looked up before anything is done.
        keys = list(dict.fromkeys(session.find(each) for each in names))
        agent = naming.agent(desk, to) if to else None
        into = naming.team(desk, team) if team else None
        teams: list[TeamId] = []
        steps: list[tuple[ConversationId, AgentCommand]] = []
        for key in keys:
            state = desk.conversation(key)
            assert state is not None  # found by its id just now
            steps.append((key, Assign(agent, into, state.epoch, state.assignee)))
            teams.append(into or state.team)
        if agent is not None and not json:
            _mind(desk, agent, teams)
        if len(names) == 1 and steps:
            finish(session.do(*steps[0]), json)
        else:
            _finish_all(session.do_all(steps, Both("转给", "assign")), json)


def _mind(desk: Desk, key: AgentId, teams: list[TeamId]) -> None:
    """Say so if whoever gets chats of `teams` is not there to answer, or works for others."""
    from agent_tui.desk.bulk import away, outside

    agent = desk.directory.agents()[key]
    given = [(agent, team) for team in teams]
    for note in (*away([agent], desk.directory.floor(desk.clock())), *outside(desk, given)):
        output.note(note)


def reassign(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="AGENT",
            help=words("谁的会话；none 是排队中没人的", "whose chats; none: those that nobody has"),
        ),
    ],
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="AGENT",
            help=words("转给谁，可重复；不给则放回队列", "repeat for more; without, to the queue"),
        ),
    ] = None,
    where: Annotated[
        str, typer.Option(metavar="FILTER", help=words("只转符合的", "only those that fit"))
    ] = "",
    spread: Annotated[
        Literal["least-loaded", "round-robin"],
        typer.Option(help=words("怎样分给几个人", "how several share them")),
    ] = "least-loaded",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=words("只看会怎样", "only show what would be done"))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=words("不询问", "do not ask"))] = False,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Move an agent's chats to others, or back to the queue, and show the loads."""
    with open_session(offline) as session:
        warn_if_old(session)
        desk = session.desk
        owner = None if naming.is_who(source, NOBODY) else naming.agent(desk, source)
        if owner is None and not to:
            raise UsageError(
                Both("没人的会话要说转给谁", "chats that nobody has need somebody to go to"),
                Both("加上 --to 坐席", "add --to AGENT"),
            )
        targets = [naming.agent(desk, each) for each in to or ()]
        run = _planned(desk, owner, targets, where, spread)
        if not json:
            _show(desk, run)
        if dry_run or not run.steps:
            if json:
                output.document(_document(desk, run, [], "dry_run" if dry_run else "applied"))
            elif not run.steps:
                output.note(Both("没有要转的会话", "no chats to move"))
            return
        _agreed(len(run.steps), yes)
        _report(session, run, json)


def _planned(
    desk: Desk,
    owner: AgentId | None,
    targets: list[AgentId],
    where: str,
    spread: Literal["least-loaded", "round-robin"],
) -> DryRun:
    """What would be done. Raises FilterError, NotFound."""
    from agent_tui.desk import bulk
    from agent_tui.domain.commands import Release
    from agent_tui.domain.model import Status

    rows = [*desk.queue.shown(View.ALL), *desk.queue.shown(View.SNOOZED)]
    if owner is None:  # what waits: those put aside are nobody's on purpose
        rows = [row for row in rows if row.status is Status.OPEN]
    mine = [row.id for row in rows if row.assignee == owner]
    if where.strip():
        found, view = naming.filtered(desk, where)
        states = filter(None, map(desk.conversation, mine))
        mine = [state.id for state in states if found.matches(state, view)]
    if targets:
        return bulk.assign(desk, mine, targets, spread)
    return bulk.act(desk, mine, lambda state: Release(), Both("放回队列", "back to the queue"))


def _agreed(count: int, yes: bool) -> None:
    """Leaves with exit code 1 unless somebody said yes."""
    if yes:
        return
    question = Both(f"转走这 {count} 个会话？", f"move these {count} chats?")
    if output.is_tty() and output.confirmed(question):
        return
    output.note(Both("没有动；加 --yes 才会转", "nothing was moved; --yes does not ask"))
    raise typer.Exit(errors.EXIT_FAILED)


def _report(session: Session, run: DryRun, json: bool) -> None:
    steps = [(step.conversation, step.command) for step in run.steps]
    verdicts = session.do_all(steps, run.title)
    outcomes = {each.outcome for each in verdicts}
    if outcomes == {"applied"}:
        outcome = "applied"
    else:
        outcome = "queued" if "queued" in outcomes else "partly"
    if json:
        output.document(_document(session.desk, run, verdicts, outcome))
        raise typer.Exit(_code(verdicts))
    _finish_all(verdicts, json=False)


def _finish_all(verdicts: list[Verdict], json: bool) -> None:
    """Say what became of many commands, and leave with the exit code that says the same."""
    from agent_tui.desk import reasons

    if json:
        output.document(verdicts)
        raise typer.Exit(_code(verdicts))
    done = sum(each.outcome == "applied" for each in verdicts)
    queued = sum(each.outcome == "queued" for each in verdicts)
    if done or not queued:
        output.say(Both(f"完成 {done} 个", f"done: {done}"))
    for each in verdicts:
        if each.outcome in ("refused", "held"):
            why = reasons.reason(each.reason, each.detail)
            output.note(Both(f"{each.conversation} 没动：{why}", f"{each.conversation}: {why}"))
    if queued:
        output.note(
            Both(
                f"{queued} 个还没到服务端；已存在发件箱，会自动发送",
                f"{queued} have not reached the server; they are queued in the outbox",
            )
        )
    raise typer.Exit(_code(verdicts))


def _code(verdicts: list[Verdict]) -> int:
    outcomes = {each.outcome for each in verdicts}
    if "queued" in outcomes:
        return errors.EXIT_UNAVAILABLE
    return errors.EXIT_OK if outcomes <= {"applied"} else errors.EXIT_FAILED


def _show(desk: Desk, run: DryRun) -> None:
    """The dry run in lines."""
    names = {str(key): agent.name for key, agent in desk.directory.agents().items()}
    moves = _moves(desk, run)
    for move in moves[:SHOWN]:
        owner, to = (names.get(each or "", str(Both("队列", "queue"))) for each in move[1:])
        output.say(f"{move[0]}  {owner} → {to}")
    if (more := len(moves) - SHOWN) > 0:
        output.say(Both(f"……另有 {more} 个", f"... and {more} more"))
    for each in run.loads:
        sign = "+" if each.partial else ""
        output.say(
            Both(
                f"{each.name}：{each.before:g}{sign} → {each.after:g}{sign}，上限 {each.capacity:g}"
                f"（{each.chats_before} → {each.chats_after} 个会话）",
                f"{each.name}: {each.before:g}{sign} → {each.after:g}{sign} of {each.capacity:g}"
                f" ({each.chats_before} → {each.chats_after} chats)",
            )
        )
    if any(each.partial for each in run.loads):
        output.note(Both("+：别的团队的会话没算", "+: chats of other teams are not counted"))
    for note in run.notes:
        output.note(note)
    for key, why in run.skipped:
        output.note(f"{key}: {why}")


def _moves(desk: Desk, run: DryRun) -> list[tuple[str, str | None, str | None]]:
    from agent_tui.domain.commands import Assign

    found: list[tuple[str, str | None, str | None]] = []
    for step in run.steps:
        command = step.command
        assert isinstance(command, Assign)  # what spreading and returning come to
        owner = None if not isinstance(command.owner, str) else command.owner
        found.append((step.conversation, owner, command.agent))
    return found


def _document(desk: Desk, run: DryRun, verdicts: list[Verdict], outcome: str) -> Reassigned:
    from agent_tui.cli.lead_shapes import LeftOut, LoadShift, MovePlanned, Reassigned
    from agent_tui.desk import reasons

    skipped = [LeftOut(key, str(why)) for key, why in run.skipped]
    skipped += [
        LeftOut(each.conversation, reasons.reason(each.reason, each.detail))
        for each in verdicts
        if each.outcome in ("refused", "held")
    ]
    return Reassigned(
        outcome=outcome,
        moves=[MovePlanned(*each) for each in _moves(desk, run)],
        loads=[
            LoadShift(
                each.agent,
                each.name,
                each.capacity,
                each.before,
                each.after,
                each.chats_before,
                each.chats_after,
                each.partial,
            )
            for each in run.loads
        ],
        notes=[str(each) for each in run.notes],
        skipped=skipped,
        applied=sum(each.outcome == "applied" for each in verdicts),
        queued=sum(each.outcome == "queued" for each in verdicts),
    )

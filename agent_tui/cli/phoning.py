"""`phone`: a call is noted, by an agent or by a telephone system."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.work import Offline, finish, open_session

PHONE = "phone"


def phone(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help=words("电话号码", "who called"))],
    text: Annotated[str, typer.Option(help=words("客户说了什么", "what they said"))],
    name: Annotated[str, typer.Option(help=words("称呼", "their name"))] = "",
    inbox: Annotated[
        str, typer.Option(metavar="ID", help=words("电话收件箱", "the phone inbox"))
    ] = PHONE,
    to_team: Annotated[
        str,
        typer.Option(
            "--team", metavar="TEAM", help=words("归哪个团队", "whose conversation it is")
        ),
    ] = "",
    language: Annotated[
        Literal["zh", "en"], typer.Option(help=words("客户的语言", "the customer's language"))
    ] = "zh",
    once: Annotated[
        str,
        typer.Option(
            "--key",
            metavar="KEY",
            help=words("这通电话的编号，同一编号只记一次", "the call's own id: it is noted once"),
        ),
    ] = "",
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Note a call: it goes on in the customer's phone conversation, or opens one."""
    from agent_tui.domain.ids import InboxId, TeamId

    with open_session(offline) as session:
        key, command = session.desk.writing.call(
            InboxId(inbox),
            number,
            text,
            name=name,
            team=TeamId(to_team) if to_team else None,
            language=language,
            once=once,
        )
        finish(session.do(key, command), json)

"""Every text of a command that others will read, made harmless where it comes in."""

from __future__ import annotations

import msgspec

from agent_tui.domain import calls, replies
from agent_tui.domain import commands as c
from agent_tui.text import clean, clean_line


def cleaned(command: c.AgentCommand) -> c.AgentCommand:
    """`command` with every text that others will read made harmless."""
    match command:
        case c.Batch():
            return c.Batch(tuple(_cleaned_part(part) for part in command.parts))
        case c.ReportSearches():
            return command  # it is masked where it is counted
        case c.NoteCall():
            return msgspec.structs.replace(
                command,
                text=clean(command.text),
                name=clean_line(command.name, calls.NAME_CHARS),
                number=clean_line(command.number),
            )
        case _:
            return _cleaned_part(command)


def _cleaned_part(part: c.AgentPart) -> c.AgentPart:
    match part:
        case c.SendReply():
            # What is too long is dropped by the rules, not cut to another entry's name.
            names = tuple(
                name if len(name) > replies.SOURCE_CHARS else clean_line(name, replies.SOURCE_CHARS)
                for name in part.sources
            )
            return msgspec.structs.replace(part, text=clean(part.text), sources=names)
        case c.AddNote() | c.EditMessage():
            return msgspec.structs.replace(part, text=clean(part.text))
        case c.SuggestArticle():
            return msgspec.structs.replace(
                part,
                title=_on_one_line(part.title),
                body=clean(part.body),
                questions=tuple(_on_one_line(question) for question in part.questions),
                reason=clean(part.reason),
                article=clean(part.article),
                version=clean(part.version),
            )
        case c.AcceptSuggestion():
            return msgspec.structs.replace(
                part,
                title=_on_one_line(part.title),
                body=clean(part.body),
                questions=tuple(_on_one_line(question) for question in part.questions),
            )
        case c.DeclineSuggestion():
            return msgspec.structs.replace(part, reason=clean(part.reason))
        case c.Tag() | c.Untag():
            return msgspec.structs.replace(part, tag=clean_line(part.tag))
        case c.SetType():
            return msgspec.structs.replace(part, type=clean_line(part.type))
        case _:
            return part


def _on_one_line(text: str) -> str:
    return " ".join(clean(text).split())

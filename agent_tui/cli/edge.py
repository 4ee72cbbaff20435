"""The outermost layer: language, log file, and every error as words and an exit code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from agent_tui import errors, paths
from agent_tui.cli import output, settings
from agent_tui.errors import DeskError
from agent_tui.lang import Both

EXIT_INTERRUPTED = 130
LANGUAGES = ("zh", "en")
log = logging.getLogger(__name__)


def run(arguments: Sequence[str]) -> int:
    """Run one command. Nothing but an exit code comes out."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows a question mark instead of a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    root = logging.getLogger()
    before = root.handlers[:]
    root.addHandler(_file_handler())
    root.setLevel(logging.INFO)
    try:
        code = _dispatch(list(arguments))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has gone. Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.EXIT_FAILED
    finally:
        for handler in root.handlers[:]:
            if handler not in before:
                root.removeHandler(handler)
                handler.close()


def _dispatch(arguments: list[str]) -> int:
    try:
        language, rest = leading_language(arguments)
        settings.speak(language)
        if not rest:
            from agent_tui.cli import start

            return start.run()
        return _command(rest)
    except SystemExit as end:
        return _code(end)
    except DeskError as error:
        tell(error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        _tell_unexpected(error)
        return errors.EXIT_FAILED


def _command(arguments: list[str]) -> int:
    """Run one of Typer's commands. Raises UsageError."""
    import typer

    from agent_tui.cli import helping, usage
    from agent_tui.cli.app import app

    helping.speak(app)
    try:
        code: int | None = app(arguments, prog_name="agent-tui", standalone_mode=False)
    except typer.TyperException as error:
        if "\n" in error.message:  # a group alone: its help
            output.note(error.message)
            return errors.EXIT_USAGE
        raise usage.told(error) from None
    except typer.Abort:  # the terminal was closed on a question
        output.note(Both("已中止", "aborted"))
        return errors.EXIT_FAILED
    return code or errors.EXIT_OK


def leading_language(arguments: list[str]) -> tuple[str, list[str]]:
    """(`zh`, `en` or empty, the rest) for `--lang` before the command. Typer refuses others."""
    match arguments:
        case ["--lang", language, *rest] if language in LANGUAGES:
            return language, rest
        case [first, *rest] if first.startswith("--lang=") and first[7:] in LANGUAGES:
            return first[7:], rest
        case _:
            return "", arguments


def tell(error: DeskError) -> None:
    """What happened and the way out, on stderr."""
    output.note(f"agent-tui: {error.title}")
    if str(error.hint):
        output.note(f"  {error.hint}")


def _code(end: SystemExit) -> int:
    if isinstance(end.code, int):
        return end.code
    return errors.EXIT_OK if end.code is None else errors.EXIT_FAILED


class LogFile(logging.FileHandler):
    """Makes its file with the first line. A full disk costs the log, not the command."""

    lost = False

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return super()._open()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.lost = True

    def handleError(self, record: logging.LogRecord) -> None:
        self.lost = True


def log_file() -> Path:
    """Where trouble is written down: in the profile, or beside it before there is one."""
    profile = paths.default_profile()
    return profile.log if profile.root.is_dir() else paths.data_home() / "agent-tui.log"


def _file_handler() -> logging.Handler:
    handler = LogFile(log_file(), encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # These tell every request and every migration step.
    for chatty in ("httpx", "httpcore", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return handler


def leave_log_file() -> None:
    """For what keeps a log of its own: the workstation, the server."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, LogFile):
            root.removeHandler(handler)
            handler.close()


def log_to_stderr(level: int) -> None:
    """For the server's side: no file, one line an event on stderr."""
    leave_log_file()
    root = logging.getLogger()
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s"))
    handler.setLevel(level)
    root.addHandler(handler)
    # "Waiting for application startup" and the like say nothing that our own lines do not.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def _tell_unexpected(error: Exception) -> None:
    log.error("unexpected", exc_info=error)
    files = [each for each in logging.getLogger().handlers if isinstance(each, logging.FileHandler)]
    if files and not getattr(files[-1], "lost", False):
        path = files[-1].baseFilename
        hint = Both(f"详情在 {path}", f"the details are in {path}")
    else:
        sys.excepthook(type(error), error, error.__traceback__)
        hint = Both("详情在上面", "the details are above")
    what = f"{type(error).__name__}: {error}"
    tell(DeskError(Both(f"意外的错误：{what}", f"something unexpected: {what}"), hint))

"""Whole files, or none: what is written is complete before it has its name."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from contextlib import suppress
from pathlib import Path


def folded(name: str) -> str:
    """`name` as file systems and readers may compare it: without case and form of Unicode."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def create(path: Path, text: str) -> bool:
    """Write a new file; False, and nothing is written, if there is one. Raises OSError."""
    if os.path.lexists(path):
        return False
    temporary = _written(path, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            return False
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    return True


def replace(path: Path, text: str) -> None:
    """Write a file anew; a link keeps pointing at it. Raises OSError."""
    real = path.resolve()
    mode = real.stat().st_mode & 0o777
    temporary = _written(real, text)
    try:
        os.chmod(temporary, mode)
        os.replace(temporary, real)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _written(path: Path, text: str) -> str:
    """A file beside `path` with `text` in it, safe on disk. Readers pass over its hidden name."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    return temporary

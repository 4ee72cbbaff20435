"""Files that are given on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path


def file(text: str) -> Path:
    """For `add_argument(type=...)`: a file that is there. ArgumentTypeError names what is not."""
    path = Path(text)
    if path.is_file():
        return path
    what = "is a folder: name a file in it" if path.is_dir() else "is not there"
    raise argparse.ArgumentTypeError(f"{text} {what}")

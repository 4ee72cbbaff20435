"""Pictures and files of customers and agents, in config.toml."""

from __future__ import annotations

from typing import Annotated

from agent_tui.settings.base import Section, meta

MIB = 1024 * 1024


class Files(Section, frozen=True):
    """Pictures and files that customers and agents send: each is an address in a message's text,
    and the server keeps what lies there."""

    file_bytes: Annotated[
        int,
        meta(
            "单个文件上限（字节）；0 为不收文件",
            "largest file, bytes; 0 takes none",
            ge=0,
            le=64 * MIB,
        ),
    ] = 5 * MIB
    total_bytes: Annotated[
        int,
        meta("全部文件上限（字节）；0 为不限", "all files together, bytes; 0: no limit", ge=0),
    ] = 20 * 1024 * MIB
    days: Annotated[
        int,
        meta("文件保留天数；0 为一直保留", "days a file is kept; 0 keeps all", ge=0, le=3650),
    ] = 365

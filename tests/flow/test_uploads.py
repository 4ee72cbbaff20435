"""An agent's machine hands a file to its server and reads what others sent; offline it says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent_tui.errors import WireError
from tests.driver import Serving
from tests.flow.workstation import Workstation

PNG = b"\x89PNG\r\n\x1a\n" + bytes(200_000)
DeskOf = Callable[..., Workstation]


def test_a_file_goes_up_once_and_comes_down_whole(serving: Serving, desk_of: DeskOf) -> None:
    desk = desk_of("anna").connect()
    desk.until(lambda now: desk.links[-1:] == ["online"])
    link = desk._link
    assert link is not None
    kept = link.upload("k1", "杯子", PNG).result(10)
    assert (kept.name, kept.media, kept.size) == ("杯子.png", "image/png", len(PNG))
    assert link.upload("k1", "杯子", PNG).result(10) == kept
    path = kept.address.removeprefix(serving.base)
    assert link.download(path, len(PNG)).result(10) == PNG
    with pytest.raises(WireError, match=r"文件太大"):
        link.download(path, len(PNG) - 1).result(10)
    with pytest.raises(WireError, match=r"没有这个文件"):
        link.download(f"/files/{'b' * 32}/a.png", 1).result(10)
    with pytest.raises(WireError, match=r"文件超过 5 MB"):
        link.upload("k2", "large", bytes(6 * 1024 * 1024)).result(20)


def test_without_a_server_it_is_told(tmp_path: Path, serving: Serving, desk_of: DeskOf) -> None:
    desk = desk_of("anna").connect()
    desk.until(lambda now: desk.links[-1:] == ["online"])
    serving.stop()
    assert desk._link is not None
    with pytest.raises(WireError, match=r"连不上"):
        desk._link.upload("k3", "a.png", PNG).result(20)

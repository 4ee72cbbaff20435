"""Pictures of our own server in the terminal; all others as any address."""

from __future__ import annotations

import io
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
import textual_image
from PIL import Image

from agent_tui.domain import events as e
from agent_tui.errors import WireError
from agent_tui.lang import Both
from agent_tui.tui import pictures
from agent_tui.tui.pictures import Undrawable
from agent_tui.tui.screens.pick import Confirm
from agent_tui.tui.screens.picture import PictureScreen
from tests.tui.driver import Person, World, sit_down
from tests.tui.test_lead import Port
from tests.tui.test_opening import browser as browser
from tests.tui.test_opening import opened, reads, said

KEPT = f"/files/{'kp' * 16}/%E6%9D%AF%E5%AD%90.png"
ADDRESS = f"https://help.example.com{KEPT}"


def drawn(size: tuple[int, int] = (40, 20), kind: str = "PNG", **options: object) -> bytes:
    """A real picture: red above, blue below."""
    found = Image.new("RGB", size, "#ff0000")
    found.paste("#0000ff", (0, size[1] // 2, *size))
    file = io.BytesIO()
    found.save(file, kind, **options)
    return file.getvalue()


class Files(Port):
    """A server that keeps one file, or says why not."""

    def __init__(self, kept: bytes | WireError) -> None:
        super().__init__()
        self.kept = kept
        self.paths: list[str] = []

    def download(self, path: str, most: int) -> Future[bytes]:
        self.paths.append(path)
        found: Future[bytes] = Future()
        if isinstance(self.kept, WireError):
            found.set_exception(self.kept)
        else:
            found.set_result(self.kept)
        return found


class Late(Files):
    """One whose answer comes when it is told to."""

    def download(self, path: str, most: int) -> Future[bytes]:
        self.paths.append(path)
        self.coming: Future[bytes] = Future()
        return self.coming

    def comes(self) -> None:
        assert isinstance(self.kept, bytes)
        self.coming.set_result(self.kept)


async def looks(agent: Person, port: Port) -> None:
    agent.app._port = port
    await reads(agent)
    await agent.press("o")


def colours(agent: Person) -> set[str]:
    """Those of the half blocks on the screen, from above."""
    strips = agent.app.screen._compositor.render_strips()
    styles = [each.style for strip in strips for each in strip if "▀" in each.text]
    return {each.color.name for each in styles if each is not None and each.color is not None}


async def test_our_own_picture_is_drawn_and_o_goes_on_to_the_browser(
    world: World, browser: Path
) -> None:
    said(world, f"碎了 {ADDRESS}")
    port = Files(drawn())
    async with sit_down(world) as agent:
        await looks(agent, port)
        await agent.until(lambda: isinstance(agent.app.screen, PictureScreen))
        await agent.until(lambda: {"#ff0000", "#0000ff"} <= colours(agent))
        assert "杯子.png · 40×20" in agent.sees()
        assert port.paths == [KEPT]
        await agent.press("escape")
        assert agent.app.screen is agent.screen and agent.screen.transcript.has_focus
        await agent.press("o")
        await agent.until(lambda: isinstance(agent.app.screen, PictureScreen))
        await agent.press("o")
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        assert "help.example.com" in agent.sees() and not opened(browser)


@pytest.mark.parametrize(
    "kept", [WireError(Both("没有这个文件", "no such file")), b"<html>", drawn((9, 9))[:40]]
)
async def test_what_cannot_be_drawn_is_told_and_asked_about(
    world: World, browser: Path, kept: bytes | WireError
) -> None:
    said(world, ADDRESS)
    async with sit_down(world) as agent:
        await looks(agent, Files(kept))
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        assert "图片在这里看不了" in "".join(agent.notices())


@pytest.mark.parametrize(
    "address",
    [
        "https://help.example.com/cup.png",
        f"https://help.example.com@evil.example.com{KEPT}",
        f"https://help.example.com{KEPT[:-4]}.pdf",
    ],
)
async def test_nothing_else_is_fetched(world: World, browser: Path, address: str) -> None:
    said(world, address)
    port = Files(drawn())
    async with sit_down(world) as agent:
        await looks(agent, port)
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        assert port.paths == []


async def test_an_extra_that_does_not_load_ends_nothing(
    world: World, browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(textual_image, "widget", raising=False)
    monkeypatch.setitem(sys.modules, "textual_image.widget", None)
    said(world, ADDRESS)
    async with sit_down(world) as agent:
        await looks(agent, Files(drawn()))
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        assert "装好的图片组件用不了" in "".join(agent.notices())


async def test_who_went_on_is_not_interrupted(world: World, browser: Path) -> None:
    said(world, ADDRESS)
    port = Late(drawn())
    async with sit_down(world) as agent:
        await looks(agent, port)
        await agent.until(lambda: port.paths)
        await agent.does("help")
        port.comes()
        await agent.pilot.pause(0.2)
        await agent.press("escape")
        assert agent.app.screen is agent.screen


async def test_without_the_extra_it_is_as_any_address(
    world: World, browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    said(world, ADDRESS)
    port = Files(drawn())
    async with sit_down(world) as agent:
        await looks(agent, port)
        await agent.until(lambda: isinstance(agent.app.screen, Confirm))
        assert port.paths == []


async def test_files_are_called_by_their_names(world: World) -> None:
    said(world, f"{ADDRESS} {ADDRESS[:-4]}.pdf")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        seen = agent.sees()
        assert "[图片 1：杯子.png · o 打开]" in seen and "[文件 1：杯子.pdf · o 打开]" in seen


async def test_the_list_tells_what_came_by_its_name(world: World) -> None:
    for key, said_ in (("c1", ADDRESS), ("c2", f"{ADDRESS[:-4]}.pdf 见附件"), ("c3", ADDRESS[:50])):
        world.feed([(key, e.CustomerWrote(message=f"f{key}", text=said_))])  # type: ignore[arg-type]
    async with sit_down(world) as agent:
        seen = agent.sees()
        assert all(
            words in seen for words in ("[图片 杯子.png]", "[文件 杯子.pdf] 见附件", "[文件]")
        )
        assert "/files/" not in seen


def test_a_picture_is_made_small_and_upright() -> None:
    found, size = pictures.decoded(drawn((4000, 3000), "JPEG"))
    assert max(found.size) == pictures.SIDE and size == (4000, 3000)
    exif = Image.Exif()
    exif[0x0112] = 6
    found, size = pictures.decoded(drawn((40, 20), "JPEG", exif=exif))
    assert found.size == size == (20, 40)
    moving = drawn(kind="GIF", save_all=True, append_images=[Image.new("RGB", (40, 20))])
    assert pictures.decoded(moving)[0].mode == "RGB"


@pytest.mark.parametrize("side", [6_000, 30_000])
def test_a_bomb_is_not_held_in_memory(side: int) -> None:
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    with pytest.raises(Undrawable, match="图片太大"):
        pictures.decoded(file.getvalue())

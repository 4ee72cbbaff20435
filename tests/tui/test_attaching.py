"""A local file goes up and its address into the reply; what fails is told and loses nothing."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from agent_tui.desk import attaching
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import FileAnswer
from agent_tui.errors import UsageError, WireError
from agent_tui.lang import Both
from agent_tui.tui.screens.path import PathPrompt
from tests.tui.driver import NOW, Person, World, sit_down
from tests.tui.test_lead import Port

ADDRESS = f"https://help.example.com/files/{'kp' * 16}/cup.png"


class Server(Port):
    """Takes files, each when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.uploads: list[tuple[str, bytes]] = []
        self.answer: Future[FileAnswer] = Future()

    def upload(self, key: str, name: str, content: bytes) -> Future[FileAnswer]:
        self.uploads.append((name, content))
        return self.answer

    def answers(self) -> None:
        self.answer.set_result(FileAnswer("cup.png", "image/png", 3, ADDRESS))

    def refuses(self) -> None:
        self.answer.set_exception(WireError(Both("文件超过 5 MB", "over 5 MB")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "pictures" / "cup.png"
    found.parent.mkdir()
    found.write_bytes(b"PNG")
    return found


async def attaches(agent: Person, path: str) -> None:
    await agent.does("attach")
    prompt = agent.app.screen
    assert isinstance(prompt, PathPrompt)
    prompt.query_one("#path").value = path  # type: ignore[attr-defined]
    await agent.press("enter")


async def test_the_address_goes_where_one_writes(world: World, file: Path) -> None:
    async with sit_down(world) as agent:
        agent.app._port = port = Server()
        await agent.does("next_urgent")
        await agent.types("看图")
        await attaches(agent, f"'{file}'")
        await agent.until(lambda: port.uploads)
        port.answers()
        await agent.until(lambda: agent.screen.composer.text == f"看图\n{ADDRESS}")
        assert port.uploads == [("cup.png", b"PNG")]
        assert not world.sent()


async def test_who_went_on_finds_it_in_the_draft(world: World, file: Path) -> None:
    async with sit_down(world) as agent:
        agent.app._port = port = Server()
        await agent.does("next_urgent")
        first = agent.screen.current
        assert first is not None
        await agent.types("看图")
        await attaches(agent, str(file))
        await agent.until(lambda: port.uploads)
        agent.screen.open(ConversationId("c2" if first == "c1" else "c1"))
        await agent.pilot.pause()
        port.answers()
        await agent.until(lambda: "草稿" in "".join(agent.notices()[-1:]))
        assert agent.screen.composer.text == ""
        draft = agent.desk.drafts.get(first)
        assert draft is not None and draft.text == f"看图\n{ADDRESS}"


async def test_what_failed_is_told_and_the_path_is_still_there(world: World, file: Path) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("看图")
        await attaches(agent, str(file))  # without a network
        await agent.until(lambda: "没有连到服务器" in "".join(agent.notices()))
        agent.app._port = port = Server()
        port.refuses()
        await agent.does("attach")
        await agent.press("enter")
        await agent.until(lambda: "文件超过 5 MB" in "".join(agent.notices()))
        assert port.uploads == [("cup.png", b"PNG")]
        assert agent.screen.composer.text == "看图"


async def test_tab_completes_a_path(world: World, file: Path) -> None:
    (file.parent / "cups.pdf").touch()
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("attach")
        field = agent.app.screen.query_one("#path")
        field.value = f"{file.parent}/c"  # type: ignore[attr-defined]
        await agent.press("tab")
        await agent.until(lambda: "cup.png  cups.pdf" in agent.sees())
        assert field.value == f"{file.parent}/cup"  # type: ignore[attr-defined]
        await agent.press("escape")
        assert agent.app.screen is agent.screen


def test_paths_are_read_as_people_give_them(tmp_path: Path) -> None:
    path = tmp_path / "my cup.png"
    path.write_bytes(b"x")
    escaped = str(path).replace(" ", "\\ ")
    for typed in (f" {path} ", f"'{path}'", f'"{path}"', escaped, path.as_uri()):
        assert attaching.read(typed, NOW).name == "my cup.png", typed
    assert attaching.plain("/a/it's") == "/a/it's"
    assert attaching.read(str(path), NOW) == attaching.read(str(path), NOW + 1)
    assert attaching.read(str(path), NOW).key != attaching.read(str(path), NOW + 10**9).key


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for typed in (str(tmp_path / "none"), str(tmp_path), str(tmp_path / "empty"), "\0"):
        with pytest.raises(UsageError):
            attaching.read(typed, NOW)

"""`agent-tui web` in a real browser: the queue is seen, keys arrive, and nobody else gets in."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest
from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from agent_tui import errors
from agent_tui.bootstrap import Login, write_login
from agent_tui.domain.ids import ConversationId
from agent_tui.paths import Profile
from agent_tui.store.outbox import Outbox
from tests.browser.test_chat_page import FLAGS
from tests.conftest import lacking, require
from tests.tui.driver import ME, World

pytestmark = pytest.mark.browser
PATIENCE = 40.0  # seconds, on a machine that does other things, too


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("chromium")
    with sync_playwright() as tools:
        found = tools.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    folder = tmp_path / "profile"
    Profile(folder).create()
    world = World(folder)
    world.clock.now = time.time_ns() // 1_000_000
    world.chat("c1", "王女士", "收到的杯子碎了，怎么退")
    world.chat("c2", "Tom", "where is my parcel", language="en")
    write_login(Profile(folder), Login("http://127.0.0.1:9", "none", ME))
    world.cache.close()
    world.outbox.close()
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(profile: Path) -> Iterator[str]:
    """`agent-tui web` on a free port; the link that it prints."""
    try:
        import textual_serve  # noqa: F401
    except ImportError:
        lacking("textual-serve is not installed")
    home = profile.parent
    env = dict(
        os.environ,
        AGENT_TUI_PROFILE=f"{profile}",
        AGENT_TUI_HOME=str(home),
        AGENT_TUI_CONFIG=str(home / "config"),
    )
    command = [sys.executable, "-m", "agent_tui", "--lang", "zh", "web", f"--port={free_port()}"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("ready http://127.0.0.1:"), line
            yield line.removeprefix("ready ").strip()
        finally:
            process.terminate()


class Tab:
    """A page, and the screen that the bytes it receives paint."""

    def __init__(self, page: Page, link: str) -> None:
        self.page = page
        self.asked: list[str] = []
        self._screen = pyte.Screen(300, 100)
        self._stream = pyte.ByteStream(self._screen)
        page.on("websocket", self._listen)
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(link)

    def _listen(self, connection: WebSocket) -> None:
        connection.on("framereceived", self._paint)

    def _paint(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self._stream.feed(data)

    def until(self, true: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            shown = "\n".join(self._screen.display)
            assert time.monotonic() < end, f"{what} did not happen:\n{shown}"
            self.page.wait_for_timeout(100)

    def shows(self, text: str) -> None:
        # pyte keeps the second cell of a wide character empty.
        self.until(lambda: text in "".join(self._screen.display), text)


def draft(profile: Path) -> str:
    outbox = Outbox(profile / "outbox.db")
    try:
        found = outbox.drafts.all().get(ConversationId("c1"))
        return found.text if found else ""
    finally:
        outbox.close()


def test_the_queue_is_seen_and_a_draft_typed(browser: Browser, profile: Path) -> None:
    with serving(profile) as link:
        page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        tab = Tab(page, link)
        tab.shows("王女士")
        tab.shows("Tom")
        assert "key=" not in page.url  # it became a cookie
        tab.shows("Ctrl+N")  # the queue has the keyboard, without a click
        page.keyboard.press("Enter")
        tab.shows("Ctrl+D")  # the chat is open
        page.keyboard.type("hello from a browser")
        tab.shows("hello from a browser")
        if folder := os.environ.get("AGENT_TUI_PICTURES"):
            page.screenshot(path=Path(folder) / "web.png")
        page.close()
        end = time.monotonic() + PATIENCE
        while draft(profile) != "hello from a browser":
            assert time.monotonic() < end
            time.sleep(0.1)
        here = link.partition("/?")[0]
        assert all(url.startswith((here, "data:", here.replace("http", "ws"))) for url in tab.asked)


def answer(url: str, **headers: str) -> int:
    request = urllib.request.Request(
        url, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as found:
            return int(found.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_nobody_gets_in_without_the_key_or_from_another_page(profile: Path) -> None:
    with serving(profile) as link:
        here, _, key = link.partition("/?key=")
        cookie = f"agent_tui_{here.rpartition(':')[2]}={key}"
        assert answer(here) == 403
        assert answer(f"{here}/?key=guess") == 403
        assert answer(f"{here}/ws?width=80&height=24") == 403
        assert answer(f"{here}/download/x") == 403
        assert answer(here, Cookie=cookie) == 200
        assert answer(here, Cookie=cookie, Origin="http://127.0.0.1:9999") == 403
        assert answer(f"{here}/ws", Cookie=cookie, Origin="http://evil.example") == 403
        assert answer(here, Cookie=cookie, Origin=here) == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])
def test_other_hosts_are_refused_with_the_reason(profile: Path, host: str) -> None:
    command = [sys.executable, "-m", "agent_tui", "--lang", "en", "web", "--host", host]
    env = dict(os.environ, AGENT_TUI_PROFILE=f"{profile}")
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == errors.EXIT_USAGE
    assert "nothing is encrypted" in done.stderr and "ssh -L" in done.stderr

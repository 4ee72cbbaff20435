"""Pictures and files from the customer's page: chosen, pasted, dropped; shown, refused, retried."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.browser.house import House, open_house
from tests.browser.test_chat_page import browser as browser
from tests.browser.test_chat_page import open_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as found:
        yield found


def png(side: int = 40) -> bytes:
    """A real picture, all one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = (b"\0" + b"\x1f\x7a\x5c" * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def file(name: str, body: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": body}


def chooses(page: Page, *files: FilePayload) -> None:
    page.get_by_test_id("picker").set_input_files(list(files))


HAND_OVER = """(target, [how, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], `${how}.png`, { type: 'image/png' }));
  const init = { bubbles: true, cancelable: true, composed: true };
  target.dispatchEvent(how === 'paste' ? new ClipboardEvent(how, { ...init, clipboardData: data })
    : new DragEvent(how, { ...init, dataTransfer: data }));
}"""


def test_a_chosen_picture_is_shown_and_its_address_reaches_the_agent(
    browser: Browser, house: House
) -> None:
    page = open_page(browser, house)
    violations: list[str] = []
    page.on("console", lambda line: violations.append(line.text) if line.type == "error" else None)
    expect(page.get_by_role("button", name="发送图片或文件")).to_be_visible()
    with page.expect_file_chooser():
        page.get_by_test_id("attach").press("Enter")
    chooses(page, file("杯子.png", png()))
    picture = page.get_by_test_id("message").get_by_role("img", name="杯子.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.naturalWidth") == 40
    key = house.agent.waits_for("/files/")
    house.agent.claims(key)
    chooses(page, file("报价单.pdf", b"%PDF-1.7 of no pages"))
    expect(page.get_by_test_id("message").last.get_by_role("link")).to_have_text("报价单.pdf")
    house.agent.replies(key, f"看 {house.url}/files/{'b' * 32}/x.png https://example.com/y.png")
    answer = page.locator("[data-testid=message][data-from=agent]").last
    # What is not there is its name again; what lies elsewhere is never fetched.
    expect(answer.get_by_role("link").first).to_have_text("x.png")
    expect(answer.get_by_role("link").last).to_have_text("https://example.com/y.png")
    assert [line for line in violations if "404" not in line] == []
    page.reload()
    expect(page.get_by_test_id("message").get_by_role("img")).to_have_count(1)


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped(browser: Browser, house: House, how: str) -> None:
    page = open_page(browser, house, "en-US")
    expect(page.get_by_test_id("attach")).to_be_visible()
    page.get_by_test_id("input").evaluate(HAND_OVER, [how, list(png())])
    expect(page.get_by_test_id("message").get_by_role("img", name=how)).to_be_visible()


def test_what_is_too_large_is_told_and_other_things_go_on(browser: Browser, house: House) -> None:
    page = open_page(browser, house, "en-US")
    expect(page.get_by_test_id("attach")).to_be_visible()
    chooses(page, file("film.mp4", bytes(5 * 1024 * 1024 + 1)), file("a.png", png()))
    expect(page.get_by_test_id("notice")).to_have_text("film.mp4 is too large: at most 5 MB.")
    expect(page.get_by_test_id("message").get_by_role("img", name="a.png")).to_be_visible()


def test_an_answer_that_is_lost_makes_no_second_file(browser: Browser, house: House) -> None:
    page = open_page(browser, house, "en-US")
    expect(page.get_by_test_id("attach")).to_be_visible()
    lost: list[str] = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().json()["address"])
            route.abort()
        else:
            route.continue_()

    page.route("**/files?*", lose)
    chooses(page, file("once.png", png()))
    expect(page.get_by_test_id("message")).to_have_count(1)
    expect(page.get_by_test_id("message").get_by_role("link")).to_have_attribute("href", lost[0])


def test_what_is_refused_can_be_tried_again_or_removed(browser: Browser, house: House) -> None:
    page = open_page(browser, house)
    expect(page.get_by_test_id("attach")).to_be_visible()
    chooses(page, file("empty.txt", b""))
    upload = page.get_by_test_id("upload")
    expect(upload).to_contain_text("未发送 · 文件是空的")
    upload.get_by_test_id("retry").click()
    expect(upload).to_contain_text("未发送 · 文件是空的")
    upload.get_by_test_id("remove").click()
    expect(upload).to_have_count(0)
    expect(page.get_by_test_id("message")).to_have_count(0)

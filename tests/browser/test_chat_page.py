"""The customer's page in a real browser, answered from the real workstation side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from agent_tui.domain import events as e
from agent_tui.domain.staffing import Routing, TeamRules
from tests.browser.house import House, open_house
from tests.conftest import require

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("chromium")
    with sync_playwright() as tools:
        found = tools.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


def open_page(browser: Browser, house: House, language: str = "zh-CN", width: int = 1000) -> Page:
    context = browser.new_context(locale=language, viewport={"width": width, "height": 740})
    page = context.new_page()
    page.goto(f"{house.url}/chat?inbox=web")
    return page


def say(page: Page, text: str) -> None:
    page.get_by_test_id("input").fill(text)
    page.get_by_test_id("input").press("Enter")


def test_a_customer_writes_an_agent_answers_the_page_shows_it(
    browser: Browser, house: House
) -> None:
    page = open_page(browser, house)
    say(page, "杯子碎了 <b>怎么办</b>")
    mine = page.locator("[data-testid=message][data-from=customer]").last
    expect(mine).to_have_attribute("data-state", "sent")
    key = house.agent.waits_for("杯子碎了")
    house.agent.claims(key)
    house.agent.reads(key)
    expect(mine).to_have_attribute("data-state", "delivered")
    house.agent.replies(key, "您好，马上为您处理 [/b]")
    answer = page.locator("[data-testid=message][data-from=agent]").last
    expect(answer).to_contain_text("马上为您处理 [/b]")
    expect(mine).to_have_attribute("data-state", "answered")
    house.agent.waits_until(key, lambda state: state.seen_no == state.messages)

    page.reload()
    expect(page.get_by_test_id("message")).to_have_count(2)
    expect(page.get_by_test_id("log")).to_contain_text("<b>怎么办</b>")  # text, never markup


def test_an_edited_reply_is_read_anew(browser: Browser, house: House) -> None:
    page = open_page(browser, house)
    say(page, "保质期多久")
    key = house.agent.waits_for("保质期多久")
    house.agent.claims(key)
    house.agent.replies(key, "十二个月 <b>")
    answer = page.locator("[data-testid=message][data-from=agent]")
    expect(answer.get_by_test_id("text")).to_have_text("十二个月 <b>")
    expect(answer.get_by_test_id("edited")).to_be_hidden()
    house.agent.waits_until(key, lambda state: state.last_reply_no == 2)
    say(page, "谢谢")
    house.agent.waits_until(key, lambda state: state.messages == 3)
    house.agent.edits_reply(key, "二十四个月 https://shop.example/a?b=<i>")
    expect(answer.get_by_test_id("text")).to_have_text("二十四个月 https://shop.example/a?b=<i>")
    expect(answer.get_by_test_id("edited")).to_have_text("已修改")
    expect(answer.get_by_role("link")).to_have_count(1)
    expect(page.get_by_test_id("message")).to_have_count(3)
    expect(page.get_by_test_id("message").last).to_contain_text("谢谢")  # it stays in its place

    page.reload()
    expect(answer.get_by_test_id("edited")).to_be_visible()
    expect(page.get_by_test_id("message").last).to_contain_text("谢谢")


def test_a_solved_chat_is_rated(browser: Browser, house: House) -> None:
    page = open_page(browser, house)
    say(page, "发票在哪里下载")
    key = house.agent.waits_for("发票在哪里下载")
    house.agent.claims(key)
    house.agent.replies(key, "订单详情页的右上角")
    expect(page.get_by_test_id("message")).to_have_count(2)
    expect(page.get_by_test_id("rating")).to_have_count(0)
    house.agent.resolves(key)
    rating = page.get_by_test_id("rating")
    expect(rating).to_be_visible()
    page.get_by_test_id("mark-4").click()
    expect(rating).to_contain_text("4 分")
    house.agent.waits_until(key, lambda state: state.rating == 4)
    page.get_by_test_id("comment").fill("很快，<i>谢谢</i>")
    page.get_by_test_id("comment").press("Enter")
    house.agent.waits_until(key, lambda state: state.rating_comment == "很快，<i>谢谢</i>")
    expect(page.get_by_test_id("comment")).to_be_hidden()

    page.reload()
    expect(page.get_by_test_id("mark-4")).to_have_attribute("aria-pressed", "true")
    say(page, "还有一件事")
    expect(page.get_by_test_id("rating")).to_have_count(0)
    house.agent.waits_until(key, lambda state: state.waiting == 1)


def test_a_second_customer_sees_nothing_of_the_first(browser: Browser, house: House) -> None:
    first = open_page(browser, house)
    say(first, "secret of the first")
    house.agent.waits_for("secret of the first")
    second = open_page(browser, house, "en-GB")
    say(second, "hello from the second")
    house.agent.waits_for("hello from the second")
    expect(second.get_by_test_id("message")).to_have_count(1)
    assert "secret" not in second.content()
    second.reload()
    expect(second.get_by_test_id("message")).to_have_count(1)


def test_the_agent_is_seen_typing(browser: Browser, house: House) -> None:
    page = open_page(browser, house)
    say(page, "are you there")
    key = house.agent.waits_for("are you there")
    typing = page.get_by_test_id("typing")
    # The hint is passed on once and not stored; a typing agent repeats it, so does this one.
    for _ in range(4):
        house.agent.types(key)
        page.wait_for_timeout(1000)
        if typing.is_visible():
            break
    expect(typing).to_be_visible()


def test_offline_messages_are_kept_and_sent_once(browser: Browser, house: House) -> None:
    page = open_page(browser, house, "en-US", width=360)
    say(page, "first line")
    key = house.agent.waits_for("first line")
    page.context.set_offline(True)
    say(page, "written without a network")
    expect(page.get_by_test_id("banner")).to_be_visible()
    page.context.set_offline(False)
    house.agent.waits_until(key, lambda state: state.messages == 2)
    page.reload()
    expect(page.get_by_test_id("message")).to_have_count(2)


def test_the_page_tells_the_place_and_the_wait(browser: Browser, house: House) -> None:
    for row in house.agent.desk.queue.rows():
        house.agent.resolves(row.id)  # of the tests before
    push = TeamRules(assign="least_loaded")
    house.change(e.RoutingSaved(Routing(capacity=1, lease=600, teams={"after-sales": push})))
    house.attends("online")
    first = open_page(browser, house)
    say(first, "第一位顾客")
    key = house.agent.waits_for("第一位顾客")
    house.agent.waits_until(key, lambda state: state.assignee == "li")
    second, third = open_page(browser, house), open_page(browser, house, "en-US", 380)
    say(second, "第二位顾客")
    expect(second.get_by_test_id("queue")).to_contain_text("下一位就是您 · 预计")
    say(third, "a third customer")
    expect(third.get_by_test_id("queue")).to_contain_text("1 ahead of you · about")
    expect(first.get_by_test_id("queue")).to_be_hidden()
    house.agent.resolves(key)
    expect(second.get_by_test_id("queue")).to_be_hidden()
    house.attends("offline")
    house.change(e.RoutingSaved(Routing()))

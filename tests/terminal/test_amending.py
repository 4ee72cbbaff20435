"""`e` on a line of one's own in a real terminal: what the agent and the customer see of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.floor import shop
from tests.terminal.screen import Tty

pytestmark = pytest.mark.terminal
SAID = "明天发货"
WORDS = {
    "zh": ("发送", "y 复制 · q 引用 · e 修改消息", "修改 ", "已修改", "已撤销：修改"),
    "en": ("send", "y copy · q quote · e edit message", "Edit the reply of ", "edited", "undone: "),
}


@pytest.mark.parametrize(("size", "language"), [((24, 80), "zh"), ((36, 120), "en")])
def test_a_sent_line_is_corrected_and_taken_back(
    tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    send, keys, heading, edited, undone = WORDS[language]
    with shop(tmp_path / "shop", 1) as floors:
        floor = floors()
        key = floor.chat("王女士", "什么时候发货", language=language)
        floor.gives(key, floor.me)
        floor.opens_the_doors()
        floor.profile(tmp_path / "data" / "profiles" / "default")
        (tmp_path / "config").mkdir()
        config = tmp_path / "config" / "config.toml"
        config.write_text(f'[interface]\nlanguage = "{language}"\ngrace_seconds = 0\n')
        page = floor.visitors[key].texts
        tty = Tty(tmp_path, size)
        try:
            tty.shows("王女士")
            tty.settle()
            tty.press("ctrl+n")
            tty.shows(send)
            tty.types(SAID)
            tty.press("enter")
            tty.until(lambda: page()[1:] == [SAID], "the customer reads the reply")
            tty.press("alt+up")
            tty.shows(keys)
            tty.press("e")
            tty.shows(heading)
            tty.types("，顺丰")
            tty.sound("the dialogue")
            tty.press("ctrl+s")
            tty.until(lambda: page()[1:] == [f"{SAID}，顺丰"], "the customer reads the correction")
            tty.until(lambda: f"{edited} " in tty.text().replace("edited ·", ""), "its mark")
            tty.shows(f"{SAID}，顺丰")
            tty.sound("a corrected line")
            tty.press("ctrl+z")
            tty.until(lambda: page()[1:] == [SAID], "the customer reads the first words again")
            tty.shows(undone)
            tty.until(lambda: "，顺丰" not in tty.text(), "the first words are back")
            tty.sound("a line that is as it was")
            assert not tty.log()
        finally:
            tty.close()

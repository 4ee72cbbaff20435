"""What the suite calls a broken picture is found to be one, and a sound one is not."""

from __future__ import annotations

import pytest

from tests.terminal.screen import Strict, faults_of

ROW = "\x1b[{};1H\x1b[48;5;17m{}"
SOUND = "".join(ROW.format(row, "队列 aa│中文 bbb") for row in range(1, 11))


def picture(text: str) -> list[str]:
    """What is wrong with `text` on ten rows of sixteen columns."""
    import pyte

    screen = Strict(16, 10)
    pyte.Stream(screen).feed(text)
    return faults_of(screen)


def test_a_sound_picture_has_no_faults() -> None:
    assert picture(SOUND) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("\x1b[3;1H ", "row 2 column 1: half a character is left"),
        ("\x1b[3;2H ", "row 2 column 0: '队' is cut"),
        ("\x1b[4;7H│\x1b[4;8H ", "row 3: the border at column 7 is crooked"),
        ("\x1b[5;15Hxxx", "'xxx' goes past the edge of row 4"),
        ("\x1b[6;16H中", "'中' goes past the edge of row 5"),
        ("\x1b[0m\x1b[7;16H ", "row 6 column 15: nothing was painted"),
        ("\x1b[8;1HTraceback", "Traceback on the screen"),
    ],
)
def test_each_fault_is_found(text: str, fault: str) -> None:
    assert fault in picture(SOUND + text)

"""Lists of lines drawn as they are looked at: what is kept of them is never out of date."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.strip import Strip

from agent_tui.tui.widgets.lines import LineView, Piece

LINES, HEIGHT = 3_000, 20


class Numbers(LineView):
    """A number on each line."""

    COMPONENT_CLASSES = {"numbers--odd"}  # noqa: RUF012 -- as Textual declares it
    DEFAULT_CSS = "Numbers > .numbers--odd { color: $primary; }"

    def on_mount(self) -> None:
        self.resized()

    def line_count(self) -> int:
        return LINES

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        return [(str(number), "numbers--odd" if number % 2 else "")], ""


class Shown(App[None]):
    """Nothing else."""

    def compose(self) -> ComposeResult:
        yield Numbers()


def drawn(app: Shown) -> list[Strip]:
    view = app.query_one(Numbers)
    return view.render_lines(view.size.region)


async def test_another_theme_draws_every_line_anew() -> None:
    app = Shown()
    async with app.run_test(size=(30, HEIGHT)) as pilot:
        before = drawn(app)
        assert drawn(app) == before
        app.theme = "textual-light"
        await pilot.pause()
        for old, new in zip(before, drawn(app), strict=True):
            assert old.text == new.text
            assert [each.style for each in old] != [each.style for each in new]


async def test_the_bar_follows_line_by_line() -> None:
    app = Shown()
    async with app.run_test(size=(30, HEIGHT)) as pilot:
        view = app.query_one(Numbers)
        eighth = LINES / (8 * HEIGHT)  # lines that move the thumb by as little as can be drawn
        for line in range(0, LINES - HEIGHT, 61):
            view.scroll_to(y=line, animate=False, immediate=True)
            await pilot.pause()
            assert drawn(app)[0].text.split()[0] == str(line)
            assert abs(view.vertical_scrollbar.position - line) <= eighth

"""Text that is drawn again only where it reads differently."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Words(Static):
    """A `Static` told what it says over and over, with every key: most often that is the same."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id, markup=False)
        self._said: Content | None = None

    def say(self, content: Content) -> None:
        """Show `content`, in as much room as there is."""
        if self._said is None or not content.is_same(self._said):
            self._said = content
            self.update(content, layout=False)

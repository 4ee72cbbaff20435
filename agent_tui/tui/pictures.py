"""Pictures as widgets, where the `terminal` extra is installed. Imported when one is looked at."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

from textual.app import App, SuspendNotSupported

from agent_tui.errors import DeskError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from PIL.Image import Image
    from textual.widget import Widget

log = logging.getLogger(__name__)
HEADER_PIXELS = 100_000_000  # what a picture may say it has, before anything of it is read
MOST_PIXELS = 24_000_000  # that are held at once: 96 MB; JPEG is read at a fraction of its size
SIDE = 1600  # pixels that are kept: more than a terminal shows
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_TURNED = 5  # from here on, EXIF's orientations exchange width and height


class Undrawable(DeskError):
    """No picture, or one that is too large to be read here."""


def available() -> bool:
    """Whether pictures can be drawn here."""
    return find_spec("textual_image") is not None


def decoded(raw: bytes) -> tuple[Image, tuple[int, int]]:
    """A customer's picture, made small enough to draw, and its own size in pixels; of one that
    moves, the first frame. Blocking: call it from a thread. Raises Undrawable."""
    from PIL import ExifTags, Image, ImageOps

    Image.MAX_IMAGE_PIXELS = HEADER_PIXELS
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    try:
        found = Image.open(io.BytesIO(raw), formats=FORMATS)
        width, height = found.size
        if found.getexif().get(ExifTags.Base.Orientation, 1) >= _TURNED:
            width, height = height, width
        found.draft("RGB", (SIDE, SIDE))
        if found.width * found.height > MOST_PIXELS:
            raise _too_large()
        found.thumbnail((SIDE, SIDE))
        turned = ImageOps.exif_transpose(found)
        mode = "RGBA" if turned.has_transparency_data else "RGB"
        return turned.convert(mode), (width, height)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_large() from error
    except Undrawable:
        raise
    except Exception as error:  # what hostile bytes make of a decoder has no common name
        raise Undrawable(Both("图片打不开", "the picture cannot be read")) from error


def _too_large() -> Undrawable:
    return Undrawable(Both("图片太大，这里不画", "the picture is too large to be drawn here"))


def widget(app: App[object], image: Image) -> Widget:
    """`image` drawn the best way this terminal can: Sixel, Kitty's protocol, or half blocks.

    What the terminal can is asked the first time. Nobody else may read the keyboard then, and a
    start would wait for the answer: so the application steps aside for that moment.
    Raises Undrawable.
    """
    if "textual_image.widget" not in sys.modules:
        try:
            with app.suspend():  # no exception may leave it: the screen would not come back
                _load()
        except SuspendNotSupported:
            _load()
    try:
        from textual_image import widget
    except Exception as error:
        raise Undrawable(
            Both("装好的图片组件用不了", "what draws pictures does not work")
        ) from error
    seen = sys.__stdout__ is not None and sys.__stdout__.isatty()
    kind = widget.Image if seen else widget.HalfcellImage
    return kind(image, id="picture")


def _load() -> None:
    try:
        import textual_image.widget  # noqa: F401
    except Exception:
        log.exception("textual-image could not be loaded")

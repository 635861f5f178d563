"""Text as dots: measured, wrapped, made smaller, cut.

A printer's own fonts know no Chinese, and each make measures differently; so every text is set here
with one font and sent as a graphic. It looks the same on each printer and in the preview.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

_LEADING = 1.2
_STROKE = 30
"""A bold letter's outline grows by a 30th of its height; a small one would close up."""
_NO_CHARACTER = "\U0010fffe"
_WIDE = "\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CLOSING = "\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff01\uff1f\uff09\u300b\u300d\u300f\u3011"
_PIECES = re.compile(rf"\s+|[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+")
"""Where a line may end: at a space, and after a Chinese character that no closing mark follows."""


class FontError(Exception):
    """The font cannot be used."""


class SetText(NamedTuple):
    """Text as dots. `picture` is a bitmap (0 black) of the box; `boxed` are the characters that the
    font does not have; `cut` tells whether something was left out."""

    picture: Image.Image
    boxed: str
    cut: bool


class Typeface:
    """A TrueType font, in any size. Raises FontError if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sized = lru_cache(maxsize=64)(self._load)
        self._advance = lru_cache(maxsize=16_384)(
            lambda char, height: self._sized(height).getlength(char)
        )
        self._none = self._sized(32).getmask(_NO_CHARACTER, mode="1")
        self._shows = lru_cache(maxsize=4_096)(self._has)
        self._box = "\u25a1" if self._has("\u25a1") else "?"

    def _load(self, size: int) -> ImageFont.FreeTypeFont:
        try:
            return ImageFont.truetype(str(self.path), size)
        except OSError as error:
            raise FontError(
                f"hmi.font {self.path} cannot be used: {error}; install fonts-wqy-microhei, or "
                "name another TrueType font"
            ) from None

    def _has(self, char: str) -> bool:
        mask = self._sized(32).getmask(char, mode="1")
        return mask.size != self._none.size or bytes(mask) != bytes(self._none)

    def known(self, text: str) -> tuple[str, str]:
        """`text` in one line, without what is no sign of its own, a box for each character that the
        font lacks; and those characters."""
        kept = (
            " " if char.isspace() else char
            for char in unicodedata.normalize("NFC", text)
            # Controls, marks of direction, joiners and selectors would change their neighbours.
            if char.isspace() or not _is_invisible(char)
        )
        line = " ".join("".join(kept).split())
        boxed = "".join(char for char in line if not self._shows(char))
        return "".join(char if self._shows(char) else self._box for char in line), boxed

    def set(
        self,
        text: str,
        size: tuple[int, int],
        height: int,
        least: int,
        *,
        align: str = "left",
        bold: bool = False,
    ) -> SetText:
        """`text` in a box of `size` dots, its letters `height` dots high, or down to `least`."""
        line, boxed = self.known(text)
        width = size[0]
        low, high = min(least, height), height
        while low < high:  # the largest that fits
            middle = (low + high + 1) // 2
            fits = len(self._wrap(line, width, middle, bold)) <= _room(size[1], middle)
            low, high = (middle, high) if fits else (low, middle - 1)
        lines = self._wrap(line, width, low, bold)
        room = max(_room(size[1], low), 1)
        cut = len(lines) > room
        if cut:
            lines = [
                *lines[: room - 1],
                self._shorten("".join(lines[room - 1 :]), width, low, bold),
            ]
        return SetText(self._draw(lines, size, low, align, bold), boxed, cut)

    def _width(self, text: str, height: int, bold: bool) -> float:
        # Letter by letter: to measure a whole line for each that is added takes seconds.
        stroke = height // _STROKE if bold else 0
        return sum(self._advance(char, height) for char in text) + 2 * stroke

    def _wrap(self, text: str, width: int, height: int, bold: bool) -> list[str]:
        lines, line = list[str](), ""
        for piece in _PIECES.findall(text):
            if self._width((line + piece).rstrip(), height, bold) <= width:
                line += piece
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = piece.lstrip()
            while self._width(line, height, bold) > width and len(line) > 1:
                kept = self._fitting(line, width, height, bold)
                lines.append(line[:kept])
                line = line[kept:]
        return [*lines, line.rstrip()] if line.strip() else lines

    def _fitting(self, text: str, width: int, height: int, bold: bool) -> int:
        """How many characters of `text` fit into `width`; at least one."""
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._width(text[:middle], height, bold) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return low

    def _shorten(self, text: str, width: int, height: int, bold: bool) -> str:
        ellipsis = self._width("…", height, bold)
        return text[: self._fitting(text, int(width - ellipsis), height, bold)].rstrip() + "…"

    def _draw(
        self, lines: list[str], size: tuple[int, int], height: int, align: str, bold: bool
    ) -> Image.Image:
        picture = Image.new("1", size, 1)
        draw = ImageDraw.Draw(picture)
        draw.fontmode = "1"
        font, stroke = self._sized(height), height // _STROKE if bold else 0
        pitch = height * _LEADING
        top = max(0.0, (size[1] - pitch * len(lines)) / 2)
        anchor, x = {
            "left": ("lm", stroke),
            "center": ("mm", size[0] / 2),
            "right": ("rm", size[0] - stroke),
        }[align]
        for number, line in enumerate(lines):
            y = top + pitch * (number + 0.5)
            draw.text((x, y), line, fill=0, font=font, anchor=anchor, stroke_width=stroke)
        return picture


def _room(box: int, height: int) -> int:
    """Lines that fit; one always does that is no higher than the box."""
    return max(int(box / (height * _LEADING)), int(height <= box))


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs") or (
        "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff"
    )

"""A drawing of a few kinds of marks, written as SVG or painted as PNG.

Plotly figures have their own way to SVG; this is for pictures that no chart library draws, and
that need pixels, too.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..language.direction import in_order
from . import theme
from ._text import width, xml

# The layout engine gives up where a paragraph would end.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_INK = {"ink": "#57606a", "strong": "#1f2328", "line": "#c4c9cf"}
_ADAPTIVE = (
    ".ink{fill:#57606a}.strong{fill:#1f2328}"
    "@media(prefers-color-scheme:dark){.ink{fill:#a3abb5}.strong{fill:#e6edf3}}"
)
# Fonts that hold Latin and Chinese, first those of Linux, then macOS and Windows.
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "C:/Windows/Fonts/segoeui.ttf",
)


@dataclass(frozen=True)
class Words:
    """A line of text; `x`, `y` are its anchor and middle. Wider than `room`, it is condensed."""

    x: float
    y: float
    text: str
    size: float = 12
    anchor: str = "start"  # start, middle, end
    kind: str = "ink"  # ink, strong
    turn: float = 0.0  # degrees, clockwise
    room: float = 1e9
    colour: str = ""


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    wide: float
    high: float
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Pixels:
    """An image, enlarged without smoothing.

    Shapes:
        colours: (rows, columns, 3) uint8.
    """

    x: float
    y: float
    wide: float
    high: float
    colours: np.ndarray


@dataclass
class Drawing:
    """Marks on a sheet of `wide` by `high` pixels; later ones lie above.

    `scale` holds the colours of its images, (n, 3) with n below 256, if they have one scale.
    """

    wide: float
    high: float
    title: str
    look: str = ""
    marks: list[Words | Box | Pixels] = field(default_factory=list)
    scale: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.uint8))

    def add(self, *marks: Words | Box | Pixels) -> None:
        """Draw more; texts from data stay in order."""
        self.marks += [
            replace(mark, text=_drawable(mark.text)) if isinstance(mark, Words) else mark
            for mark in marks
        ]

    def svg(self, adaptive: bool = False, most: int | None = None) -> str:
        """Return one SVG document; `adaptive` text follows the reader's light or dark setting.

        With `most`, pictures in it have at most so many pixels a side, no more than the sheet has,
        and few colours.
        """
        style = f"text{{font-family:{theme.FONT}}}.ink,.strong{{fill:{theme.INK}}}"
        style += ".strong{font-weight:600}image{image-rendering:pixelated}"
        size = f'width="{self.wide:g}" height="{self.high:g}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
            f'viewBox="0 0 {self.wide:g} {self.high:g}" role="img"><title>{xml(self.title)}</title>'
            f"<desc>{xml(self.look)}</desc><style>{style}{_ADAPTIVE if adaptive else ''}</style>"
            f"{''.join(self._as_svg(mark, most) for mark in self.marks)}</svg>"
        )

    def png(self, finer: float = 2) -> bytes:
        """Return a PNG on white, `finer` times as many pixels as the sheet."""
        from PIL import Image, ImageDraw

        size = (round(self.wide * finer), round(self.high * finer))
        image = Image.new("RGB", size, "white")
        pen = ImageDraw.Draw(image)
        for mark in self.marks:
            if isinstance(mark, Box):
                _paint_box(pen, mark, finer)
            elif isinstance(mark, Pixels):
                place = (round(mark.wide * finer), round(mark.high * finer))
                larger = place[0] >= mark.colours.shape[1]
                way = Image.Resampling.NEAREST if larger else Image.Resampling.BOX
                large = Image.fromarray(mark.colours).resize(place, way)
                image.paste(large, (round(mark.x * finer), round(mark.y * finer)))
            else:
                _paint_words(image, mark, finer)
        return _png_bytes(self._reduced(image))

    def _reduced(self, image: Any, few: bool = False) -> Any:
        """Return the image in 256 colours, half the size: those of its scale, and greys.

        In a `few`, sixteen, it is half as large again.
        """
        from PIL import Image

        if not len(self.scale):
            return image
        scale, count = self.scale, 256
        if few:
            count = 16
            scale = scale[np.linspace(0, len(scale) - 1, count - 3).round().astype(int)]
        greys = np.linspace(0, 255, count - len(scale)).round()[:, None].repeat(3, 1)
        palette = Image.new("P", (1, 1))
        palette.putpalette(np.concatenate([scale, greys]).astype(np.uint8).tobytes())
        return image.quantize(palette=palette, dither=Image.Dither.NONE)

    def _as_svg(self, mark: Words | Box | Pixels, most: int | None) -> str:
        if isinstance(mark, Box):
            return (
                f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.wide:.1f}" '
                f'height="{mark.high:.1f}" fill="{mark.colour}" opacity="{mark.opacity:g}"/>'
            )
        if isinstance(mark, Pixels):
            from PIL import Image

            image = Image.fromarray(mark.colours)
            if most is not None:
                sides = (min(most, round(mark.wide)), min(most, round(mark.high)))
                wide, high = (min(pair) for pair in zip(sides, image.size, strict=True))
                image = image.resize((wide, high), Image.Resampling.BOX)
            reduced = self._reduced(image, few=most is not None)
            data = base64.b64encode(_png_bytes(reduced)).decode("ascii")
            return (
                f'<image x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.wide:.1f}" '
                f'height="{mark.high:.1f}" preserveAspectRatio="none" '
                f'href="data:image/png;base64,{data}"/>'
            )
        turn = f' transform="rotate({mark.turn:g} {mark.x:.1f} {mark.y:.1f})"' if mark.turn else ""
        tight = width(mark.text, mark.size) > mark.room
        fit = f' textLength="{mark.room:.0f}" lengthAdjust="spacingAndGlyphs"' if tight else ""
        colour = f' style="fill:{mark.colour}"' if mark.colour else ""
        return (
            f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" dy="0.35em" font-size="{mark.size:g}" '
            f'text-anchor="{mark.anchor}" class="{mark.kind}"{turn}{fit}{colour}>'
            f"{xml(mark.text)}</text>"
        )


def _drawable(text: str) -> str:
    """Return a text that can be laid out in one line: without control characters."""
    return _CONTROL.sub("\ufffd", in_order(text))


def _paint_box(pen: Any, box: Box, finer: float) -> None:
    corners = [box.x, box.y, box.x + box.wide, box.y + box.high]
    place = [round(value * finer) for value in corners]
    red, green, blue = (int(box.colour[at : at + 2], 16) for at in (1, 3, 5))
    mixed = [round(255 + (part - 255) * box.opacity) for part in (red, green, blue)]
    pen.rectangle((place[0], place[1], max(place[0], place[2] - 1), max(place[1], place[3] - 1)),
                  fill=tuple(mixed))  # fmt: skip


def _paint_words(image: Any, words: Words, finer: float) -> None:
    """Paint a line of text by way of a mask, so that it can be condensed and turned."""
    from PIL import Image, ImageDraw

    font = _font(round(words.size * finer))
    left, _, right, _ = font.getbbox(words.text or " ")
    high = round(words.size * finer * 1.6)
    wide = max(1, right - left)
    mask = Image.new("L", (wide, high), 0)
    ImageDraw.Draw(mask).text(
        (-left, high / 2), words.text, font=font, fill=255, anchor="lm",
        stroke_width=1 if words.kind == "strong" else 0,
    )  # fmt: skip
    room = round(words.room * finer) if words.room < 1e8 else wide
    if wide > room:
        mask = mask.resize((max(1, room), high), Image.Resampling.BILINEAR)
        wide = room
    before = {"start": 0.0, "middle": -wide / 2, "end": -float(wide)}[words.anchor]
    x, y = words.x * finer, words.y * finer
    if words.turn:
        # The anchor stands in the middle of a canvas that is turned about it.
        side = 2 * (wide + high)
        canvas = Image.new("L", (side, side), 0)
        canvas.paste(mask, (round(side / 2 + before), (side - high) // 2))
        mask = canvas.rotate(-words.turn, Image.Resampling.BICUBIC)
        corner = (round(x - side / 2), round(y - side / 2))
    else:
        corner = (round(x + before), round(y - high / 2))
    image.paste(Image.new("RGB", mask.size, words.colour or _INK[words.kind]), corner, mask)


@cache
def _font(size: int) -> Any:
    from PIL import ImageFont

    for path in _FONTS:
        if Path(path).is_file():
            # The third face of the Noto collection is the one for simplified Chinese.
            face = 2 if path.endswith("NotoSansCJK-Regular.ttc") else 0
            return ImageFont.truetype(path, size, index=face)
    return ImageFont.load_default(size)


def _png_bytes(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()

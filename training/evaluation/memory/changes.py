"""Things that change during a call, drawn: what a memory must not show as it was."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from acutance.training.data.planes import Luma

SIZE = (640, 360)
"""Width and height of a scene in pixels."""
_WORDS = "total 4 718 open risk plan north delta 2 306 review team cost 951 next".split()  # noqa: SIM905


@dataclass(frozen=True)
class ChangedThing:
    """A scene before and after a change.

    Attributes:
        name: What changes.
        before: Luma before, uint8 `[H, W]`.
        after: Luma after.
    """

    name: str
    before: Luma
    after: Luma


def changed_things() -> list[ChangedThing]:
    """Draw every scene; the result is always the same."""
    return [ChangedThing(name, *draw()) for name, draw in _SCENES.items()]


def _room(seed: int = 0) -> Luma:
    """A wall with a shelf of books: flat and textured parts, edges of all contrasts."""
    rng = np.random.default_rng(seed)
    width, height = SIZE
    wall = 150 + 25 * np.linspace(0, 1, width)[None, :] + np.zeros((height, 1))
    grain = cv2.GaussianBlur(rng.normal(0, 14, (height, width)), (0, 0), 1.0)
    image = Image.fromarray((wall + grain).clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for row in range(3):
        bottom = 110 + 95 * row
        pen.rectangle((330, bottom, 630, bottom + 8), fill=70)
        left = 335
        while left < 610:
            broad, tall = int(rng.integers(9, 22)), int(rng.integers(50, 80))
            shade = int(rng.integers(40, 215))
            pen.rectangle((left, bottom - tall, left + broad, bottom - 1), fill=shade, outline=shade // 2)
            for line in range(bottom - tall + 8, bottom - 8, 7):
                pen.line((left + 3, line, left + broad - 3, line), fill=255 - shade, width=2)
            left += broad + 1
    return np.asarray(image, np.uint8).copy()


def _slide(seed: int) -> Luma:
    rng = np.random.default_rng(seed)
    image = Image.new("L", SIZE, 235)
    pen = ImageDraw.Draw(image)
    for line in range(9):
        words = " ".join(str(word) for word in rng.choice(_WORDS, 5))
        pen.text((40, 30 + 34 * line), words, fill=30, font=ImageFont.load_default(14 + 6 * (line == 0)))
    for bar in range(5):
        top = int(rng.integers(120, 300))
        pen.rectangle((430 + 36 * bar, top, 455 + 36 * bar, 330), fill=int(rng.integers(40, 180)))
    return np.asarray(image, np.uint8).copy()


def _slide_turned() -> tuple[Luma, Luma]:
    return _slide(1), _slide(2)


def _text_edited() -> tuple[Luma, Luma]:
    def draw(figure: str) -> Luma:
        image = Image.fromarray(_slide(3))
        pen = ImageDraw.Draw(image)
        pen.rectangle((120, 195, 400, 330), fill=235)
        for line, size in enumerate((16, 20, 28)):
            pen.text((130, 200 + 38 * line), f"sum {figure} euro", fill=25, font=ImageFont.load_default(size))
        return np.asarray(image, np.uint8).copy()

    return draw("4 718"), draw("9 305")


def _clock() -> tuple[Luma, Luma]:
    def draw(hour: float, minute: float) -> Luma:
        image = Image.fromarray(_room())
        pen = ImageDraw.Draw(image)
        centre, radius = (160, 150), 90
        pen.ellipse((70, 60, 250, 240), fill=230, outline=40, width=4)
        for number in range(1, 13):
            angle = number * np.pi / 6
            place = centre[0] + 74 * np.sin(angle) - 5, centre[1] - 74 * np.cos(angle) - 8
            pen.text(place, str(number), fill=50, font=ImageFont.load_default(14))
        for turn, length, width in ((hour / 12, 0.5, 6), (minute / 60, 0.78, 4)):
            angle = 2 * np.pi * turn
            tip = centre[0] + length * radius * np.sin(angle), centre[1] - length * radius * np.cos(angle)
            pen.line((*centre, *tip), fill=20, width=width)
        return np.asarray(image, np.uint8).copy()

    return draw(10, 10), draw(2, 45)


def _person() -> tuple[Luma, Luma]:
    empty = _room()
    image = Image.fromarray(empty)
    pen = ImageDraw.Draw(image)
    pen.ellipse((250, 230, 530, 520), fill=60)
    pen.ellipse((330, 60, 450, 230), fill=175)
    pen.ellipse((325, 45, 455, 120), fill=45)
    for eye in (362, 405):
        pen.ellipse((eye, 135, eye + 16, 145), fill=230, outline=40)
        pen.ellipse((eye + 5, 136, eye + 11, 144), fill=20)
    pen.arc((360, 160, 425, 200), 20, 160, fill=90, width=4)
    return np.asarray(image, np.uint8).copy(), empty


def _hand() -> tuple[Luma, Luma]:
    empty = _room(1)
    image = Image.fromarray(empty)
    pen = ImageDraw.Draw(image)
    for finger in range(4):
        left = 400 + 30 * finger
        pen.rounded_rectangle((left, 110 + 12 * abs(finger - 1), left + 24, 240), 12, fill=185, outline=120)
    pen.rounded_rectangle((395, 210, 520, 360), 30, fill=180, outline=120)
    return empty, np.asarray(image, np.uint8).copy()


def _door() -> tuple[Luma, Luma]:
    def draw(opened: bool) -> Luma:
        image = Image.fromarray(_room(2))
        pen = ImageDraw.Draw(image)
        pen.rectangle((60, 40, 230, 355), fill=55 if opened else 190, outline=90, width=5)
        if opened:
            pen.polygon(((60, 40), (115, 65), (115, 340), (60, 355)), fill=170)
            pen.rectangle((150, 120, 215, 200), fill=120, outline=210, width=3)
        else:
            for panel in (65, 210):
                pen.rectangle((85, panel, 205, panel + 125), outline=120, width=4)
            pen.ellipse((205, 195, 222, 212), fill=70)
        return np.asarray(image, np.uint8).copy()

    return draw(False), draw(True)


def _light() -> tuple[Luma, Luma]:
    lit = _room(3)
    return lit, (16 + (lit.astype(np.float32) - 16) * 0.35).astype(np.uint8)


_SCENES: dict[str, Callable[[], tuple[Luma, Luma]]] = {
    "slide turned": _slide_turned,
    "text edited": _text_edited,
    "clock": _clock,
    "person left": _person,
    "hand before the shelf": _hand,
    "door opened": _door,
    "light off": _light,
}

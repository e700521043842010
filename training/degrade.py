"""What a cheap camera and a poor line do to a picture, named and seeded.

A degradation has a name that reads as what happens, in order:

    identity            nothing
    bicubic2            down and up by 2 (PIL bicubic, antialiased)
    h264-0.1            a sharp camera, H.264 at 0.1 bits a pixel and frame
    soft2-vp8-0.05      a soft camera (down and up by 2), then VP8 at 0.05
    shrunk2-h264-0.05   the sender halves the picture, codes it at 0.05 bits a coded pixel, the receiver
                        brings it back (bicubic)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.codec import Codec, Yuv, encode_decode
from training.data import DataError, Planes, as_array

Luma = NDArray[np.uint8]
_BICUBIC = Image.Resampling.BICUBIC
_NAME = re.compile(
    r"(?P<identity>identity)|bicubic(?P<bicubic>[\d.]+)"
    r"|((?P<where>soft|shrunk)(?P<ratio>[\d.]+)-)?(?P<codec>h264|vp8)-(?P<bits>[\d.]+)"
)


@dataclass(frozen=True)
class Degradation:
    """One way to spoil a picture.

    Attributes:
        ratio: Reduction of width and height, 1 for none.
        codec: The codec, or None.
        bits: Bits for each coded pixel and frame, 0 without codec.
        shrunk: The codec sees the reduced picture (a sender that shrinks) instead of the blurred one (a soft
            camera).
        preset: Speed of x264, see `encode_decode`.
    """

    ratio: float = 1.0
    codec: Codec | None = None
    bits: float = 0.0
    shrunk: bool = False
    preset: int = 0

    @property
    def name(self) -> str:
        """The name, see the module's text."""
        if self.codec is None:
            return "identity" if self.ratio == 1 else f"bicubic{self.ratio:.3g}"
        where = "" if self.ratio == 1 else f"{'shrunk' if self.shrunk else 'soft'}{self.ratio:.3g}-"
        return f"{where}{self.codec}-{self.bits:.3g}"

    @classmethod
    def parse(cls, name: str) -> "Degradation":
        """Read a name.

        Raises:
            DataError: The name is none of those in the module's text.
        """
        match = _NAME.fullmatch(name)
        try:
            if match is None:
                raise ValueError
            if match["identity"]:
                return cls()
            if match["bicubic"]:
                return cls._checked(ratio=float(match["bicubic"]))
            return cls._checked(
                ratio=float(match["ratio"] or 1),
                codec=cast(Codec, match["codec"]),
                bits=float(match["bits"]),
                shrunk=match["where"] == "shrunk",
            )
        except ValueError:
            raise DataError(
                f"{name!r} is no degradation; examples: identity, bicubic2, h264-0.1, soft2-vp8-0.05, "
                "shrunk2-h264-0.05 (reduction 1 to 4, bits above 0)"
            ) from None

    @classmethod
    def _checked(
        cls, ratio: float, codec: Codec | None = None, bits: float = 0.0, shrunk: bool = False
    ) -> "Degradation":
        if not 1 <= ratio <= 4 or (codec is not None and bits <= 0):
            raise ValueError
        return cls(ratio, codec, bits, shrunk)


@dataclass(frozen=True)
class Mixture:
    """How often each kind of pair is made. The shares are weights; they need not add up to one.

    Attributes:
        identity: The picture as it is.
        bicubic: Down and up.
        sharp: A sharp camera through a codec.
        soft: A soft camera through a codec.
        shrunk: A sender that shrinks the picture.
        ratio: Smallest and largest reduction, drawn uniformly.
        bits: Fewest and most bits a pixel and frame, drawn log-uniformly.
        h264: Share of H.264 among the codecs; the rest is VP8.
    """

    identity: float
    bicubic: float
    sharp: float
    soft: float
    shrunk: float
    ratio: tuple[float, float]
    bits: tuple[float, float]
    h264: float

    def draw(self, rng: np.random.Generator) -> Degradation:
        """Draw one degradation."""
        kinds: tuple[Literal["identity", "bicubic", "sharp", "soft", "shrunk"], ...]
        kinds = ("identity", "bicubic", "sharp", "soft", "shrunk")
        shares = np.array([self.identity, self.bicubic, self.sharp, self.soft, self.shrunk])
        kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
        ratio = float(rng.uniform(*self.ratio))
        bits = float(np.exp(rng.uniform(*np.log(self.bits))))
        codec: Codec = "h264" if rng.random() < self.h264 else "vp8"
        preset = int(rng.integers(2))
        if kind == "identity":
            return Degradation()
        if kind == "bicubic":
            return Degradation(ratio)
        return Degradation(1.0 if kind == "sharp" else ratio, codec, bits, kind == "shrunk", preset)


def degrade(clip: Sequence[Planes], how: Degradation) -> Luma:
    """Spoil a clip and return the luma `[H, W]` of its last frame, at the clip's own size.

    Args:
        clip: Frames of one even size; only the last is used where there is no codec.
        how: What to do.

    Raises:
        DataError: The codec failed.
    """
    if how.codec is None:
        return as_array(_down_up(clip[-1].y, how.ratio))
    return degrade_frames(clip, how)[-1]


def degrade_frames(clip: Sequence[Planes], how: Degradation) -> list[Luma]:
    """Spoil a clip and return the luma `[H, W]` of every frame.

    Raises:
        DataError: The codec failed.
    """
    if how.codec is None:
        return [as_array(_down_up(frame.y, how.ratio)) for frame in clip]
    width, height = clip[0].size
    coded = _reduced((width, height), how.ratio) if how.shrunk else (width, height)
    blur = 1.0 if how.shrunk else how.ratio
    decoded = encode_decode([_yuv420p(f, coded, blur) for f in clip], how.codec, how.bits, how.preset)
    lumas = [frame[: coded[1]] for frame in decoded]
    if coded == (width, height):
        return [np.ascontiguousarray(luma) for luma in lumas]
    return [as_array(Image.fromarray(luma).resize((width, height), _BICUBIC)) for luma in lumas]


def _down_up(plane: Image.Image, ratio: float) -> Image.Image:
    if ratio == 1:
        return plane
    width, height = plane.size
    return plane.resize((round(width / ratio), round(height / ratio)), _BICUBIC).resize(plane.size, _BICUBIC)


def _reduced(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """The even size a sender shrinks to."""
    return round(size[0] / ratio / 2) * 2, round(size[1] / ratio / 2) * 2


def _yuv420p(frame: Planes, size: tuple[int, int], blur: float) -> Yuv:
    """The frame as a sender hands it to its encoder: softened, reduced to `size`, chroma at half of that."""
    width, height = size
    y = _down_up(frame.y, blur)
    if y.size != size:
        y = y.resize(size, _BICUBIC)
    chroma = [plane.resize((width // 2, height // 2), _BICUBIC) for plane in (frame.cb, frame.cr)]
    flat = np.concatenate([as_array(plane).reshape(-1) for plane in (y, *chroma)])
    return flat.reshape(height * 3 // 2, width)

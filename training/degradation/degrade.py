"""Degradations of a cheap camera and a poor connection, by name and with seeds.

The name of a degradation lists its steps in order:

    identity            no change
    bicubic2            down and up by 2 (Pillow's antialiased bicubic), rounded to 8 bits after each step
    bicubic2-float      the same in single precision without rounding, like the test programs of papers
    h264-0.1            a sharp camera, H.264 at 0.1 bits per pixel
    soft2-vp8-0.05      a soft camera (down and up by 2), then VP8 at 0.05 bits per pixel
    shrunk2-h264-0.05   the sender halves the frame and codes it at 0.05 bits per coded pixel, the receiver
                        enlarges it (by the scaler of the server)

Training draws from a `Mixture`, which adds steps that are not in the name: the resampling kernel of the sender, slight
blur of the lens, and noise of the sensor.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from acutance.model.bitstream.quantiser import Codec
from acutance.model.hints import REDUCTIONS, UNCODED, Hints, with_frame
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma
from acutance.model.scaling import enlarge
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma, Planes, as_array, to_8_bits
from acutance.training.degradation.codec import Yuv, encode_decode

Kind = Literal["identity", "bicubic", "sharp", "soft", "shrunk"]
_BICUBIC = Image.Resampling.BICUBIC
_KERNELS = (_BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.BOX, Image.Resampling.LANCZOS)
"""Kernels with which senders reduce a frame, antialiased as in Pillow. A named degradation uses the first."""
_NAME = re.compile(
    r"(?P<identity>identity)|bicubic(?P<bicubic>[\d.]+)(?P<exact>-float)?"
    r"|((?P<where>soft|shrunk)(?P<ratio>[\d.]+)-)?(?P<codec>h264|vp8)-(?P<bits>[\d.]+)"
)


@dataclass(frozen=True)
class DegradedFrame:
    """A frame as received.

    Attributes:
        luma: uint8 `[H, W]`, at the size of the clip.
        hints: Hints of the frame.
        planes: What of it is remembered.
        chroma: Its colour, at half that size; None where colour has no part.
        around: Luma of as many frames before as after, in the order of time, for a privileged teacher; else empty.
    """

    luma: Luma
    hints: Hints
    planes: PlatePlanes | None = None
    chroma: Chroma | None = None
    around: tuple[Luma, ...] = ()


@dataclass(frozen=True)
class Degradation:
    """One way to degrade a picture.

    Attributes:
        ratio: Reduction of width and height, 1 for none.
        codec: The codec, or None.
        bits: Bits per coded pixel, 0 without codec.
        shrunk: True for a sender that reduces: the codec gets the reduced frame. False for a soft camera: the codec
            gets the frame reduced and enlarged again.
        preset: Speed of x264, see `encode_decode`.
        kernel: Index of the resampling kernel in `_KERNELS`.
        blur: Standard deviation of the lens's Gaussian in pixels, 0 for none.
        noise: Standard deviation of the sensor noise in grey levels, new in every frame.
        seed: Seed of that noise.
        exact: Only without codec: no rounding before the method.
    """

    ratio: float = 1.0
    codec: Codec | None = None
    bits: float = 0.0
    shrunk: bool = False
    preset: int = 0
    kernel: int = 0
    blur: float = 0.0
    noise: float = 0.0
    seed: int = 0
    exact: bool = False

    @property
    def name(self) -> str:
        """The name, see the docstring of the module."""
        if self.codec is None:
            return "identity" if self.ratio == 1 else f"bicubic{self.ratio:.3g}{'-float' if self.exact else ''}"
        where = "" if self.ratio == 1 else f"{'shrunk' if self.shrunk else 'soft'}{self.ratio:.3g}-"
        return f"{where}{self.codec}-{self.bits:.3g}"

    @classmethod
    def parse(cls, name: str) -> "Degradation":
        """Parse a name.

        Raises:
            DataError: It is not a name of a degradation.
        """
        match = _NAME.fullmatch(name)
        try:
            if match is None:
                raise ValueError
            if match["identity"]:
                return cls()
            if match["bicubic"]:
                return replace(cls._checked(ratio=float(match["bicubic"])), exact=match["exact"] is not None)
            return cls._checked(
                ratio=float(match["ratio"] or 1),
                codec=cast(Codec, match["codec"]),
                bits=float(match["bits"]),
                shrunk=match["where"] == "shrunk",
            )
        except ValueError:
            raise DataError(
                f"{name!r} is not a degradation; examples: identity, bicubic2, h264-0.1, soft2-vp8-0.05, "
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
    """The distribution of degradations. The shares are weights; they need not add up to one.

    Attributes:
        identity: Share of unchanged pictures.
        bicubic: Share of reduction and enlargement without codec.
        sharp: Share of a sharp camera with a codec.
        soft: Share of a soft camera with a codec.
        shrunk: Share of a sender that reduces the frame.
        ratio: Smallest and largest reduction of a soft camera, or without codec, drawn uniformly.
        bits: Fewest and most bits per pixel, drawn log-uniformly.
        h264: Share of H.264 among the codecs; the rest is VP8.
        blur: Share of coded clips from a slightly blurred lens, with a standard deviation of 0.3 to 1 px.
        noise: Share of coded clips with sensor noise, with a standard deviation of 0.5 to 3 grey levels.
        reduction: Smallest and largest reduction by the sender, drawn log-uniformly.
    """

    identity: float
    bicubic: float
    sharp: float
    soft: float
    shrunk: float
    ratio: tuple[float, float]
    bits: tuple[float, float]
    h264: float
    blur: float
    noise: float
    reduction: tuple[float, float] = REDUCTIONS

    def draw(self, rng: np.random.Generator) -> Degradation:
        """Draw one degradation."""
        kinds: tuple[Kind, ...] = ("identity", "bicubic", "sharp", "soft", "shrunk")
        shares = np.array([self.identity, self.bicubic, self.sharp, self.soft, self.shrunk])
        kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
        ratio = float(rng.uniform(*self.ratio))
        reduction = float(np.exp(rng.uniform(*np.log(self.reduction))))
        bits = float(np.exp(rng.uniform(*np.log(self.bits))))
        codec: Codec = "h264" if rng.random() < self.h264 else "vp8"
        preset = int(rng.integers(2))
        kernel = int(rng.integers(len(_KERNELS)))
        blur = float(rng.uniform(0.3, 1.0)) if rng.random() < self.blur else 0.0
        noise = float(rng.uniform(0.5, 3.0)) if rng.random() < self.noise else 0.0
        seed = int(rng.integers(2**32))
        if kind == "identity":
            return Degradation()
        if kind == "bicubic":
            return Degradation(ratio)
        ratio = {"sharp": 1.0, "soft": ratio, "shrunk": reduction}[kind]
        return Degradation(ratio, codec, bits, kind == "shrunk", preset, kernel, blur, noise, seed)


def degrade(clip: Sequence[Planes], how: Degradation) -> DegradedFrame:
    """Degrade a clip and return its last frame.

    Args:
        clip: Frames of one even size; without a codec, only the last is used.
        how: The degradation.

    Raises:
        DataError: The codec failed.
    """
    return degrade_frames(clip if how.codec else clip[-1:], how)[-1]


def degrade_frames(clip: Sequence[Planes], how: Degradation, lead_in: int = 0) -> list[DegradedFrame]:
    """Degrade a clip and return every frame.

    Args:
        clip: Frames of one even size.
        how: The degradation.
        lead_in: Number of frames that are coded before the clip and left out of the result: the clip itself, played
            back and forth. After `acutance.model.hints.BITS_WINDOW` frames, the clip is in the state of a running call:
            the rate control has settled, and the mean of bits no longer includes the keyframe.

    Raises:
        DataError: The codec failed.
    """
    if how.codec is None:
        return [_uncoded(frame, how) for frame in clip]
    width, height = clip[0].size
    coded = reduced_size((width, height), how.ratio) if how.shrunk else (width, height)
    rng = np.random.default_rng(how.seed)
    sent = [sent_frame(frame, coded, how, rng) for frame in (*_forwards_and_backwards(clip, lead_in), *clip)]
    frames = []
    for one in encode_decode(sent, how.codec, how.bits, how.preset)[lead_in:]:
        luma, chroma = received_planes(one.yuv, (width, height))
        frames.append(DegradedFrame(luma, with_frame(one.hints, luma, coded[0]), chroma=chroma))
    return frames


def neighbours(lumas: Sequence[Luma], index: int, count: int) -> tuple[Luma, ...]:
    """Return `count` frames before frame `index` and as many after it; at the ends of the clip, its end frames."""
    places = (index + step for step in range(-count, count + 1) if step)
    return tuple(lumas[min(max(place, 0), len(lumas) - 1)] for place in places)


def _uncoded(frame: Planes, how: Degradation) -> DegradedFrame:
    luma = to_8_bits(np.asarray(down_up(frame.y, how)))
    chroma = None
    if frame.cb.size != frame.size:  # chroma of full size, as pictures have it, is of no use to a student
        chroma = Chroma(*(to_8_bits(np.asarray(down_up(plane, how))) for plane in (frame.cb, frame.cr)))
    return DegradedFrame(luma, with_frame(UNCODED, luma, luma.shape[1]), chroma=chroma)


def received_planes(yuv: Yuv, size: tuple[int, int]) -> tuple[Luma, Chroma]:
    """Return luma and chroma of a decoded frame at the size of the call, enlarged by the scaler of the server.

    Args:
        yuv: The decoded frame.
        size: Width and height of the call in pixels, even.
    """
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    u, v = yuv[height:].reshape(2, height // 2, width // 2)
    half = (size[0] // 2, size[1] // 2)
    return _at_size(yuv[:height], size), Chroma(_at_size(u, half), _at_size(v, half))


def _at_size(plane: Luma, size: tuple[int, int]) -> Luma:
    if plane.shape == size[::-1]:
        return np.ascontiguousarray(plane)
    return enlarge(plane, *size)


def _forwards_and_backwards(clip: Sequence[Planes], count: int) -> list[Planes]:
    """`count` frames before the first one of the clip, without a jump: ..., 1, 0, 1, 2, 1 before 0, 1, 2."""
    last = len(clip) - 1
    return [clip[last - abs(last - back % (2 * last)) if last else 0] for back in range(count, 0, -1)]


def down(plane: Image.Image, how: Degradation) -> Image.Image:
    """The reduced plane; single precision in grey levels if the degradation is exact."""
    width, height = plane.size
    size = (round(width / how.ratio), round(height / how.ratio))
    return (plane.convert("F") if how.exact else plane).resize(size, _KERNELS[how.kernel])


def down_up(plane: Image.Image, how: Degradation) -> Image.Image:
    """The plane reduced and enlarged again; single precision in grey levels if the degradation is exact."""
    return plane if how.ratio == 1 else down(plane, how).resize(plane.size, _BICUBIC)


def reduced_size(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Even width and height of the frame after reduction by the sender."""
    return round(size[0] / ratio / 2) * 2, round(size[1] / ratio / 2) * 2


def sent_frame(frame: Planes, size: tuple[int, int], how: Degradation, rng: np.random.Generator) -> Yuv:
    """The frame that a sender encodes: blurred or reduced to `size`, with chroma of half that size."""
    width, height = size
    y = frame.y
    if how.blur:
        y = Image.fromarray(gaussian_filter(as_array(y), how.blur, mode="nearest"))
    y = y.resize(size, _KERNELS[how.kernel]) if how.shrunk else down_up(y, how)
    luma = as_array(y)
    if how.noise:
        luma = to_8_bits(luma + rng.normal(0, how.noise, luma.shape))
    half = (width // 2, height // 2)
    chroma = [plane if plane.size == half else plane.resize(half, _BICUBIC) for plane in (frame.cb, frame.cr)]
    flat = np.concatenate([plane.reshape(-1) for plane in (luma, *map(as_array, chroma))])
    return flat.reshape(height * 3 // 2, width)

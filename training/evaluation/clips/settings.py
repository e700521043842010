"""Settings of a judgement of clips: regimes, sizes, codecs and rates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from acutance.model.bitstream.quantiser import Codec
from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.methods.methods import Choice
from acutance.training.judge.judge import MEASURES, Options
from acutance.training.judge.results import Size

REGIMES = ("first_second", "steady", "shrunk1.5", "shrunk2", "shrunk3")
CODECS: tuple[Codec, ...] = ("h264", "vp8")
SIZES: tuple[Size, ...] = ("native", "halved")
BITS = (0.0125, 0.02, 0.03, 0.05, 0.1, 0.6)
"""The default rates in bits per coded pixel and frame: 0.0125 is a poor connection, 0.1 a good one, and 0.6 more than
a call gets, where a method must do no harm."""
SHRUNK_BITS = (0.03, 0.05, 0.1)
"""Default rates of a sender that reduces its frames, which leaves more bits for each coded pixel."""
LARGE = 500_000
"""Pixels of a frame from which a clip is halved where halved clips are judged."""
_SETTLED = 2.0
"""Seconds after the keyframe from which the rate control has settled and the mean of bits excludes the keyframe."""
_RATIO = re.compile(r"(?P<kind>shrunk|soft)(?P<ratio>\d+(\.\d+)?)")
REGIMES_KIND = (
    f"regimes: first_second is the first second after a keyframe; steady starts {_SETTLED:g} s after it; shrunk<ratio> "
    f"is steady with a sender that reduces its frames (Pillow's antialiased bicubic; enlarged by FFmpeg's bicubic), "
    f"soft<ratio> that of a soft camera; halved: clips of at least {LARGE:,} pixels are halved before they are coded; "
    f"H.264 is x264 superfast, baseline, zerolatency, constant bit rate; VP8 is libvpx, real-time, cpu-used -6, "
    f"constant bit rate; bits are for a coded pixel and frame; chroma stays as decoded unless the method has colour"
)


@dataclass(frozen=True)
class ClipPlan:
    """What is judged on each clip.

    Attributes:
        methods: The methods, `input` among them.
        measures: Names of measures, see `acutance.training.judge.judge.MEASURES`.
        options: How they are measured.
        sizes: `native`, `halved` or both.
        regimes: See `REGIMES_KIND`.
        codecs: The codecs.
        bits: Bits per coded pixel and frame; empty for `BITS`, and `SHRUNK_BITS` of senders that reduce.
        frames: Number of frames of a regime that are judged at most, from its start; 0 for all.
        filters: Folder of the linear filters, if `linear` is among the methods.
        cache: Folder of the results.
    """

    methods: tuple[Choice, ...]
    cache: Path
    measures: tuple[str, ...] = tuple(MEASURES)
    options: Options = field(default_factory=Options)
    sizes: tuple[Size, ...] = SIZES
    regimes: tuple[str, ...] = REGIMES
    codecs: tuple[Codec, ...] = CODECS
    bits: tuple[float, ...] = ()
    frames: int = 0
    filters: Path | None = None

    def with_filters(self, folder: Path) -> "ClipPlan":
        """The plan with the folder of the fitted linear filters."""
        return replace(self, filters=folder)

    def settings(self) -> list[tuple[Size, Degradation, tuple[str, ...]]]:
        """Every size and degradation, and the regimes that are judged in one coding of a clip."""
        found: dict[tuple[Size, str], tuple[Size, Degradation, list[str]]] = {}
        for size in self.sizes:
            for regime in self.regimes:
                for bits in self.bits or (SHRUNK_BITS if regime.startswith("shrunk") else BITS):
                    for codec in self.codecs:
                        how = degradation(regime, codec, bits)
                        found.setdefault((size, how.name), (size, how, []))[2].append(regime)
        return [(size, how, tuple(regimes)) for size, how, regimes in found.values()]


def degradation(regime: str, codec: Codec, bits: float) -> Degradation:
    """The degradation of a regime.

    Raises:
        DataError: The regime is unknown, or its ratio is not above 1 and at most 4, or the bits are not above 0.
    """
    if bits <= 0:
        raise DataError(f"a codec needs more than 0 bits per pixel, not {bits:g}")
    if regime in ("first_second", "steady"):
        return Degradation(codec=codec, bits=bits)
    match = _RATIO.fullmatch(regime)
    if match is None or not 1 < float(match["ratio"]) <= 4:
        raise DataError(
            f"{regime!r} is not a regime: choose {', '.join(REGIMES)}, another ratio up to 4, or soft2 (a soft camera)"
        )
    return Degradation(float(match["ratio"]), codec, bits, shrunk=match["kind"] == "shrunk")


def window(regime: str, frames: int, fps: float, most: int = 0) -> range:
    """The judged frames of a clip of `frames` frames: empty if the clip ends before the regime begins."""
    second = round(fps)
    start, stop = (0, min(second, frames)) if regime == "first_second" else (round(_SETTLED * fps), frames)
    return range(start, min(stop, start + most) if most else stop)


def choose_codecs(names: Sequence[str]) -> tuple[Codec, ...]:
    """Check names of codecs; all if none is given.

    Raises:
        DataError: A name is unknown.
    """
    for name in names:
        if name not in CODECS:
            raise DataError(f"{name!r} is not a codec: choose {' or '.join(CODECS)}")
    return tuple(cast(Codec, name) for name in dict.fromkeys(names)) or CODECS


def choose_sizes(names: Sequence[str]) -> tuple[Size, ...]:
    """Check names of sizes; all if none is given.

    Raises:
        DataError: A name is unknown.
    """
    for name in names:
        if name not in SIZES:
            raise DataError(f"{name!r} is not a size: choose {' or '.join(SIZES)}")
    return tuple(cast(Size, name) for name in dict.fromkeys(names)) or SIZES

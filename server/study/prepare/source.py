"""Reads the frames of a source clip."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import av
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE

from acutance.server.frames.planes import cropped_to_even
from acutance.server.study.errors import StudyError
from acutance.server.study.study_file import Source, Study

_RATES = (5, 120)
_BT709, _BT601 = 1, (5, 6)  # ITU-T H.273, table 4


@dataclass(frozen=True)
class Clip:
    """A part of a source clip.

    Attributes:
        source: of the study file.
        path: of the video.
        rate: frames per second; frames of a variable rate are spread evenly.
        lead_in: number of frames that are coded, but not shown.
        shown: number of frames that raters see.
        matrix: of its colours, for the files that browsers play: as in the clip, else BT.709 from 720 lines on and
            BT.601 below, as players assume.
    """

    source: Source
    path: str
    rate: Fraction
    lead_in: int
    shown: int
    matrix: int

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield the frames, yuv420p of even size, with timestamps from 0; first those of the lead-in.

        Raises:
            StudyError: the video cannot be decoded, or ends too early.
        """
        first = round((self.source.start - self.lead_in / self.rate) * self.rate)
        count = 0
        try:
            with av.open(self.path) as container:
                container.streams.video[0].thread_type = "AUTO"
                decoded = container.decode(video=0)
                for frame in islice(decoded, max(0, first), max(0, first) + self.lead_in + self.shown):
                    even = cropped_to_even(frame.reformat(format="yuv420p"))
                    even.pts = round(count * VIDEO_CLOCK_RATE / self.rate)
                    even.time_base = VIDEO_TIME_BASE
                    count += 1
                    yield even
        except av.FFmpegError as error:
            raise StudyError(f"source {self.source.name}: cannot decode {self.path}: {error}") from error
        if count < self.lead_in + self.shown:
            missing = float((self.lead_in + self.shown - count) / self.rate)
            raise StudyError(
                f"source {self.source.name}: {self.path} ends {missing:.1f} s too early: choose an earlier start "
                "or fewer seconds"
            )


def clip_of(study: Study, source: Source) -> Clip:
    """Return the part of a source clip that a study needs.

    Raises:
        StudyError: it is not a video, or smaller than the display of the study.
    """
    path = study.located(source.clip)
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = stream.average_rate or stream.guessed_rate
            width, height = stream.codec_context.width, stream.codec_context.height
            matrix = int(stream.codec_context.colorspace)
    except (av.FFmpegError, IndexError) as error:
        raise StudyError(f"source {source.name}: cannot read a video from {path}: {error}") from error
    if rate is None or not _RATES[0] <= rate <= _RATES[1]:
        raise StudyError(f"source {source.name}: {path} has no frame rate between {_RATES[0]} and {_RATES[1]}")
    display = study.display
    if width < display.width or height < display.height:
        raise StudyError(
            f"source {source.name}: {path} has {width}x{height} pixels, the display of the study "
            f"{display.width}x{display.height}: clips are never enlarged, so choose a smaller display or a larger clip"
        )
    fps = Fraction(rate.numerator, rate.denominator)
    if matrix not in (_BT709, *_BT601):
        matrix = _BT709 if height >= 720 else _BT601[1]
    return Clip(source, str(path), fps, round(study.lead_in * fps), max(1, round(source.seconds * fps)), matrix)

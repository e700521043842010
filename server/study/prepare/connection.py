"""What a clip looks like after a connection and the server: the codecs, the student and the encoders of real calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import open_student
from acutance.model.planes import Size
from acutance.server.encoding.bitrate import NOMINAL_RATE, Rate, RateControl
from acutance.server.encoding.encoder import EncoderError
from acutance.server.encoding.encoder_choice import ENCODERS
from acutance.server.frames.planes import copy_of
from acutance.server.students.ladder import Ladder
from acutance.server.study.errors import StudyError
from acutance.server.study.study_file import Treatment
from acutance.server.video.enhancer import Enhancer
from acutance.server.video.enhancer import Treatment as Enhancement
from acutance.server.video.frame_hints import FrameHints, FrameMetadata
from acutance.server.video.resizer import Resizer

_DECODERS = {"h264": "h264", "vp8": "vp8"}
# The default of `acutance serve --max-bitrate`.
_MOST_RETURNED = 8_000_000

type Frames = Iterator[av.VideoFrame]


@dataclass(frozen=True)
class _Constant:
    """A bit rate that gives each coded pixel the same bits in each frame.

    Attributes:
        bits: per pixel and frame.
        rate: frames per second.
    """

    bits: float
    rate: Fraction

    def target(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s; encoders spread that of slower videos over 30 frames."""
        return round(self.bits * width * height * max(float(NOMINAL_RATE), float(self.rate)))


def treated(frames: Frames, rate: Fraction, treatment: Treatment) -> Frames:
    """Yield the frames of a clip as a receiver of the call sees them, at the size of the clip.

    Args:
        frames: of the source, yuv420p, all of one size.
        rate: frames per second.
        treatment: the connection and what the server does.

    Raises:
        StudyError: a codec fails, or the student passed a frame through.
        EngineError: there is no such student.
    """
    enhancer, student = _enhancer(treatment)
    enhanced = _enhanced(frames, rate, treatment, enhancer, student)
    try:
        if not treatment.returns_encoded:
            yield from enhanced
            return
        for frame, _ in _through_codec(enhanced, treatment.codec, RateControl(_MOST_RETURNED)):
            yield frame
    except (av.FFmpegError, EncoderError) as error:
        raise StudyError(
            f"treatment {treatment.name}: {treatment.codec} cannot code these frames with {treatment.bits:g} bits per "
            f"pixel: give it more bits or a smaller reduction ({error})"
        ) from error


def _enhancer(treatment: Treatment) -> tuple[Enhancer, str | None]:
    if treatment.student is None:
        return Enhancer(Ladder([])), None
    # EngineError is a message for users.
    student: Sharpener = open_student(treatment.student, "auto", 0)
    return Enhancer(Ladder.of(student)), student.student.name


def _enhanced(frames: Frames, rate: Fraction, treatment: Treatment, enhancer: Enhancer, student: str | None) -> Frames:
    size: Size | None = None

    def sent() -> Frames:
        nonlocal size
        resizer = Resizer()
        for frame in frames:
            size = frame.width, frame.height
            reduced = [max(16, round(side / treatment.reduction / 2) * 2) for side in size]
            yield resizer.resize(frame, reduced[0], reduced[1])

    for received, metadata in _through_codec(sent(), treatment.codec, _Constant(treatment.bits, rate)):
        how = Enhancement(student, size, treatment.strength, "without a student")
        enhanced = enhancer.enhance(received, how, metadata.hints)
        if student is not None and enhanced.passed_reason is not None:
            raise StudyError(f"treatment {treatment.name}: {enhanced.passed_reason}")
        yield enhanced.frame


def _through_codec(frames: Frames, codec: str, control: Rate) -> Iterator[tuple[av.VideoFrame, FrameMetadata]]:
    """Encode and decode frames; each comes with what its coded form tells a student."""
    encoder = ENCODERS[codec.upper()](control)
    decoder = av.CodecContext.create(_DECODERS[codec], "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1  # more threads delay frames
    hints = FrameHints()
    for frame in frames:
        packet = encoder.encode(copy_of(frame))  # encoders write into their frames
        assert packet.pts is not None
        hints.note(codec.upper(), bytes(packet), packet.pts)
        for decoded in decoder.decode(packet):
            yield decoded, hints.metadata_for(decoded)
    for decoded in decoder.decode(None):
        yield decoded, hints.metadata_for(decoded)

"""The frames of a round trip, paired: pristine, arrived, encoded again without a student, returned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from av import FFmpegError, Packet, VideoCodecContext, VideoFrame
from av.video.reformatter import VideoReformatter

from acutance.server.bench import barcode
from acutance.server.bench.judge.encoding_log import LoggedEncoder, encoding_log
from acutance.server.bench.material import Plan, decoded_frames, decoder, enlarged, pristine_frames
from acutance.server.bench.peers.round_trip import Trip
from acutance.server.frames.planes import copy_of, plane_view
from acutance.server.rtc.coded_frame import begins_keyframe

REFERENCE = "pristine"
COLUMNS = ("arrived", "encoded_again", "returned")
"""The judged videos: what arrived, the same encoded a second time without a student, and what was returned."""


@dataclass(frozen=True)
class FrameSet:
    """One returned frame and its counterparts.

    Attributes:
        number: of the frame.
        videos: the frames by `REFERENCE` and `COLUMNS`.
        bytes: size of the coded frame in bytes, by `COLUMNS`; for ``arrived``, as the sender sent it.
    """

    number: int
    videos: dict[str, VideoFrame]
    bytes: dict[str, int]


def frame_sets(clip: Path | None, plan: Plan, packets: Sequence[bytes], trip: Trip) -> Iterator[FrameSet]:
    """Yield the returned frames with their counterparts, in order; frames are paired by their bar codes.

    What is encoded again are the frames that were returned, from the first one on, with the encoder, the bit rates and
    the keyframes of the server. A repeated frame, a damaged one, or one with an unreadable bar code is left out.

    Args:
        clip: of the material; see `prepare`.
        plan: of the material.
        packets: of the material.
        trip: with its coded frames; the packets were not repeated.

    Raises:
        BenchError: the server sent no statistics, or used an encoder that cannot be repeated.
    """
    keyframes = [begins_keyframe(plan.codec, data) for data in trip.coded]
    again = LoggedEncoder(plan.codec, encoding_log(trip.statistics, keyframes), plan.rate)
    decode_again, decode_returned = decoder(plan.codec), decoder(plan.codec)
    sources = enumerate(zip(pristine_frames(clip, plan), decoded_frames(plan, packets), strict=True))
    enlarger, current = VideoReformatter(), -1
    for index, data in enumerate(trip.coded):
        for returned in _decoded(decode_returned, data):
            number = barcode.read(plane_view(returned, 0), plan.block * returned.width / plan.size[0])
            if number is None or not current < number < len(packets):
                continue
            while current < number:
                current, (pristine, decoded) = next(sources)
            arrived = enlarged(enlarger, decoded, plan)
            coded = again.encode(copy_of(arrived), index)
            (twice,) = decode_again.decode(Packet(coded))
            videos = dict(zip((REFERENCE, *COLUMNS), (pristine, arrived, twice, returned), strict=True))
            sizes = dict(zip(COLUMNS, (len(packets[number]), len(coded), len(data)), strict=True))
            yield FrameSet(number, videos, sizes)


def _decoded(decode: VideoCodecContext, data: bytes) -> list[VideoFrame]:
    try:
        return decode.decode(Packet(data))
    except FFmpegError:
        return []

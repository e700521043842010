"""The way of coded frames: to the receivers where a student has nothing to add, and to the decoder where it has."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from time import monotonic

from aiortc.mediastreams import VIDEO_CLOCK_RATE

from acutance.model.planes import Size
from acutance.server.encoding.bitrate import usual_bits
from acutance.server.encoding.fan_out import FanOut
from acutance.server.encoding.forwarding.coded import CodedFrame, CodedStream
from acutance.server.encoding.forwarding.decoding_gate import DecodingGate
from acutance.server.encoding.forwarding.keyframe_requests import KeyframeRequests
from acutance.server.encoding.forwarding.quality_rule import QualityRule
from acutance.server.encoding.rendition import Rendition, Variant
from acutance.server.encoding.shared_rate import SharedRate, sender_limit
from acutance.server.logs import LogOnce
from acutance.server.video.choices import Choices
from acutance.server.video.frame_hints import FrameHints
from acutance.server.video.pass_reason import PassReason

log = logging.getLogger(__name__)

_SECOND = 30  # frames over which the bit rate is averaged
_EXCESS_S = 10.0
_COSTS = "that a second encoding would cost more than a student gives"
_GOOD = PassReason("good", f"the frames are so good {_COSTS}")
_BITS = PassReason("bits", f"the frames have so many bits {_COSTS}")


class CodedPath:
    """Takes every coded frame before it is decoded, and decides for each rendition whether it is forwarded.

    A failure ends forwarding for the rest of the call, and never the call.

    Attributes:
        keyframes: requests for keyframes of the sender.
        decodes: whether the last frame is decoded. All are while somebody needs pixels, or while the sender has not
            proved that it answers requests for keyframes: without a decoder, only a keyframe leads back to encoding.
        keeps_pixels: whether frames are decoded even if all receivers get coded ones.
        forwards: whether the last frame was forwarded to receivers of the enhanced variant.
        quality: whether the frames are so good that they are better forwarded.
    """

    def __init__(
        self,
        choices: Choices,
        fan_out: FanOut,
        keyframes: KeyframeRequests,
        hints: FrameHints,
        on_forwarded: Callable[[CodedFrame, str | None], None],
        on_undecoded: Callable[[CodedFrame], bool],
        clock: Callable[[], float] = monotonic,
    ):
        """Start without a frame.

        Args:
            choices: what the session does with frames.
            fan_out: the renditions of the stream.
            keyframes: requests for keyframes of the sender.
            hints: takes the quantiser step of each frame.
            on_forwarded: called for each frame that is forwarded to receivers of the enhanced variant, with the reason
                why it is not enhanced, in words.
            on_undecoded: called for each frame that is not decoded; returns whether it is within the limits of the
                session. If not, frames are decoded again, and dropped one by one.
            clock: in seconds.
        """
        self.keyframes = keyframes
        self.decodes = True
        self.keeps_pixels = False
        self.forwards = False
        self.quality = QualityRule()
        self._choices = choices
        self._fan_out = fan_out
        self._hints = hints
        self._on_forwarded = on_forwarded
        self._on_undecoded = on_undecoded
        self._clock = clock
        self._gate = DecodingGate()
        self._stream = CodedStream()
        self._recent: deque[tuple[int, int]] = deque(maxlen=_SECOND)  # pts and size in bits
        self._excess_at = float("-inf")
        self._failed = False
        self._log_once = LogOnce(log)

    def take(self, codec: str, data: bytes, pts: int) -> None:
        """Take the next coded frame, in decoding order; `decodes` then says whether to decode it.

        Args:
            codec: name as in SDP.
            data: a VP8 frame, or an H.264 access unit with Annex B start codes.
            pts: presentation time, in units of 1/90,000 s.
        """
        step = self._hints.note(codec, data, pts)
        is_keyframe = False
        try:
            is_keyframe, complete = self._stream.read(codec, data)
            if is_keyframe:
                self.keyframes.arrived()
            self._recent.append((pts, 8 * len(data)))
            width, height = self._stream.size or (1, 1)
            self.quality.note(codec, step, 8 * len(data) / (width * height), usual_bits(width, height))
            if self._stream.size is not None and not self._failed:
                self._forward(CodedFrame(codec, complete, pts, self._stream.size, is_keyframe, self._clock()))
                return
        except Exception as error:  # of any kind: the call goes on without forwarding
            self._log_once(logging.ERROR, type(error).__name__, "forwarding failed; frames are encoded again", error)
            self._failed, self.forwards = True, False
            for rendition in self._fan_out.renditions:
                rendition.forwarder.end()
        self._open_gate(needed=True, is_keyframe=is_keyframe)

    def bandwidth_limit(self) -> int | None:
        """Return the largest bit rate in bit/s that the sender should use, for the receivers of its coded frames.

        None if there are none.
        """
        if self._stream.size is None:
            return None
        rates: dict[bool, list[SharedRate]] = {True: [], False: []}
        for rendition in self._fan_out.renditions:
            rates[rendition.forwarder.active].append(rendition.rate)
        return sender_limit(rates[True], rates[False], *self._stream.size) if rates[True] else None

    def _forward(self, frame: CodedFrame) -> None:
        bitrate, reason = self._bitrate(), self._reason(frame.size)
        wanted = {each: self._wants(each, frame, bitrate, reason) for each in self._fan_out.renditions}
        needed = not wanted or self.keeps_pixels
        needed = needed or any(each.forwarder.needs_pixels(wish, frame.is_keyframe) for each, wish in wanted.items())
        if not needed and not self.keyframes.answers:
            needed = True
            if not self.keyframes.asked:
                self.keyframes.ask()  # one keyframe buys the proof
        frame = replace(frame, bitrate=bitrate, decoded=self._open_gate(needed, frame.is_keyframe))
        forwarded = {each.variant for each, wish in wanted.items() if each.put_coded(frame, wish)}
        self.forwards = Variant.ENHANCED in forwarded
        if self.forwards:
            self._on_forwarded(frame, reason)
        if not frame.decoded and not self._on_undecoded(frame):
            self._excess_at = frame.arrived

    def _why_good(self) -> PassReason:
        return _GOOD if self.quality.has_fine_steps else _BITS

    def _reason(self, size: Size) -> PassReason | None:
        """Return why frames of this size are better forwarded than enhanced, in words; None if they are not."""
        if self._choices.output.for_size(size) != size:
            return None
        trying = self._choices.wants_student and self._choices.in_use.trying  # under the load of a second encoding
        good = self.quality.is_good or (self.quality.has_enough_bits and not self._choices.recalls)
        good = good and self._choices.forward_good and self._choices.strength <= 1
        return (None if trying else self._choices.pass_reason) or (self._why_good() if good else None)

    def _wants(self, rendition: Rendition, frame: CodedFrame, bitrate: int, reason: str | None) -> bool:
        if not self._choices.forward or self._stream.refusal_reason is not None or rendition.codec != frame.codec:
            return False
        if frame.arrived - self._excess_at < _EXCESS_S or (rendition.variant is Variant.ENHANCED and reason is None):
            return False
        return rendition.fit.note(bitrate, rendition.rate.limit(*frame.size), frame.arrived)

    def _open_gate(self, needed: bool, is_keyframe: bool) -> bool:
        self.decodes = self._gate.admits(needed, is_keyframe)
        if needed and not self.decodes:
            self.keyframes.ask()
        return self.decodes

    def _bitrate(self) -> int:
        """Return the bit rate of the last second in bit/s; 0 before the end of the first."""
        if len(self._recent) < _SECOND:
            return 0
        seconds = sum(max(0, after[0] - before[0]) for before, after in pairwise(self._recent)) / VIDEO_CLOCK_RATE
        return round(sum(bits for _, bits in list(self._recent)[1:]) / seconds) if seconds else 0

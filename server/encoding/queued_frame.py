"""A frame on its way through the pipeline, and the times that its encoding took."""

from dataclasses import dataclass

import av

from acutance.model.hints import Hints


@dataclass(frozen=True)
class QueuedFrame:
    """A frame on its way through the pipeline. Times are in seconds on the pipeline's clock.

    Attributes:
        number: of the frame in the stream, from 1 on.
        frame: the decoded or enhanced frame.
        hints: for the student.
        arrived: when its last packet arrived.
        since: when its last stage ended.
    """

    number: int
    frame: av.VideoFrame
    hints: Hints
    arrived: float
    since: float


@dataclass(frozen=True)
class EncodedFrameTiming:
    """A frame that a rendition has sent to its receivers.

    Attributes:
        queued: the frame.
        waited: seconds that it waited for the encoder.
        encoding: seconds that encoding took.
    """

    queued: QueuedFrame
    waited: float
    encoding: float

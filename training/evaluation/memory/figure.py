"""A figure of crops after a drop of the connection: what arrives, without and with a memory, and the truth."""

from dataclasses import dataclass

from acutance.model.memory.call_memory import CallMemory
from acutance.model.nets.student import Student
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.degradation.blind import after_student
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.crops import Panel, Strip
from acutance.training.metrics.psnr_ssim import ssim
from acutance.training.run.validation import sharpened
from acutance.training.validation.frames import drop_frames, validation_items

_SIZE = (128, 96)


@dataclass(frozen=True)
class Place:
    """The position of a crop.

    Attributes:
        title: Title of the row.
        clip: Name of the clip in the prepared set.
        credit: Source and licence, which allows printing.
        left: First column in pixels of the evaluated frame.
        top: First row.
    """

    title: str
    clip: str
    credit: str
    left: int
    top: int


_GRADIO = "gradio-app/gradio: guides/assets/art-critic.mp4, Apache-2.0"
PLACES = (
    Place("face", "screen/screen-gradio_webcam_586p#0", _GRADIO, 225, 150),
    Place("drawing", "screen/screen-gradio_webcam_586p#0", _GRADIO, 10, 200),
    Place(
        "podcast",
        "talking_head/talking_head-shahboz_podcast_674p#0",
        "iamshahboz/Advanced-Computer-Vision: FaceVideos/podcast.mp4, Pexels License",
        300,
        50,
    ),
)
"""Chosen by content, from clips with a licence that allows printing."""


def strips(source: TrainingSet, memory: Student, student: str, setting: str, size: tuple[int, int]) -> list[Strip]:
    """Restore a frame half a second after the drop of each clip of `PLACES`, and cut the crops out.

    Args:
        source: A prepared set.
        memory: A student that takes a plate, in evaluation mode.
        student: Name of the student that sharpens the frames before, see `acutance.training.degradation.blind`.
        setting: The degradation after the drop.
        size: Largest width and height of a frame, cut from the middle.

    Raises:
        DataError: The set has no such clip, a codec failed, or there is no such student.
    """
    items = {item.name: item for item in validation_items(source)}
    made = []
    for place in PLACES:
        if place.clip not in items:
            raise DataError(f"{source.folder} has no clip {place.clip} in its validation split")
        memories = [CallMemory(aligned=True)]
        (frames,) = drop_frames(source, items[place.clip], Degradation.parse(setting), size, memories)
        frame = frames[len(frames) // 2]
        blind = after_student(frame.degraded, student)
        shown: dict[str, Luma] = {
            "what arrives": frame.degraded.luma,
            student: blind.luma,
            f"{student} and memory": sharpened(memory, blind),
        }
        window = slice(place.top, place.top + _SIZE[1]), slice(place.left, place.left + _SIZE[0])
        truth = frame.truth[window]
        panels = [Panel(title, luma[window], ssim(luma[window], truth)) for title, luma in shown.items()]
        made.append(Strip(place.title, [*panels, Panel("truth", truth, None)], f"{place.title}: {place.credit}"))
    return made

"""JOD of ColorVideoVDP (Mantiuk et al. 2024, doi 10.1145/3658144), by the package `cvvdp`."""

from functools import lru_cache
from typing import TYPE_CHECKING

from acutance.training.data.pictures import DataError
from acutance.training.judge.video import Video

if TYPE_CHECKING:
    from acutance.training.judge.vdp import Metric

DISPLAY = "standard_fhd"
"""The default display: a monitor of 24 inches with 1920x1080 pixels, seen from 0.6 m (38 pixels per degree, 200 cd/m2,
250 lux). A call is shown on such a screen pixel by pixel; on `standard_4k` (75 pixels per degree) a frame of 640x360
would be 11 cm wide, which hides its errors."""


def parse_display(text: str) -> tuple[str, float | None]:
    """Read a display: a name of the package, or pixels per degree (of the default display's photometry).

    Raises:
        DataError: It is neither.
    """
    try:
        degrees = float(text)
    except ValueError:
        import pycvvdp.utils as files

        known = files.json2dict(files.config_files.find("display_models.json", []))
        if text not in known:
            raise DataError(
                f"{text!r} is not a display: give pixels per degree, or one of {', '.join(known)}"
            ) from None
        return text, None
    if not 5 <= degrees <= 200:
        raise DataError(f"a display has 5 to 200 pixels per degree, not {text}")
    return DISPLAY, degrees


def jod(reference: Video, test: Video, display: str = DISPLAY) -> float:
    """Quality of a video in just objectionable differences (JOD): 10 is indistinguishable from the reference.

    A difference of 1 JOD means that three of four people prefer the better one. All frames are judged, with colour and
    the temporal channels; frames before the first are taken to equal it, as in the program `cvvdp`.

    Args:
        reference: The source.
        test: The test video, of the same size, number of frames and frame rate.
        display: See `parse_display`.

    Raises:
        DataError: The display is unknown, or there are less than two frames.
    """
    if len(reference) < 2:
        raise DataError("JOD is for videos of at least two frames: it judges their change in time")
    return _metric(display).jod(reference, test)


@lru_cache(maxsize=2)
def _metric(display: str) -> "Metric":
    from acutance.training.judge.vdp import Metric

    return Metric(*parse_display(display))

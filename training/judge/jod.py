"""JOD of ColorVideoVDP (Mantiuk et al. 2024, doi 10.1145/3658144), by the package `cvvdp`."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from acutance.training.data.pictures import DataError
from acutance.training.judge.video import Video

if TYPE_CHECKING:
    from torch import Tensor

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
        DataError: The display is unknown.
    """
    import torch

    with torch.inference_mode():
        found, _ = _metric(display).predict_video_source(_source(reference, test, _metric(display).display_photometry))
    return float(found)


@lru_cache(maxsize=2)
def _metric(display: str) -> Any:
    import pycvvdp
    import torch

    name, degrees = parse_display(display)
    geometry = None if degrees is None else pycvvdp.vvdp_display_geometry([1024, 1024], ppd=degrees)
    return pycvvdp.cvvdp(
        display_name=name, display_geometry=geometry, quiet=True, device=torch.device("cpu"), temp_padding="replicate"
    )


def _source(reference: Video, test: Video, photometry: Any) -> Any:
    """The videos as a video source of the package, which converts each frame when it is needed."""
    from pycvvdp.video_source import video_source_dm

    class Source(video_source_dm):  # type: ignore[misc]
        def get_video_size(self) -> Sequence[int]:
            width, height = reference.size
            return height, width, len(reference)

        def get_frames_per_second(self) -> float:
            return reference.fps

        def get_batch_size(self) -> int:
            return 1

        def get_test_frame(self, frame: int, device: Any, colorspace: str) -> Any:
            return self.apply_dm_and_color_transform(_rgb(test, frame), colorspace)

        def get_reference_frame(self, frame: int, device: Any, colorspace: str) -> Any:
            return self.apply_dm_and_color_transform(_rgb(reference, frame), colorspace)

    return Source(display_photometry=photometry)


def _rgb(video: Video, index: int) -> "Tensor":
    """One frame as R'G'B' in 0..1, float32 `[1, 3, 1, H, W]`: BT.709, as the program `cvvdp` converts a file."""
    import torch

    luma = torch.from_numpy(np.ascontiguousarray(video.y[index])).float()
    chroma = torch.from_numpy(np.stack([video.u[index], video.v[index]]))[None].float()
    y = ((luma - 16) / 219).clip(0, 1)
    halves = ((chroma - 128) / 224).clip(-0.5, 0.5)
    u, v = torch.nn.functional.interpolate(halves, scale_factor=2, mode="bilinear")[0]
    rgb = torch.stack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u])
    return rgb.clip(0, 1)[None, :, None]

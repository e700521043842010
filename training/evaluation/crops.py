"""The crops of the figures: their pictures and clips, and their positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acutance.training.data.licences import Catalogue
from acutance.training.data.motion import frame_size
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.methods.methods import Method
from acutance.training.evaluation.testsets import MIDDLE, Sample, Source, find_set, find_sources, samples
from acutance.training.metrics.psnr_ssim import ssim

_SIZE = (112, 84)


@dataclass(frozen=True)
class Crop:
    """The position of a crop.

    Attributes:
        title: Title of the row.
        set: The set, see `find_set`.
        file: Name of the picture or clip; the last evaluated frame of a clip is shown.
        left: First column in pixels; for a picture, relative to the middle that codecs get.
        top: First row in pixels, relative to the same.
    """

    title: str
    set: str
    file: str
    left: int
    top: int


# Chosen by content, from files with a licence that allows printing, before any student was applied to them.
CROPS = (
    Crop("text edges", "test/text", "text-003.png", 309, 136),
    Crop("portrait", "test/people", "people-004.webp", 276, 122),
    Crop("fur", "test/animals", "animals-008.webp", 396, 36),
    Crop("feathers and bark", "test/animals", "animals-009.webp", 150, 180),
    Crop("portrait, clip", "clips/val", "talking_head-shahboz_podcast_674p.mp4", 292, 218),
    Crop("text, clip", "clips/test", "screen-scroll_docs_720p30.mp4", 120, 120),
)


@dataclass(frozen=True)
class Panel:
    """One cell of a figure.

    Attributes:
        title: `truth`, or the name of the method.
        luma: uint8 `[H, W]`.
        ssim: SSIM of the crop, None for the truth.
    """

    title: str
    luma: Luma
    ssim: float | None


@dataclass(frozen=True)
class Strip:
    """One row of a figure: a crop by every method, the truth last; and the source and licence of the picture."""

    title: str
    panels: list[Panel]
    credit: str


def strip(crop: Crop, how: Degradation, methods: Sequence[Method], data: Path, cache: Path | None = None) -> Strip:
    """Restore a picture by every method and cut the crop out of each.

    Args:
        crop: Position of the crop.
        how: The degradation.
        methods: The methods, in the order of the columns.
        data: Folder of the sets.
        cache: See `samples`.

    Raises:
        DataError: The set or the file is missing, or the crop exceeds the picture.
    """
    source = _find(crop, data)
    sample = samples(source, how, cache)[-1]
    height, width = sample.truth.shape
    left, top = crop.left, crop.top
    if not source.is_clip and how.codec is None:
        # The whole picture was restored; crops are positioned in its middle.
        middle = frame_size((width, height), MIDDLE)
        left, top = left + (width - middle[0]) // 2, top + (height - middle[1]) // 2
    if left + _SIZE[0] > width or top + _SIZE[1] > height:
        raise DataError(f"the crop of {crop.file} exceeds its size of {width}x{height} px")
    window = (slice(top, top + _SIZE[1]), slice(left, left + _SIZE[0]))
    panels = [_panel(method, sample, window) for method in methods]
    licence = Catalogue.find(source.path.parent).licence_of(source.path)
    credit = f"{crop.title}: {source.set}/{source.path.name}, {how.name}; licence: {licence.text}"
    return Strip(crop.title, [*panels, Panel("truth", sample.truth[window], None)], credit)


def _find(crop: Crop, data: Path) -> Source:
    for source in find_sources(find_set(crop.set, data), coded=False):
        if source.path.name == crop.file:
            return source
    raise DataError(f"{crop.set} below {data} has no {crop.file}, which the figures need")


def _panel(method: Method, sample: Sample, window: tuple[slice, slice]) -> Panel:
    luma = method(sample.input)[window]
    return Panel(method.name, luma, ssim(luma, sample.truth[window]))

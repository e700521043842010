"""`acutance study prepare STUDY.toml`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg
from rich.console import Console
from rich.progress import Progress

from acutance.server.frames.planes import plane_view
from acutance.server.study import manifest, study_file
from acutance.server.study.errors import StudyError
from acutance.server.study.manifest import Manifest, Stimulus, Wanted
from acutance.server.study.prepare.connection import treated
from acutance.server.study.prepare.source import Clip, clip_of
from acutance.server.study.prepare.storage import store
from acutance.server.study.study_file import Display, Study
from acutance.server.study.votes import Votes, has_votes


class PrepareOptions(BaseModel):
    """Make the clips that raters see, from the source clips, connections and students of a study."""

    model_config = ConfigDict(extra="forbid")

    study: CliPositionalArg[Path] = Field(description="STUDY.toml")


def prepare(options: PrepareOptions) -> None:
    """Write the clips and manifest.json to the folder of the study.

    Raises:
        StudyError: the study or a clip cannot be used.
        EngineError: a student does not open.
    """
    study = study_file.read(options.study)
    folder = study.located(study.folder)
    clips = {source.name: clip_of(study, source) for source in study.source}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"cannot create the folder {folder}: {error.strerror or error}") from error
    if has_votes(folder):
        Votes.open(folder, study.digest).close()  # refuses to replace clips that were voted on
    wanted = manifest.wanted(study)
    stimuli: list[Stimulus] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("clips", total=len(wanted))
        for name, clip in clips.items():
            with _rendered(study, clip) as rendered:
                for stimulus in (each for each in wanted if each.source == name):
                    stimuli.append(_made(study, folder, stimulus, rendered))
                    progress.advance(task)
    display = study.display
    path = manifest.save(
        study,
        Manifest(
            digest=study.digest,
            method=study.method,
            width=display.width,
            height=display.height,
            stimuli={stimulus.key: stimulus for stimulus in stimuli},
        ),
    )
    size = sum((folder / stimulus.file).stat().st_size for stimulus in stimuli)
    worst = min(stimulus.psnr for stimulus in stimuli)
    print(f"{path}: {len(stimuli)} clips, {size / 1e6:.0f} MB, luma at least {worst:.1f} dB of the frames shown")


@dataclass
class _Rendered:
    """The treatments of one source, each rendered when it is first needed.

    Attributes:
        study: the study.
        clip: of the source.
        folder: for frames, which may be larger than memory.
    """

    study: Study
    clip: Clip
    folder: Path
    _frames: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    def frames(self, treatment: str) -> NDArray[np.uint8]:
        """Return the shown frames after a treatment, see `storage.Clip`."""
        if treatment not in self._frames:
            self._frames[treatment] = self._render(treatment)
        return self._frames[treatment]

    def _render(self, treatment: str) -> NDArray[np.uint8]:
        display, source = self.study.display, self.clip.frames()
        how = next((each for each in self.study.treatment if each.name == treatment), None)
        frames = source if how is None else treated(source, self.clip.rate, how)
        shape = (self.clip.shown, display.height * 3 // 2, display.width)
        kept = np.memmap(self.folder / treatment, np.uint8, "w+", shape=shape)
        for index, frame in enumerate(frames):
            if index >= self.clip.lead_in:
                _cut(frame, display, kept[index - self.clip.lead_in])
        return kept


@contextmanager
def _rendered(study: Study, clip: Clip) -> Iterator[_Rendered]:
    with tempfile.TemporaryDirectory(prefix=".frames-", dir=study.located(study.folder)) as folder:
        yield _Rendered(study, clip, Path(folder))


def _made(study: Study, folder: Path, wanted: Wanted, rendered: _Rendered) -> Stimulus:
    names = [wanted.test] if wanted.baseline is None else [wanted.baseline, wanted.test]
    key = wanted.id(study.seed)
    clips = [rendered.frames(name) for name in names]
    psnr = store(folder / f"{key}.mp4", clips, rendered.clip.rate, rendered.clip.matrix)
    return Stimulus(
        **wanted.model_dump(), key=key, frames=rendered.clip.shown, rate=float(rendered.clip.rate), psnr=round(psnr, 2)
    )


def _cut(frame: av.VideoFrame, display: Display, into: NDArray[np.uint8]) -> None:
    """Copy the middle of a frame."""
    width, height = display.width, display.height
    left, top = (frame.width - width) // 4 * 2, (frame.height - height) // 4 * 2  # even, for chroma
    into[:height] = plane_view(frame, 0)[top : top + height, left : left + width]
    for number in (1, 2):
        start = height + (number - 1) * height // 4
        chroma = plane_view(frame, number)[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
        into[start : start + height // 4] = chroma.reshape(height // 4, width)

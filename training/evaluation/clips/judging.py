"""Judge methods on clips: every method gets the same decoded frames, and figures are stored by clip."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from acutance.training.data.clips import find_clips
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes
from acutance.training.data.process_pool import process_pool
from acutance.training.degradation.calls import ArrivedFrame, send_clip
from acutance.training.degradation.degrade import Degradation, neighbours
from acutance.training.evaluation.clips.cache import FigureCache, Found
from acutance.training.evaluation.clips.settings import LARGE, ClipPlan, window
from acutance.training.evaluation.methods.methods import Method, open_method
from acutance.training.evaluation.testsets import AROUND, MethodInput, set_name
from acutance.training.judge.judge import judge
from acutance.training.judge.results import Judged, Size
from acutance.training.judge.video import Video, frame_rate, read_video

_SENT = "kbps"
"""Name of the sent bit rate among the figures of the cache."""
_DECIMALS = 5
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Work:
    """One coding of a clip, and the regimes that are judged in it."""

    set: str
    clip: Path
    size: Size
    how: Degradation
    regimes: tuple[str, ...]


def judge_clips(
    plan: ClipPlan,
    folders: Sequence[Path],
    processes: int = 1,
    progress: Progress = lambda done, total: None,
) -> list[Judged]:
    """Judge methods on every clip of sets.

    A clip that ends before a regime begins has no row in it.

    Args:
        plan: What is judged.
        folders: Folders of clips.
        processes: Number of processes, each on one core.
        progress: Called with the numbers of finished and of all codings of a clip.

    Returns:
        Rows in the order of settings, clips, regimes and methods, for any number of processes.

    Raises:
        DataError: A folder has no clip, every clip is too short, or a clip or a method cannot be used.
    """
    work = [
        _Work(set_name(folder), clip, size, how, regimes)
        for size, how, regimes in plan.settings()
        for folder in folders
        for clip in _clips(folder)
    ]
    found: dict[int, list[Judged]] = {}
    for index, rows in _judged(plan, work, processes):
        found[index] = rows
        progress(len(found), len(work))
    rows = [row for index in range(len(work)) for row in found[index]]
    if not rows:
        raise DataError(
            f"the clips are too short for {', '.join(plan.regimes)}: the steady state begins after 2 seconds"
        )
    return rows


def _clips(folder: Path) -> list[Path]:
    clips = find_clips(folder)
    if not clips:
        raise DataError(f"{folder} has no clip")
    return clips


def _judged(plan: ClipPlan, work: Sequence[_Work], processes: int) -> Iterator[tuple[int, list[Judged]]]:
    if processes == 1:
        judging = ClipJudge(plan)
        yield from ((index, judging.rows(one)) for index, one in enumerate(work))
        return
    with process_pool(processes, _Worker.start, plan) as pool:
        pending = {pool.submit(_Worker.rows, one): index for index, one in enumerate(work)}
        try:
            for done in as_completed(pending):
                yield pending[done], done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class _Worker:
    """State of a worker process."""

    judging: "ClipJudge"

    @classmethod
    def start(cls, plan: ClipPlan) -> None:
        os.environ["OMP_NUM_THREADS"] = "1"  # the processes share the cores; torch reads it at its import
        cls.judging = ClipJudge(plan)

    @classmethod
    def rows(cls, work: _Work) -> list[Judged]:
        return cls.judging.rows(work)


@dataclass(frozen=True)
class _Part:
    """The judged frames of a regime: the source, and what arrived."""

    regime: str
    truth: Video
    arrived: Sequence[ArrivedFrame]


class ClipJudge:
    """Judges one coding of a clip at a time; keeps the last clip decoded and the methods open."""

    def __init__(self, plan: ClipPlan) -> None:
        self._plan, self._cache = plan, FigureCache(plan)
        self._methods: list[Method] = []
        self._read: tuple[Path, Size] | None = None
        self._video: Video

    def rows(self, work: _Work) -> list[Judged]:
        """Rows of every regime and method; what the cache has is not measured again."""
        video = self._source(work)
        sent: list[ArrivedFrame] = []
        rows = []
        for regime in work.regimes:
            judged = window(regime, len(video), video.fps, self._plan.frames)
            if len(judged) == 0:
                continue
            part = None
            for index, choice in enumerate(self._plan.methods):
                file = self._cache.file(work.clip, work.size, work.how, judged, choice)
                figures = self._cache.read(file)
                missing = tuple(name for name in (*self._plan.measures, _SENT) if name not in figures)
                if missing:
                    sent = sent or send_clip(_planes(video), work.how)
                    part = part or _Part(
                        regime, video.stretch(judged.start, len(judged)), sent[judged.start : judged.stop]
                    )
                    figures |= self._figures(part, work.how, index, missing)
                    self._cache.write(file, figures)
                rows.append(self._row(work, regime, video, judged, choice.name, figures))
        return rows

    def _figures(self, part: "_Part", how: Degradation, method: int, missing: Sequence[str]) -> Found:
        self._methods = self._methods or [open_method(one, self._plan.filters) for one in self._plan.methods]
        lumas = [one.luma for one in part.arrived]
        inputs = [
            MethodInput(one.luma, one.hints, how, None, one.chroma.copy(), neighbours(lumas, index, AROUND))
            for index, one in enumerate(part.arrived)
        ]
        restored = np.stack([self._methods[method](one) for one in inputs])
        u, v = (np.stack([getattr(one.chroma, plane) for one in inputs]) for plane in ("u", "v"))
        test = Video(restored, u, v, fps=part.truth.fps)
        # The stretch that JOD judges begins at the keyframe, or lies in the middle of the steady state.
        options = replace(self._plan.options, jod_start=0 if part.regime == "first_second" else None)
        names = tuple(name for name in missing if name != _SENT)
        found: Found = {name: None for name in names}
        if names:
            found |= judge(part.truth, test, names, options)
        sent = sum(one.size for one in part.arrived) * 8 * part.truth.fps / len(part.arrived)
        return {**found, _SENT: sent / 1000}

    def _row(self, work: _Work, regime: str, video: Video, judged: range, method: str, figures: Found) -> Judged:
        width, height = video.size
        sent = figures[_SENT]
        assert work.how.codec is not None
        assert sent is not None
        return Judged(
            work.set,
            work.clip.name,
            work.clip.stem.partition("-")[0],
            regime,
            work.size,
            width,
            height,
            work.how.codec,
            work.how.bits,
            round(sent, _DECIMALS),
            method,
            len(judged),
            {name: round(value, _DECIMALS) for name in self._plan.measures if (value := figures[name]) is not None},
        )

    def _source(self, work: _Work) -> Video:
        """The frames of a clip up to the last one that any regime of the plan judges, halved if they have to be."""
        if self._read != (work.clip, work.size):
            rate, most = frame_rate(work.clip), self._plan.frames
            last = max(window(regime, sys.maxsize, rate, most).stop for regime in self._plan.regimes) if most else 0
            video = read_video(work.clip, last)
            large = video.size[0] * video.size[1] >= LARGE
            self._video = video.halved() if work.size == "halved" and large else video
            self._read = (work.clip, work.size)
        return self._video


def _planes(video: Video) -> list[Planes]:
    return [Planes(*map(Image.fromarray, planes)) for planes in zip(video.y, video.u, video.v, strict=True)]

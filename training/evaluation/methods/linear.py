"""The best linear filter, a baseline for every network.

A 9x9 filter fitted by least squares from degraded luma to the truth. The resampling of a picture that was reduced by N
and enlarged again has a period of N pixels (3 for a ratio of 1.5), and each phase has a filter of its own; coded frames
have one filter. Every filter has 81 multiply-accumulates per pixel.
"""

import hashlib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma, Plane, to_8_bits
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.testsets import MethodInput, Sample, program

Filters = NDArray[np.float64]
"""`[period, period, 9, 9]`: one filter for each phase, rows first."""

SIDE = 9
LINEAR_KIND = f"linear is the least-squares {SIDE}x{SIDE} filter for each degradation and phase of its resampling"
_LARGEST = 256
"""Side in pixels of the middle to fit on: 25 pictures give 1.6 million equations for 81 unknowns."""
_RIDGE = 1e-3
"""Ridge penalty in squared grey levels per pixel: the equations of a reduced picture are nearly singular."""


def period(how: Degradation) -> int:
    """Period in pixels of the resampling of a degradation."""
    return Fraction(how.ratio).limit_denominator(4).numerator if how.codec is None else 1


def fit(samples: Iterable[Sample], phases: int) -> Filters:
    """Fit filters by least squares, with normal equations in float64.

    Args:
        samples: Frames of any size.
        phases: Period of the resampling, see `period`.

    Raises:
        DataError: There is no frame.
    """
    taps = SIDE * SIDE
    left = np.zeros((phases, phases, taps, taps))
    right = np.zeros((phases, phases, taps))
    pixels = 0
    for sample in samples:
        degraded, truth = _middle(sample.input.luma, sample.truth, phases)
        windows = sliding_window_view(degraded.astype(np.float64), (SIDE, SIDE))
        centre = truth.astype(np.float64)[SIDE // 2 : -(SIDE // 2), SIDE // 2 : -(SIDE // 2)]
        pixels += centre.size
        for row in range(phases):
            for column in range(phases):
                # Window (i, j) is centred on pixel (i + 4, j + 4) of a picture cut on whole periods.
                start = ((row - SIDE // 2) % phases, (column - SIDE // 2) % phases)
                seen = windows[start[0] :: phases, start[1] :: phases].reshape(-1, taps)
                left[row, column] += seen.T @ seen
                right[row, column] += seen.T @ centre[start[0] :: phases, start[1] :: phases].reshape(-1)
    if not pixels:
        raise DataError("there is no picture to fit the linear filter on")
    # Regularised towards the identity in the directions that the data leave undetermined.
    untouched = np.zeros(taps)
    untouched[taps // 2] = 1
    weight = _RIDGE * pixels / phases**2
    solved = np.linalg.solve(left + weight * np.eye(taps), (right + weight * untouched)[..., None])
    return solved.reshape(phases, phases, SIDE, SIDE)


def filtered(luma: Plane, filters: Filters) -> Luma:
    """Filter a picture, `[H, W]`, to uint8; its border is padded by repeating the last pixels."""
    phases = filters.shape[0]
    height, width = luma.shape
    grown = [-side % phases for side in (height, width)]
    margin = SIDE // 2
    padded = np.pad(luma, ((margin, margin + grown[0]), (margin, margin + grown[1])), mode="edge")
    # Single precision is enough for 8-bit pictures; torch has the fastest convolution available.
    import torch

    result = np.empty((height + grown[0], width + grown[1]), np.float32)
    source = torch.from_numpy(padded.astype(np.float32))[None, None]
    with torch.inference_mode():
        for row in range(phases):
            for column in range(phases):
                kernel = torch.from_numpy(filters[row, column].astype(np.float32))[None, None]
                part = torch.nn.functional.conv2d(source[:, :, row:, column:], kernel, stride=phases)
                place = result[row::phases, column::phases]
                place[:] = part[0, 0, : place.shape[0], : place.shape[1]].numpy()
    return to_8_bits(result[:height, :width])


class LinearFilters:
    """The method `linear`: for each degradation the filter that was fitted for it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._filters: dict[str, Filters] = {}

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore one frame, uint8 `[H, W]`.

        Raises:
            DataError: No filter was fitted for this degradation.
        """
        name = frame.how.name
        if name not in self._filters:
            try:
                self._filters[name] = np.load(self._folder / f"{name}.npy")
            except OSError:
                raise DataError(f"{self._folder} has no linear filter for {name}") from None
        return filtered(frame.luma, self._filters[name])


def fit_one(samples: Iterable[Sample], how: Degradation, file: Path) -> None:
    """Fit the filters for one degradation and write them atomically to a .npy file."""
    unfinished = file.with_name(f".{file.name}.unfinished.npy")
    np.save(unfinished, fit(samples, period(how)))
    unfinished.replace(file)


def filter_folder(keep: Path, pictures: str) -> Path:
    """Folder below `keep` for the filters that this program fits on pictures with the fingerprint `pictures`.

    Its file `<degradation>.npy` holds the filters of one degradation.
    """
    key = hashlib.sha256(f"{pictures} {program()} {_LARGEST} {_RIDGE}".encode()).hexdigest()[:16]
    return keep / key


def _middle(degraded: Plane, truth: Luma, phases: int) -> tuple[Plane, Luma]:
    """The middle of both; it starts at a multiple of the period, so that phases do not change."""
    starts = [max(side - _LARGEST, 0) // 2 // phases * phases for side in truth.shape]
    window = tuple(slice(start, start + _LARGEST) for start in starts)
    return degraded[window], truth[window]

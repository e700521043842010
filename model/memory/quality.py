"""The quality at which luma was seen, and how far a codec moves low frequencies."""

import math

from acutance.model.hints import Hints

_MIN_STEP = 0.5
"""Quantiser steps up to half a grey level count as lossless."""
CLEARLY_BETTER = 0.5
"""A plate helps if its coarseness is at most this share of that of the present frame: one octave of the quantiser."""
ABOUT_EQUAL = 1.25
"""Rate control varies the step by a quarter between frames of equal look; the newer frame is then kept."""
COMPARABLE = 2.0
"""A frame up to this many times as coarse replaces at once what it contradicts; a coarser one only if it persists."""
_BASE, _GAIN, _LARGEST = 2.0, 1.6, 20.0
"""The 99th to 99.9th percentile of the low-passed codec error is near 2 + 1.6 sqrt(step * reduction) on seven training
clips, see docs/quality/memory.md. A limit above 20 grey levels would hide changes of content."""


def coarseness(hints: Hints) -> float:
    """Return how much detail a frame has lost, in grey levels of quantiser step at full size; smaller is better.

    A frame that was reduced by r is never as sharp as one of full size: it counts like a step that is r^3 times as
    large, because each octave of resolution carries about as much visible detail as three octaves of quantiser step.
    """
    return max(hints.step, _MIN_STEP) * max(hints.reduction, 1.0) ** 3


def tolerance(hints: Hints) -> float:
    """Return the low-passed difference, in grey levels, that the codec alone explains.

    A larger difference between a frame and the plate, see `acutance.model.memory.reduced`, means other content.
    """
    step = max(hints.step, _MIN_STEP) * max(hints.reduction, 1.0)
    return min(_BASE + _GAIN * math.sqrt(step), _LARGEST)

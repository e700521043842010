"""The number of inputs of each test: a share of ``FUZZ_INPUTS``, which is small in CI and large in `make fuzz`."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

INPUTS = int(os.environ.get("FUZZ_INPUTS", "2500"))
LONG = "FUZZ_INPUTS" in os.environ
# CI tries the same inputs each time: a failure there is reproducible.
_SAME_EACH_TIME = not LONG
_FEWEST = 10
# Sum of the shares, including tests that send several inputs per example. Media tests add as many again.
_SHARES = 1.7


def share(of_all: float) -> Callable[[Any], Any]:
    """Let a test try this share of all inputs."""
    return settings(
        max_examples=max(_FEWEST, round(INPUTS * of_all / _SHARES)),
        derandomize=_SAME_EACH_TIME,
        database=None,
        deadline=None,  # time is measured around the door alone (tally.py)
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

"""Step 12: a kernel that traps, in a process of its own; the pictures go on, on the CPU, and the process ends with 0.

`python -m acutance.server.gpu_check.lost_device` is that process.
"""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from acutance.model.engine.engine import Engine
from acutance.model.engine.failover import open_engine
from acutance.model.engine.gpu.device import DEVICE, Device
from acutance.model.engine.sharpener import Sharpener
from acutance.server.gpu_check.frames import plane
from acutance.server.gpu_check.pictures import TOLERANCE
from acutance.server.gpu_check.steps import StepError

_WITHIN_S = 120.0
_FRAMES = 20
_PTX = b""".version 6.3
.target sm_75
.address_size 64
.visible .entry boom() { trap; }
\0"""


def survives() -> dict[str, Any]:
    """Run the process and check how it ends."""
    command = [sys.executable, "-m", "acutance.server.gpu_check.lost_device"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
    except subprocess.TimeoutExpired:
        raise StepError(f"a process that lost the GPU does not end within {_WITHIN_S:.0f} s") from None
    if done.returncode != 0:
        raise StepError(
            f"a process that lost the GPU ends with {done.returncode}: {done.stderr.strip()[-500:] or 'no message'}"
        )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def carry_on(engine: Sharpener, reference: Engine, lose: Callable[[], None], device: Device = DEVICE) -> dict[str, Any]:
    """Sharpen frames, lose the device, and sharpen on.

    Args:
        engine: on the device, with the CPU as a fallback.
        reference: on the CPU.
        lose: makes the device fail for good.
        device: that of the engine.

    Raises:
        StepError: a picture is wrong, or the loss was not noticed.
    """
    luma = plane(640, 360)
    wanted = reference.sharpen(luma).astype(np.int16)
    providers = []
    for number in range(2 * _FRAMES):
        if number == _FRAMES:
            lose()
        if np.abs(engine.sharpen(luma) - wanted).max() > TOLERANCE:
            raise StepError(f"frame {number} is wrong")
        providers.append(engine.provider)
    if providers[-1] != "CPU" or device.lost is None:
        raise StepError(f"the loss was not noticed: {engine.provider}, {engine.note}")
    return {"before": providers[0], "after": providers[-1], "reason": device.lost}


def trap() -> None:
    """Launch a kernel that traps, in the context of this process, and wait for it.

    Raises:
        OSError: the driver's library is missing.
        StepError: the kernel did not run, or did not fail.
    """
    cuda = ctypes.CDLL("libcuda.so.1")
    context, module, kernel = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()

    def call(name: str, *arguments: Any) -> int:
        return int(getattr(cuda, name)(*arguments))

    prepared = (
        call("cuInit", 0)
        or call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        or call("cuCtxSetCurrent", context)
        or call("cuModuleLoadData", ctypes.byref(module), _PTX)
        or call("cuModuleGetFunction", ctypes.byref(kernel), module, b"boom")
        or call("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, None, None, None)
    )
    if prepared:
        raise StepError(f"the trapping kernel was not launched: CUDA error {prepared}")
    if not call("cuCtxSynchronize"):
        raise StepError("the trapping kernel did not fail")


def main() -> None:
    """Be the process that loses its device."""
    engine = open_engine("small", "cuda", 0)
    print(json.dumps(carry_on(engine, Engine.open("small", "cpu"), trap)), flush=True)
    # As the server ends: destructors of sessions on a lost device may abort the process.
    os._exit(0)


if __name__ == "__main__":
    main()

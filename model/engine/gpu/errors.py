"""What an error of the device means: whether memory ran out, or the process can never use the device again."""

import re
from collections.abc import Callable
from enum import Enum

from acutance.model.engine.gpu import cudart


class Failure(Enum):
    """Kinds of failures of a device."""

    OUT_OF_MEMORY = "out of memory"
    STICKY = "sticky"
    OTHER = "other"


# cudaError_t (driver_types.h): after these each later call of the process fails too. "The only way to continue is to
# terminate the process and relaunch": 214 uncorrectable ECC error, 220 NVLink, 700 illegal address, 702 launch timeout,
# 710 assertion, 714 to 719 illegal instructions and failed launches, 721 tensor memory leak; 46 device unavailable.
_STICKY = frozenset({46, 214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721})
_CODE = re.compile(r"(?:CUDA (?:failure|error)|cudaError)[ :=(]*(\d+)", re.IGNORECASE)
_STICKY_WORDS = (
    "unspecified launch failure",
    "illegal memory access",
    "illegal instruction",
    "misaligned address",
    "device-side assert",
    "uncorrectable ECC error",
    "launch timed out",
)
_MEMORY_WORDS = ("out of memory", "failed to allocate memory", "available memory of", "alloc_failed")


def diagnose(error: BaseException, runtime: Callable[[], cudart.Cudart | None] = cudart.loaded) -> Failure:
    """Return the kind of an error as `classify` does; if it says too little, ask the device.

    Libraries such as cuDNN report errors of their own after the device has failed. Hold the gate of the device shared.

    Args:
        error: of ONNX Runtime.
        runtime: returns CUDA's runtime library, if it is loaded.
    """
    kind = classify(error)
    library = runtime() if kind is Failure.OTHER else None
    if library is None:
        return kind
    try:
        library.free_memory()
    except cudart.CudartError as refusal:
        return classify(refusal)
    return kind


def classify(error: BaseException) -> Failure:
    """Return the kind of an error of ONNX Runtime, whose errors share no base class: from its number or its words."""
    message = str(error)
    lower = message.lower()
    code = _CODE.search(message)
    if (code is not None and int(code[1]) in _STICKY) or any(words.lower() in lower for words in _STICKY_WORDS):
        return Failure.STICKY
    if (code is not None and int(code[1]) == 2) or any(words in lower for words in _MEMORY_WORDS):
        return Failure.OUT_OF_MEMORY
    return Failure.OTHER

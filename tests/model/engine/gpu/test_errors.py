import pytest

from acutance.model.engine.gpu.cudart import Cudart, CudartError
from acutance.model.engine.gpu.errors import Failure, classify, diagnose
from tests.model.engine.gpu.staged_runtime import Runtime

# As ONNX Runtime and CUDA print them.
STICKY = [
    "CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=a ; file=cuda_graph.cc ; line=78",
    "CUDA failure 700: an illegal memory access was encountered ; GPU=0",
    "CUDA error 214: uncorrectable ECC error encountered",
    "CUDNN failure 4000: CUDNN_STATUS_INTERNAL_ERROR ... an illegal instruction was encountered",
]
MEMORY = [
    "CUDA failure 2: out of memory ; GPU=0",
    "Non-zero status code returned while running Conv node. Name:'body0' Status Message: "
    "bfc_arena.cc:376 AllocateRawInternal Available memory of 1048576 is smaller than requested bytes of 66355200",
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
]
OTHER = ["CUDA failure 901: operation failed due to a previous error during capture", "CUDNN_STATUS_NOT_SUPPORTED", ""]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        *((message, Failure.STICKY) for message in STICKY),
        *((message, Failure.OUT_OF_MEMORY) for message in MEMORY),
        *((message, Failure.OTHER) for message in OTHER),
    ],
)
def test_an_error_is_classified_by_its_number_or_words(message: str, kind: Failure) -> None:
    assert classify(RuntimeError(message)) is kind
    assert classify(CudartError("CUDA failure 700 in cudaMemcpyAsync")) is Failure.STICKY


@pytest.mark.parametrize(("code", "kind"), [(719, Failure.STICKY), (2, Failure.OUT_OF_MEMORY), (0, Failure.OTHER)])
def test_an_error_that_says_too_little_is_explained_by_the_device(code: int, kind: Failure) -> None:
    error = RuntimeError("CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0")
    assert diagnose(error, lambda: Cudart(Runtime(error=code))) is kind
    assert diagnose(error, lambda: None) is Failure.OTHER
    assert diagnose(RuntimeError(STICKY[0]), lambda: Cudart(Runtime())) is Failure.STICKY

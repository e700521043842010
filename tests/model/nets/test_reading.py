from pathlib import Path

import numpy as np
import pytest
import torch

from acutance.model.nets.export import ExportError, to_onnx
from acutance.model.nets.reading import read_onnx
from acutance.model.nets.shape import StudentShape
from tests.model.students import lived_in


@pytest.mark.parametrize("shape", [StudentShape(8, 1, hinted=True, tail=1), StudentShape(16, 3, hinted=False)])
def test_an_exported_student_is_read_back(shape: StudentShape, tmp_path: Path) -> None:
    student = lived_in(shape)
    (tmp_path / "student.onnx").write_bytes(to_onnx(student, {}))
    read = read_onnx(tmp_path / "student.onnx")
    assert (read.shape, read.training) == (shape, False)
    luma, hints = torch.rand(2, 1, 32, 48), torch.rand(2, 4)
    with torch.no_grad():
        np.testing.assert_allclose(read(luma, hints), student(luma, hints), atol=1e-5)


def test_another_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"no graph")
    for name in ("other.onnx", "missing.onnx"):
        with pytest.raises(ExportError, match=f"{name} is not an exported student"):
            read_onnx(tmp_path / name)

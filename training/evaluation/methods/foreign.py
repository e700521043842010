"""Published restoration networks that spandrel recognises, as methods on luma."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError
from torch import Tensor

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.evaluation.testsets import MethodInput
from acutance.training.teachers.foreign import foreign_weights

SUFFIXES = frozenset({".safetensors", ".pth", ".pt", ".ckpt"})
_SCALES = (1, 2, 3, 4)


class ForeignMethod:
    """A network of another project.

    A network of scale 1 is applied to the frame; an upscaling network to the frame reduced by its scale. A network for
    RGB gets luma in all three channels, and its three outputs are averaged.
    """

    def __init__(self, name: str, descriptor: ImageModelDescriptor[Any]) -> None:
        self.name = name
        self._descriptor = descriptor

    @classmethod
    def open(cls, name: str, file: Path) -> "ForeignMethod":
        """Load the weights in a file and find the architecture that they belong to.

        Raises:
            DataError: The file cannot be read without unpickling, its architecture is unknown, or the network does not
                restore grey or RGB pictures.
        """
        try:
            found = ModelLoader().load_from_state_dict(foreign_weights(file))
        except UnsupportedModelError:
            raise DataError(f"{file} holds no weights that spandrel recognises") from None
        if not isinstance(found, ImageModelDescriptor) or found.scale not in _SCALES:
            raise DataError(f"{file} is a {found.architecture.name}, which neither restores nor enlarges pictures")
        if found.input_channels not in (1, 3):
            raise DataError(f"{file} takes {found.input_channels} channels; only grey or RGB networks are supported")
        return cls(name, found.eval())

    @property
    def network(self) -> torch.nn.Module:
        """The network itself."""
        network: torch.nn.Module = self._descriptor.model
        return network

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore a frame, uint8 `[H, W]` of any size."""
        height, width = frame.luma.shape
        scale = self._descriptor.scale
        if scale == 1:
            source = frame.luma
        elif frame.reduced is not None and frame.how.ratio == scale:
            # If the scale of the degradation is that of the network, it gets the reduced picture itself.
            source = frame.reduced
        else:
            small = (-(-width // scale), -(-height // scale))
            source = np.asarray(Image.fromarray(frame.luma).resize(small, Image.Resampling.BICUBIC))
        grey = self._restore(torch.from_numpy(np.array(source))[None, None].float() / 255)
        if grey.shape != (height, width):
            grey = np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BICUBIC))
        return np.ascontiguousarray(grey)

    def _restore(self, luma: Tensor) -> Luma:
        """Float `[1, 1, H, W]` in 0..1 to uint8 `[H * scale, W * scale]`."""
        with torch.inference_mode():
            restored = self._descriptor(luma.expand(-1, self._descriptor.input_channels, -1, -1))
        grey: Luma = (restored[0].mean(dim=0) * 255).round().clamp(0, 255).to(torch.uint8).numpy()
        return grey

"""MS-SSIM (Wang, Simoncelli and Bovik 2003, doi 10.1109/ACSSC.2003.1292216) as a loss, by torchmetrics."""

from torch import Tensor
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as ms_ssim

_EXPONENTS = (0.0448, 0.2856, 0.3001)
"""Those of the three finest scales. Windows of 11 px do not fit into a crop of 64 px at the two coarser ones."""


def lost_ms_ssim(output: Tensor, truth: Tensor) -> Tensor:
    """1 - MS-SSIM of each picture, `[B]`, of the three finest scales, their exponents scaled to a sum of 1.

    Args:
        output: Float `[B, 1, H, W]` in 0..1, H and W at least 44.
        truth: As `output`.
    """
    exponents = tuple(one / sum(_EXPONENTS) for one in _EXPONENTS)
    similar: Tensor = ms_ssim(output, truth, data_range=1.0, betas=exponents, normalize="relu", reduction="none")
    return 1 - similar

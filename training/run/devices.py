"""The devices and processes of a run, by Lightning Fabric."""

from datetime import timedelta
from typing import Literal

from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from acutance.training.data.pictures import DataError

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
_PATIENCE = timedelta(days=1)
"""The first process makes pairs and labels while the others wait; half an hour, the usual limit, is too short."""


def launch(accelerator: str, devices: int, nodes: int, precision: Precision) -> Fabric:
    """Start the processes of a run; returns in every process, with its rank.

    Args:
        accelerator: `auto`, `cpu` or `cuda`.
        devices: Number of processes on this host; under torchrun, which starts them itself, the number given to it.
        nodes: Number of hosts.
        precision: Precision of the arithmetic.

    Raises:
        DataError: The devices do not exist.
    """
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            precision=precision,
            strategy=DDPStrategy(timeout=_PATIENCE) if devices * nodes > 1 else "auto",
        )
    except Exception as error:  # Fabric raises many types for missing devices and wrong numbers
        raise DataError(f"cannot train on {devices} x {accelerator}: {error}") from None
    fabric.launch()
    return fabric

"""Where a run computes: one device or several, through Lightning Fabric."""

from datetime import timedelta
from typing import Literal

from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from acutance.training.data.pictures import DataError

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
_PATIENCE = timedelta(days=1)
"""The first process makes pairs and labels while the others wait; half an hour, the usual limit, is too short."""


def launch(accelerator: str, devices: int, nodes: int, precision: Precision) -> Fabric:
    """Start the processes of a run; every process comes back from here, each with its rank.

    Args:
        accelerator: `auto`, `cpu` or `cuda`.
        devices: Processes on this machine; under torchrun, which starts them itself, as many as it was told.
        nodes: Machines.
        precision: Of the arithmetic.

    Raises:
        DataError: There is no such device here.
    """
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            precision=precision,
            strategy=DDPStrategy(timeout=_PATIENCE) if devices * nodes > 1 else "auto",
        )
    except Exception as error:  # Fabric raises what it likes for a device that is missing or a number that is wrong
        raise DataError(f"cannot train on {devices} x {accelerator}: {error}") from None
    fabric.launch()
    return fabric

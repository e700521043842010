"""The devices and processes of a run, by Lightning Fabric."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from acutance.training.data.pictures import DataError

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
_PATIENCE = timedelta(days=1)
"""The first process makes pairs and labels while the others wait; half an hour, the usual limit, is too short."""


_STEP_PATIENCE = timedelta(hours=1)
"""Afterwards the longest wait is for a validation, by the first process. A process that is lost without closing its
connections, because its host was, is noticed after this time."""


def shape(devices: int, nodes: int, environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Return the numbers of processes on this host and of hosts.

    Under torchrun they are those of this start, because an elastic run is started again whenever a host comes or goes.

    Args:
        devices: Value of --devices.
        nodes: Value of --nodes.
        environment: Environment variables.

    Raises:
        DataError: A run that torchrun starts again would fail.
    """
    if "TORCHELASTIC_RUN_ID" not in environment:
        return devices, nodes
    if environment.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        # Keys of the processes before are in it: https://github.com/pytorch/pytorch/issues/167288
        raise DataError(
            "set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 in the environment of torchrun: without it, a run that torchrun "
            "starts again fails"
        )
    local = int(environment["LOCAL_WORLD_SIZE"])
    return local, int(environment["WORLD_SIZE"]) // local


def launch(accelerator: str, devices: int, nodes: int, precision: Precision) -> Fabric:
    """Start the processes of a run; returns in every process, with its rank.

    Args:
        accelerator: `auto`, `cpu` or `cuda`.
        devices: Number of processes on this host; torchrun, which starts them itself, decides instead.
        nodes: Number of hosts; torchrun decides instead.
        precision: Precision of the arithmetic.

    Raises:
        DataError: The devices do not exist, or a run that torchrun starts again would fail.
    """
    devices, nodes = shape(devices, nodes)
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


def begin_steps(fabric: Fabric) -> None:
    """Wait for others no longer than `_STEP_PATIENCE` from now on; called when all have what they need."""
    if dist.is_available() and dist.is_initialized():
        fabric.barrier()
        dist.distributed_c10d._set_pg_timeout(_STEP_PATIENCE, dist.group.WORLD)

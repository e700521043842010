"""Nested dictionaries and lists with tensors in them, as flat tensors and JSON: safetensors holds no nesting."""

from typing import Any

import torch
from torch import Tensor

_LEAF = "\0tensor"


def flatten(tree: Any, prefix: str, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of `tree` to `tensors`, named from `prefix` on; returns what is left, fit for JSON.

    Dictionaries may have whole numbers as keys. A tensor's strides are kept: arithmetic on another memory layout
    may round otherwise.
    """
    if isinstance(tree, Tensor):
        tensors[prefix] = tree.detach().contiguous()
        return {_LEAF: prefix, "strides": list(tree.stride())}
    if isinstance(tree, dict):
        return {"\0items": [[key, flatten(value, f"{prefix}.{key}", tensors)] for key, value in tree.items()]}
    if isinstance(tree, list | tuple):
        return [flatten(value, f"{prefix}.{index}", tensors) for index, value in enumerate(tree)]
    return tree


def restore(left: Any, tensors: dict[str, Tensor]) -> Any:
    """What `flatten` was given; tuples come back as lists."""
    if isinstance(left, list):
        return [restore(value, tensors) for value in left]
    if not isinstance(left, dict):
        return left
    if _LEAF in left:
        kept = tensors[left[_LEAF]]
        return torch.empty_strided(kept.shape, left["strides"], dtype=kept.dtype).copy_(kept)
    return {key: restore(value, tensors) for key, value in left["\0items"]}

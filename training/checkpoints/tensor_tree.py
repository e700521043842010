"""Nested dictionaries and lists of tensors as flat tensors and JSON, because safetensors supports no nesting."""

from typing import Any

import torch
from torch import Tensor

_LEAF = "\0tensor"


def flatten(tree: Any, prefix: str, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of `tree` to `tensors` under names that begin with `prefix`; returns the rest, ready for JSON.

    Dictionaries may have integer keys. The strides of a tensor are kept, because arithmetic on another memory layout
    may round differently.
    """
    if isinstance(tree, Tensor):
        tensors[prefix] = tree.detach().contiguous()
        return {_LEAF: prefix, "strides": list(tree.stride())}
    if isinstance(tree, dict):
        return {"\0items": [[key, flatten(value, f"{prefix}.{key}", tensors)] for key, value in tree.items()]}
    if isinstance(tree, list | tuple):
        return [flatten(value, f"{prefix}.{index}", tensors) for index, value in enumerate(tree)]
    return tree


def restore(flat: Any, tensors: dict[str, Tensor]) -> Any:
    """Rebuild the tree from the result of `flatten`; tuples become lists."""
    if isinstance(flat, list):
        return [restore(value, tensors) for value in flat]
    if not isinstance(flat, dict):
        return flat
    if _LEAF in flat:
        kept = tensors[flat[_LEAF]]
        return torch.empty_strided(kept.shape, flat["strides"], dtype=kept.dtype).copy_(kept)
    return {key: restore(value, tensors) for key, value in flat["\0items"]}

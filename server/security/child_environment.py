"""The environment of processes that must not have the secrets of the one that starts them."""

from collections.abc import Collection, Mapping

# Options, such as tokens of clients and of a cluster.
OPTIONS = "ACUTANCE_"
# Ray's token lets its holder run programs on every machine of a cluster.
RAY = "RAY_"


def without(environment: Mapping[str, str], prefixes: Collection[str]) -> dict[str, str]:
    """Return the variables that begin with none of these prefixes, in capitals or not."""
    return {name: value for name, value in environment.items() if not name.upper().startswith(tuple(prefixes))}

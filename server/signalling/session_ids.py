"""Identifiers of sessions that name the process with the session, so that requests can be passed on to it.

Each process that passes requests on puts its name for the next one before the identifier, and takes it off again:
``w2.Gq0…`` is the session ``Gq0…`` of the worker ``w2``. Several such processes in a row, such as a node of a cluster
and a worker of the node, need nothing more.
"""

_SEPARATOR = "."


def labelled(carrier: str, id: str) -> str:
    """Return the identifier of a session for clients; ``carrier`` is the name of the process, without a dot."""
    return f"{carrier}{_SEPARATOR}{id}"


def split(id: str) -> tuple[str, str]:
    """Return the name of the process and its own identifier of the session; an empty name if there is none."""
    carrier, separator, rest = id.partition(_SEPARATOR)
    return (carrier, rest) if separator else ("", id)

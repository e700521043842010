"""JSON messages of a server: replies to offers, and statistics on the data channel of a session."""

import json
from typing import Any


def parse_message(message: str | bytes) -> dict[str, Any]:
    """Return the fields of a message; empty if it is not a JSON object. The sender is not trusted."""
    try:
        fields = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}

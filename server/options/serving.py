"""Options for listening, students, encoding, timeouts and the log."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from acutance.model.engine import catalog
from acutance.server.options.session_limits import (
    MAX_BITRATE,
    MAX_OUTPUT_HEIGHT,
    MIN_BITRATE,
    MIN_OUTPUT_HEIGHT,
    Limits,
)

# Maximum number of workers: as many as a host with 256 processors can use.
MOST_WORKERS = 64
# The value of --student and --workers that lets the server choose.
AUTO = "auto"


def _count(value: object) -> object:
    if value == AUTO or (isinstance(value, int) and not isinstance(value, bool)):
        counted = value
    else:
        counted = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else 0
    if isinstance(counted, int) and not 1 <= counted <= MOST_WORKERS:
        raise ValueError(f"must be auto, or a number from 1 to {MOST_WORKERS}")
    return counted


type Workers = Annotated[int | Literal["auto"], BeforeValidator(_count)]


class ServingOptions(BaseModel):
    """Listening, students, encoding, timeouts, log."""

    host: Annotated[
        str, Field(description="Address to listen on; browsers grant camera access only on localhost or over HTTPS")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="TCP port to listen on; 0: any free port")] = 8080
    student: Annotated[
        str,
        Field(
            description=f"Sharpening model: auto (the best of {', '.join(catalog.LADDER)} that runs in real time), "
            "the name of the best one to use, or the path of an .onnx file"
        ),
    ] = AUTO
    workers: Annotated[
        Workers,
        Field(
            description="Processes that carry the sessions: auto (one for four processors, at least one for each GPU) "
            f"or 1 to {MOST_WORKERS}; 1: this process alone. A worker process that fails ends only its own sessions",
        ),
    ] = 1
    governor: Annotated[
        bool, Field(description="Switch to a cheaper student, or to none, when this host cannot keep up")
    ] = Limits.govern
    forward_unchanged: Annotated[
        bool,
        Field(
            description="Forward the sender's own coded frames, without a second encoding, where a student would add "
            "nothing to them"
        ),
    ] = Limits.forward_unchanged
    forward_good: Annotated[
        bool,
        Field(
            description="With --forward-unchanged: also forward frames to which a second encoding would do more harm "
            "than a student does good: those of a sharp camera, or with many bits"
        ),
    ] = True
    memory: Annotated[
        bool,
        Field(
            description="Restore detail from earlier frames of the call, seen while the connection was good. Frames "
            "are kept in memory, until the call ends. Needs OpenCV: acutance[memory]"
        ),
    ] = True
    upscale: Annotated[
        bool, Field(description="Restore frames that the sender reduced to the size at the start of the call")
    ] = Limits.upscale
    advise_size: Annotated[
        bool,
        Field(
            description="Advise pages to send smaller frames where the connection carries so few bits that these look "
            "better, restored to full size; --upscale must be on"
        ),
    ] = Limits.advise_size
    output_height: Annotated[
        int | None,
        Field(
            ge=MIN_OUTPUT_HEIGHT,
            le=MAX_OUTPUT_HEIGHT,
            description="Shorter side of the returned frames in pixels; none: the size at the start of the call",
        ),
    ] = Limits.output_height
    provider: Annotated[
        Literal["auto", "tensorrt", "cuda", "cpu", "openvino", "openvino-bf16"],
        Field(
            description="What runs the students: an execution provider of ONNX Runtime, or OpenVINO on the CPU; "
            "auto: CUDA if available, else the fastest on the CPU, measured at the start"
        ),
    ] = "auto"
    threads: Annotated[
        int, Field(ge=0, le=256, description="CPU threads of one inference; 0: half of the available processors")
    ] = 0
    admission: Annotated[
        bool, Field(description="Refuse (503) a session that would reduce the frame rate of the others")
    ] = True
    max_bitrate: Annotated[
        int,
        Field(ge=MIN_BITRATE, le=MAX_BITRATE, description="Maximum bit rate of the returned video, in bit/s"),
    ] = Limits.max_bitrate
    handshake_timeout: Annotated[
        float, Field(gt=0, le=300, description="Seconds within which ICE and DTLS must complete")
    ] = Limits.handshake_timeout
    idle_timeout: Annotated[
        float, Field(gt=0, le=3600, description="Seconds without media after which a peer counts as gone")
    ] = Limits.idle_timeout
    drain: Annotated[
        float,
        Field(ge=0, le=86_400, description="Seconds that calls may continue after SIGTERM; SIGINT ends them at once"),
    ] = 20
    log_format: Annotated[
        Literal["console", "json"], Field(description="Log format: console for people, json for one object per line")
    ] = "console"
    log_addresses: Annotated[bool, Field(description="Also log peers' addresses and every HTTP request")] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe level that is logged")
    ] = "info"

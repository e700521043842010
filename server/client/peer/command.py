"""`acutance peer`: sends a file, camera, screen or test pattern to a server, and measures and records what returns."""

import asyncio
import json
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from rich.console import Console

from acutance.server.client.peer.call import Call
from acutance.server.client.peer.connections import CallError
from acutance.server.client.peer.downlink import Downlink
from acutance.server.client.peer.frame_pairs import Pairs
from acutance.server.client.peer.recording import Recording, check
from acutance.server.client.peer.report import figures, summary, watch
from acutance.server.client.peer.source import Source, camera, file, pattern, screen
from acutance.server.client.peer.uplink import Uplink

_DEFAULT_RATE = 30


class PeerOptions(BaseModel):
    """Send a file, camera, screen or test pattern to a server, and measure and record the returned video."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[Path | None, Field(description="video file, sent at its own frame rate and with its audio")] = None
    camera: Annotated[
        str | None, Field(description="camera: /dev/video0 on Linux, a number on macOS, video=NAME on Windows")
    ] = None
    screen: Annotated[
        str | None, Field(description="screen: :0.0 (X11) on Linux, 'Capture screen 0' on macOS, desktop on Windows")
    ] = None
    format: Annotated[
        str | None, Field(description="FFmpeg input device for --camera or --screen; default: that of the system")
    ] = None
    size: Annotated[
        str, Field(pattern=r"^\d{2,4}x\d{2,4}$", description="size of camera, screen or test pattern, in pixels")
    ] = "1280x720"
    rate: Annotated[
        int, Field(ge=1, le=120, description="frame rate of camera, screen or test pattern, in frames/s")
    ] = _DEFAULT_RATE
    seconds: Annotated[
        float | None, Field(gt=0, description="duration of the call; default: until the end of the file, or Ctrl-C")
    ] = None
    audio: Annotated[bool, Field(description="send the audio of a file")] = True
    url: Annotated[str, Field(description="server that returns the video on the same connection")] = (
        "http://localhost:8080"
    )
    whip: Annotated[str | None, Field(description="publish to this WHIP endpoint instead of --url")] = None
    pull: Annotated[str | None, Field(description="watch this WHEP endpoint, after --whip or alone")] = None
    token: Annotated[
        SecretStr | None, Field(description="bearer token; default: ACUTANCE_PEER_TOKEN of the environment")
    ] = None
    codec: Annotated[Literal["h264", "vp8"] | None, Field(description="default: h264, or the codec of --out")] = None
    bitrate: Annotated[
        int | None,
        Field(ge=50_000, le=50_000_000, description="bit rate of the sent video, in bit/s; default: by its size"),
    ] = None
    out: Annotated[Path | None, Field(description="file for the received video and audio: .mp4, .mkv or .webm")] = None
    pairs: Annotated[Path | None, Field(description="folder for PNG images of frames as sent and as returned")] = None
    pairs_every: Annotated[int, Field(ge=1, description="interval of the saved frames, in frames")] = 30
    json_: Annotated[bool, Field(alias="json", description="print one line of JSON instead of a table")] = False


def peer(options: PeerOptions) -> None:
    """Make a call and print its figures.

    Raises:
        CallError, RecordingError, SignallingError, SourceError: the call failed.
    """
    report = asyncio.run(call(options))
    if options.json_:
        print(json.dumps(report))
    else:
        Console().print(summary(report))


async def call(options: PeerOptions) -> dict[str, Any]:
    """Make a call and return its figures.

    Raises:
        CallError, RecordingError, SignallingError, SourceError: the call failed.
    """
    _check(options)
    codec = options.codec.upper() if options.codec else None
    codec = check(options.out, codec) if options.out else codec or "H264"
    pairs = _pairs(options)
    source = _source(options)
    uplink = None
    if source is not None:
        uplink = Uplink(
            source, codec, options.bitrate, options.seconds, options.audio, pairs.original if pairs else _ignored
        )
    downlink = None
    if options.whip is None or options.pull is not None:
        recording = None
        if options.out is not None:
            # A watched stream may have audio; whether it does is known only after the file is opened.
            recording = Recording(
                options.out, uplink is None or uplink.has_audio, uplink.rate if uplink else Fraction(_DEFAULT_RATE)
            )
        downlink = Downlink(uplink, recording, pairs)
    offer_url = options.url if uplink is not None and options.whip is None else None
    token = options.token.get_secret_value() if options.token else os.environ.get("ACUTANCE_PEER_TOKEN")
    made = Call(uplink, downlink, offer_url, options.whip, options.pull, token, codec, options.seconds)
    console = Console(stderr=True, quiet=options.json_ or not sys.stderr.isatty())
    statistics = await made.run(lambda made: watch(made, console))
    if downlink is not None and not downlink.returned:
        raise CallError(f"no video was returned: {made.ended}")
    return {**figures(made, statistics), **({"out": str(options.out)} if options.out else {})}


def _check(options: PeerOptions) -> None:
    chosen = [name for name in ("file", "camera", "screen") if getattr(options, name) is not None]
    if len(chosen) > 1:
        raise CallError(f"--{chosen[0]} and --{chosen[1]} exclude each other: only one source can be sent")
    if options.pull is not None and options.whip is None and chosen:
        raise CallError(
            f"--pull alone watches a stream: to send --{chosen[0]}, add --whip, or use --url instead of --pull"
        )
    if options.whip is not None and options.pull is None and (options.out or options.pairs):
        raise CallError("--whip alone returns no video to record: add --pull, the WHEP address of the same stream")
    if options.pairs is not None and options.whip is None and options.pull is not None:
        raise CallError("--pairs needs the sent frames as well: --pull alone sends none")


def _source(options: PeerOptions) -> Source | None:
    if options.file is not None:
        return file(options.file)
    if options.camera is not None:
        return camera(options.camera, options.size, options.rate, options.format)
    if options.screen is not None:
        return screen(options.screen, options.size, options.rate, options.format)
    if options.pull is not None and options.whip is None:
        return None
    return pattern(options.size, options.rate)


def _pairs(options: PeerOptions) -> Pairs | None:
    if options.pairs is None:
        return None
    try:
        return Pairs(options.pairs, options.pairs_every)
    except OSError as error:
        raise CallError(f"cannot write to {options.pairs}: {error.strerror or error}") from error


def _ignored(number: int, frame: object) -> None:
    """Without --pairs, originals are not saved."""

"""`acutance peer`: send a file, camera, screen or pattern to a server, get it back enhanced, measure it, keep it."""

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
    """Send a file, a camera, a screen or a test pattern to a server, watch what comes back, and keep it."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[Path | None, Field(description="a clip, sent at its own frame rate and with its sound")] = None
    camera: Annotated[
        str | None, Field(description="/dev/video0 on Linux, a number on macOS, video=NAME on Windows")
    ] = None
    screen: Annotated[
        str | None, Field(description=":0.0 (X11) on Linux, 'Capture screen 0' on macOS, desktop on Windows")
    ] = None
    format: Annotated[
        str | None, Field(description="FFmpeg's input device for --camera or --screen; none: the system's own")
    ] = None
    size: Annotated[
        str, Field(pattern=r"^\d{2,4}x\d{2,4}$", description="of camera, screen and test pattern, in pixels")
    ] = "1280x720"
    rate: Annotated[int, Field(ge=1, le=120, description="of camera, screen and test pattern, frames a second")] = (
        _DEFAULT_RATE
    )
    seconds: Annotated[
        float | None, Field(gt=0, description="end after as many; none: with the file, or by Ctrl-C")
    ] = None
    sound: Annotated[bool, Field(description="send a file's sound, too")] = True
    url: Annotated[str, Field(description="the server that returns the picture on the same connection")] = (
        "http://localhost:8080"
    )
    whip: Annotated[str | None, Field(description="publish to this WHIP endpoint, in the place of --url")] = None
    pull: Annotated[str | None, Field(description="watch this WHEP endpoint: after --whip, or alone")] = None
    token: Annotated[SecretStr | None, Field(description="bearer token; else that of ACUTANCE_PEER_TOKEN")] = None
    codec: Annotated[Literal["h264", "vp8"] | None, Field(description="none: h264, or what --out takes")] = None
    bitrate: Annotated[
        int | None,
        Field(ge=50_000, le=50_000_000, description="of what is sent, bits a second; none: good for the size"),
    ] = None
    out: Annotated[Path | None, Field(description="write what comes to this .mp4, .mkv or .webm")] = None
    pairs: Annotated[Path | None, Field(description="save frames as sent and as returned to this folder, as PNG")] = (
        None
    )
    pairs_every: Annotated[int, Field(ge=1, description="one of how many frames is saved")] = 30
    json_: Annotated[bool, Field(alias="json", description="print one line of JSON, and no table")] = False


def peer(options: PeerOptions) -> None:
    """Make a call and say how it went.

    Raises:
        CallError, RecordingError, SignallingError, SourceError: it did not come about, or broke off.
    """
    report = asyncio.run(call(options))
    if options.json_:
        print(json.dumps(report))
    else:
        Console().print(summary(report))


async def call(options: PeerOptions) -> dict[str, Any]:
    """Make a call and return its figures.

    Raises:
        CallError, RecordingError, SignallingError, SourceError: it did not come about, or broke off.
    """
    _check(options)
    codec = options.codec.upper() if options.codec else None
    codec = check(options.out, codec) if options.out else codec or "H264"
    pairs = _pairs(options)
    source = _source(options)
    uplink = None
    if source is not None:
        uplink = Uplink(
            source, codec, options.bitrate, options.seconds, options.sound, pairs.original if pairs else _ignored
        )
    downlink = None
    if options.whip is None or options.pull is not None:
        recording = None
        if options.out is not None:
            # A stream that is only watched may have sound: whether it has is known too late.
            recording = Recording(
                options.out, uplink is None or uplink.has_sound, uplink.rate if uplink else Fraction(_DEFAULT_RATE)
            )
        downlink = Downlink(uplink, recording, pairs)
    offer_url = options.url if uplink is not None and options.whip is None else None
    token = options.token.get_secret_value() if options.token else os.environ.get("ACUTANCE_PEER_TOKEN")
    made = Call(uplink, downlink, offer_url, options.whip, options.pull, token, codec, options.seconds)
    console = Console(stderr=True, quiet=options.json_ or not sys.stderr.isatty())
    line = await made.run(lambda made: watch(made, console))
    if downlink is not None and not downlink.returned:
        raise CallError(f"no picture came back: {made.ended}")
    return {**figures(made, line), **({"out": str(options.out)} if options.out else {})}


def _check(options: PeerOptions) -> None:
    chosen = [name for name in ("file", "camera", "screen") if getattr(options, name) is not None]
    if len(chosen) > 1:
        raise CallError(f"--{chosen[0]} and --{chosen[1]}: one of them can be sent")
    if options.pull is not None and options.whip is None and chosen:
        raise CallError(f"--pull alone watches: --{chosen[0]} needs --whip, too, or --url in the place of --pull")
    if options.whip is not None and options.pull is None and (options.out or options.pairs):
        raise CallError("--whip alone brings nothing back to keep: add --pull, the WHEP address of the same stream")
    if options.pairs is not None and options.whip is None and options.pull is not None:
        raise CallError("--pairs needs what was sent, too: --pull alone only watches")


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
    """Without --pairs originals are not kept."""

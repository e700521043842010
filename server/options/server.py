"""All options of `acutance serve`: each with its flag, its environment variable and its line in acutance.toml."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from acutance.model.engine import catalog
from acutance.server.options.access import AccessOptions
from acutance.server.options.forwarding import ForwardOptions
from acutance.server.options.limits import LimitOptions
from acutance.server.options.network import NetworkOptions
from acutance.server.options.session_limits import (
    MAX_BITRATE,
    MAX_OUTPUT_HEIGHT,
    MIN_BITRATE,
    MIN_OUTPUT_HEIGHT,
    Limits,
)

# The value of --student that lets the server choose.
AUTO = "auto"


class ServeOptions(LimitOptions, AccessOptions, NetworkOptions, ForwardOptions, BaseSettings):
    """Start the server: the page at /, signalling at /offer, WHIP at /whip, its state at /health."""

    # A flag wins over ACUTANCE_… in the environment, which wins over acutance.toml in the working directory.
    model_config = SettingsConfigDict(
        env_prefix="ACUTANCE_", toml_file=Path("acutance.toml"), extra="forbid", cli_kebab_case=True
    )

    host: Annotated[
        str, Field(description="Address to listen on; browsers grant camera access only on localhost or over HTTPS")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="TCP port to listen on; 0: any free port")] = 8080
    student: Annotated[
        str,
        Field(
            description=f"Model that sharpens: auto (the best of {', '.join(catalog.LADDER)} that runs in real time), "
            "the name of the best one to use, or the path of an .onnx file"
        ),
    ] = AUTO
    governor: Annotated[
        bool, Field(description="Switch to a cheaper student, or to none, when this host cannot keep up")
    ] = Limits.govern
    upscale: Annotated[
        bool, Field(description="Enlarge frames that the sender reduced to the size that the call began with")
    ] = Limits.upscale
    output_height: Annotated[
        int | None,
        Field(
            ge=MIN_OUTPUT_HEIGHT,
            le=MAX_OUTPUT_HEIGHT,
            description="Shorter side of the returned frames in pixels; none: the size that the call began with",
        ),
    ] = Limits.output_height
    provider: Annotated[
        Literal["auto", "tensorrt", "cuda", "cpu"],
        Field(description="ONNX Runtime execution provider of the students; auto: CUDA if available, else CPU"),
    ] = "auto"
    threads: Annotated[
        int, Field(ge=0, le=256, description="CPU threads of one inference; 0: half of the available processors")
    ] = 0
    admission: Annotated[
        bool, Field(description="Refuse a session (503) that would push the others below their frame rate")
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

    @model_validator(mode="after")
    def _check_forwarders(self) -> "ServeOptions":
        if self.forward_host and self.open:
            raise ValueError("--forward-host with --open lets anyone forward streams: use tokens instead of --open")
        if self.forward_host and self.requires_token and not self.forward_operator:
            raise ValueError("--forward-host with tokens needs --forward-operator NAME: who may forward streams")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def limits(self) -> Limits:
        """Limits of one session."""
        return Limits(
            max_bitrate=self.max_bitrate,
            handshake_timeout=self.handshake_timeout,
            idle_timeout=self.idle_timeout,
            upscale=self.upscale,
            output_height=self.output_height,
            govern=self.governor,
            max_session_length=self.max_session_length,
            max_frame_pixels=self.max_frame_pixels,
            max_frame_rate=self.max_frame_rate,
            max_messages_per_second=self.max_messages_per_second,
            max_candidates=self.max_candidates,
        )

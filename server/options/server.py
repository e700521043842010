"""Every option once: its flag, its environment variable, its line in acutance.toml."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from acutance.model.engine import catalog
from acutance.server.encoding.bitrate import FLOOR
from acutance.server.options.access import AccessOptions
from acutance.server.options.limits import LimitOptions
from acutance.server.options.network import NetworkOptions
from acutance.server.options.session_limits import Limits
from acutance.server.students.ladder import AUTO
from acutance.server.video.output_size import SHORTEST


class ServeOptions(LimitOptions, AccessOptions, NetworkOptions):
    """Start the server: the page at /, signalling at /offer, its state at /health."""

    # A flag wins over ACUTANCE_… in the environment, that over acutance.toml in the working directory.
    model_config = SettingsConfigDict(
        env_prefix="ACUTANCE_", toml_file=Path("acutance.toml"), extra="forbid", cli_kebab_case=True
    )

    host: Annotated[
        str, Field(description="address to listen on; browsers give a camera only to localhost or HTTPS")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="TCP port of the page; 0 for a free one")] = 8080
    student: Annotated[
        str,
        Field(
            description=f"auto ({', '.join(catalog.LADDER)}: the best that a call can afford), one of them as the "
            "best, another that ships, or the path of an .onnx file"
        ),
    ] = AUTO
    governor: Annotated[
        bool, Field(description="take a cheaper student, or none, where the machine cannot keep up")
    ] = Limits.govern
    upscale: Annotated[
        bool, Field(description="bring a picture that the sender reduced back to the size that the call began with")
    ] = Limits.upscale
    output_height: Annotated[
        int | None,
        Field(ge=64, le=SHORTEST, description="of the returned picture's shorter side; none: as the call began"),
    ] = Limits.output_height
    provider: Annotated[
        Literal["auto", "tensorrt", "cuda", "cpu"],
        Field(description="where the student runs; auto: CUDA, else CPU"),
    ] = "auto"
    threads: Annotated[
        int, Field(ge=0, le=256, description="CPU threads of one inference; 0: half of those that there are")
    ] = 0
    admission: Annotated[
        bool, Field(description="refuse a peer, with 503, that would push the others below their frame rate")
    ] = True
    max_bitrate: Annotated[
        int, Field(ge=FLOOR, le=100_000_000, description="of the returned picture, bits a second")
    ] = Limits.max_bitrate
    handshake_timeout: Annotated[float, Field(gt=0, le=300, description="seconds until a peer must be connected")] = (
        Limits.handshake_timeout
    )
    idle_timeout: Annotated[
        float, Field(gt=0, le=3600, description="seconds without media until a peer counts as gone")
    ] = Limits.idle_timeout
    drain: Annotated[
        float, Field(ge=0, le=86_400, description="seconds that calls may go on after SIGTERM; SIGINT does not wait")
    ] = 20
    log_format: Annotated[
        Literal["console", "json"], Field(description="lines for people, or an object a line for programs")
    ] = "console"
    log_addresses: Annotated[bool, Field(description="log peers' addresses and each request too")] = False
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="least level logged")] = "info"

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
        """What one session may take."""
        return Limits(
            self.max_bitrate,
            self.handshake_timeout,
            self.idle_timeout,
            self.upscale,
            self.output_height,
            self.governor,
            self.max_session_length,
            self.max_frame_pixels,
            self.max_frame_rate,
            self.max_messages_per_second,
            self.max_candidates,
        )

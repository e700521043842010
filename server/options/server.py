"""All options of `acutance serve`, from flags, environment variables and acutance.toml."""

from pathlib import Path

from pydantic import model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from acutance.server.options.access import AccessOptions
from acutance.server.options.forwarding import ForwardOptions
from acutance.server.options.learning import LearningOptions
from acutance.server.options.limits import LimitOptions
from acutance.server.options.network import NetworkOptions
from acutance.server.options.serving import ServingOptions
from acutance.server.options.session_limits import Limits
from acutance.server.options.session_options import limits_of


# The fields of the last class come first in --help.
class ServeOptions(
    ForwardOptions, NetworkOptions, LimitOptions, AccessOptions, LearningOptions, ServingOptions, BaseSettings
):
    """Start the server: the page at /, signalling at /offer, WHIP at /whip, its state at /health."""

    # Precedence: flag, ACUTANCE_… in the environment, acutance.toml in the working directory.
    model_config = SettingsConfigDict(
        env_prefix="ACUTANCE_", toml_file=Path("acutance.toml"), extra="forbid", cli_kebab_case=True
    )

    @model_validator(mode="after")
    def _check_forwarders(self) -> "ServeOptions":
        if self.forward_host and self.open:
            raise ValueError("--forward-host with --open lets anyone forward streams: use tokens instead of --open")
        if self.forward_host and self.requires_token and not self.forward_operator:
            raise ValueError("--forward-host with tokens needs --forward-operator, which names who may forward streams")
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
        """Return the sources of option values, the one with the highest precedence first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def limits(self) -> Limits:
        """Limits of one session."""
        return limits_of(self, self)

"""Applies the settings that a peer chooses, within the limits of the server."""

from collections.abc import Callable
from typing import Any

from acutance.server.encoding.bitrate import RateControl
from acutance.server.options.serving import AUTO
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.settings import SessionSettings, SettingError, read_message
from acutance.server.students.ladder import Ladder
from acutance.server.video.choices import Choices, governors


class AppliedSettings:
    """The settings of one session that are in effect.

    Attributes:
        settings: the last applied settings.
    """

    def __init__(
        self,
        ladder: Ladder,
        limits: Limits,
        choices: Choices,
        rate: RateControl | None,
        settings: SessionSettings,
        forget: Callable[[], object] = lambda: None,
    ):
        """Apply the settings of the offer.

        Args:
            ladder: the students of the server.
            limits: limits of the session.
            choices: the choices of the session's pipeline, which `apply` changes.
            rate: rate control of the returned video; None if no video is returned.
            settings: the settings in the offer.
            forget: forgets what is remembered of the call.

        Raises:
            SettingError: the server has no such student.
        """
        self._ladder = ladder
        self._limits = limits
        self._choices = choices
        self._rate = rate
        self._forget = forget
        self.apply(settings)

    def receive(self, message: str | bytes) -> dict[str, Any]:
        """Obey a message of the data channel; return the reply: ``applied``, ``forgotten`` or ``refused``."""
        try:
            fields = read_message(message)
            if fields is None:
                self._forget()
                return {"type": "forgotten"}
            self.apply(self.settings.changed(fields))
        except SettingError as error:
            return {"type": "refused", "message": str(error)}
        return {"type": "applied", **self.settings.model_dump()}

    def apply(self, settings: SessionSettings) -> None:
        """Apply settings from the next frame on.

        Raises:
            SettingError: the server has no such student; the previous settings stay in effect.
        """
        limits, choices = self._limits, self._choices
        name = self._ladder.rungs[0].name if settings.student == AUTO else settings.student
        try:
            rungs = self._ladder.from_rung(name)
        except KeyError:
            names = ", ".join((AUTO, *(rung.name for rung in self._ladder.rungs)))
            raise SettingError(f"there is no student {name!r} here, only {names}") from None
        if rungs != choices.governor.rungs:
            failures = choices.governor.failures
            choices.governor, choices.recalling = governors(self._ladder, rungs, failures, steady=not limits.govern)
        choices.strength, choices.enhance = settings.strength, settings.enhance
        choices.remember = settings.remember
        if not settings.remember:
            self._forget()
        choices.output.height = settings.output_height or limits.output_height
        if self._rate is not None:
            self._rate.maximum = min(settings.max_bitrate or limits.max_bitrate, limits.max_bitrate)
        self.settings = settings

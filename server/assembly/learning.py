"""Learning of running calls, built from the options."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from acutance.model.engine.failover import open_engine, open_engine_on
from acutance.model.engine.providers import OPENVINO
from acutance.model.engine.sharpener import Sharpener
from acutance.server.assembly.http_parts import AssemblyError
from acutance.server.learning.kept_weights import KeptWeights
from acutance.server.learning.learning import Learning
from acutance.server.learning.process import MODULE, environment
from acutance.server.options.learning import LearningOptions
from acutance.server.options.server import ServeOptions
from acutance.server.options.session_options import SessionOptions
from acutance.server.options.values import revealed
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.load import Load

_CHECK_S = 60.0


def check(options: LearningOptions) -> None:
    """Check that the interpreter has what learning needs; takes half a second.

    Raises:
        AssemblyError: it has not.
    """
    if not options.learn:
        return
    interpreter = python(options)
    try:
        checked = subprocess.run(
            [interpreter, "-m", MODULE, "--check"],
            capture_output=True,
            text=True,
            timeout=_CHECK_S,
            env=environment(os.environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AssemblyError(f"--learn: {interpreter} cannot be run: {error}") from error
    if checked.returncode:
        why = (checked.stderr.strip().splitlines() or [f"exit status {checked.returncode}"])[-1]
        raise AssemblyError(
            f"--learn: {interpreter} has not what training needs ({why}): install acutance[train] there, or name the "
            "interpreter of another environment by --learn-python"
        )


def make_learning(options: SessionOptions | ServeOptions, ladder: Ladder) -> Callable[[Load], Learning] | None:
    """Return what makes the learning of a server; None without one."""
    if not options.learn:
        return None
    kept = None
    if options.remember_folder is not None:
        kept = KeptWeights(options.remember_folder, options.remember, revealed(options.remember_key))

    def open_student(file: Path, like: Sharpener) -> Sharpener:
        if like.provider == "CPU" or like.provider in OPENVINO:
            return open_engine_on(file, like.provider, options.threads)
        return open_engine(file, options.provider, options.threads)

    return lambda load: Learning(python(options), ladder, load, open_student, kept)


def python(options: LearningOptions) -> str:
    """Return the interpreter of the environment for training."""
    return str(options.learn_python or sys.executable)

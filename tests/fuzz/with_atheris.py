"""Fuzzes a door with atheris, which keeps inputs that reach new branches: ``make fuzz-branches DOOR=offer``."""

import sys

import atheris

with atheris.instrument_imports(include=["server", "aiortc.sdp"]):
    from tests.fuzz import doors
    from tests.fuzz.corpus import CORPUS, FOUND


def main() -> None:
    """Fuzz the door named by the first argument; the rest are options of libFuzzer, such as ``-max_total_time=60``."""
    name, *options = sys.argv[1:]
    door = {door.name: door for door in doors.DOORS}[name]
    # libFuzzer writes the inputs that it keeps into the first folder, and reads all folders.
    kept = FOUND / "branches" / name
    kept.mkdir(parents=True, exist_ok=True)
    found = f"-artifact_prefix={FOUND}/"  # the default is the working directory
    atheris.Setup([sys.argv[0], found, *options, str(kept), str(CORPUS / name)], door.try_with)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""A door under atheris, which keeps what takes a branch that nothing took before: ``make fuzz-branches DOOR=offer``."""

import sys

import atheris

with atheris.instrument_imports(include=["server", "aiortc.sdp"]):
    from tests.fuzz import doors
    from tests.fuzz.corpus import CORPUS, FOUND


def main() -> None:
    """Fuzz the door that is named first; what follows are options of libFuzzer's, such as ``-max_total_time=60``."""
    name, *options = sys.argv[1:]
    door = {door.name: door for door in doors.DOORS}[name]
    # libFuzzer writes what it keeps into the first folder, and reads all.
    kept = FOUND / "branches" / name
    kept.mkdir(parents=True, exist_ok=True)
    found = f"-artifact_prefix={FOUND}/"  # else it lands where one stands
    atheris.Setup([sys.argv[0], found, *options, str(kept), str(CORPUS / name)], door.try_with)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

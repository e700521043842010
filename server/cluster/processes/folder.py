"""The folder of Ray's logs and sockets."""

import os
import stat
from pathlib import Path

from acutance.server.cluster.errors import ClusterError

# Not $TMPDIR: the path of a socket has at most 104 bytes, of which Ray needs 75.
_ROOT = Path(os.sep, "tmp")
# Names the folder in Ray, which uses a subfolder.
VARIABLE = "RAY_TMPDIR"


def private_folder(root: Path = _ROOT) -> Path:
    """Return a folder that only this user can open, or the one that ``RAY_TMPDIR`` names. It is made if there is none.

    Ray lets all users of a machine open the folder that it makes itself: its sockets, and logs with addresses.

    Raises:
        ClusterError: another user has made it, or others can open it.
    """
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    user = os.getuid()
    folder = root / f"acutance-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != user or stat.S_IMODE(state.st_mode) & 0o077:
        raise ClusterError(f"other users can open {folder}: delete it, or name another folder ({VARIABLE})")
    return folder

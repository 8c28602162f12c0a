"""Claims of processes on devices, which end with the process, however it ends."""

import fcntl
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO


def claim_fewest(devices: Sequence[str], folder: Path) -> tuple[int, int, IO]:
    """Claim the device with the fewest claims in `folder`: its number, the number of other claims, and the claim.

    A claim is a locked file, named after its device; it ends when the file is closed.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    with open(folder / "gate", "w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)  # one process at a time counts and claims
        claims = [sum(map(is_held, folder.glob(f"{device}.*"))) for device in devices]
        number = claims.index(min(claims))
        claim = tempfile.NamedTemporaryFile(dir=folder, prefix=f"{devices[number]}.")  # noqa: SIM115 (stays open)
        fcntl.flock(claim, fcntl.LOCK_EX)
    return number, claims[number], claim


def is_held(claim: Path) -> bool:
    """Whether the process that made a claim still runs; the file that a killed one left is removed."""
    try:
        with open(claim) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # it ended just now
        return False
    claim.unlink(missing_ok=True)
    return False

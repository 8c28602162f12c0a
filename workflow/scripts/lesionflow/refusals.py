"""What the machine refuses, which is no fault of this program: one sentence each, with what to do about it."""

import errno
import re

ADVICE = {
    errno.ENOSPC: "make room on that disk, then start the same command again",
    errno.EDQUOT: "your quota there is used up, so make room, then start the same command again",
    errno.EFBIG: "lift the limit on file sizes (`ulimit -f`), or work on another disk (`--directory`)",
    errno.EROFS: "work in a folder that can be written to (`--directory`)",
    errno.EACCES: "change its permissions or its owner, or work in another folder (`--directory`)",
    errno.ENAMETOOLONG: "give shorter names to images, or to what the config names",
    errno.EMFILE: "allow more open files (`ulimit -n 4096`)",
    errno.ENOENT: "put it back if it is yours, and start the same command again, which makes what is its own",
    errno.EISDIR: "put a file in the place of the folder",
    errno.ENOTDIR: "put a folder in the place of the file",
    errno.EIO: "its disk, or the connection to it, is faulty, so check it or move to another one",
}
ADVICE |= {errno.EPERM: ADVICE[errno.EACCES], errno.ENFILE: ADVICE[errno.EMFILE]}
# What torch says, whose errors have no class of their own on a processor.
NO_MEMORY = re.compile("out of memory|can't allocate memory|ALLOC_FAILED")


def refusal(error: Exception) -> str | None:
    """What to tell the user of `error`; None if it is a fault of this program."""
    if isinstance(error, OSError) and error.errno in ADVICE:
        return f"{error.filename or 'A file'} cannot be used ({error.strerror}): {ADVICE[error.errno]}."
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        where = " of the GPU" if "CU" in str(error) else ""
        return (
            f"The memory{where} is not enough: lower `batch_size` of the protocol or `image_size`, let fewer steps run "
            "at a time, or take a machine with more."
        )
    return None

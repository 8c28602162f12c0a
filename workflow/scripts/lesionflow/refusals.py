"""One-sentence messages, with a remedy, for system errors that are not bugs."""

import errno
import re

ADVICE = {
    errno.ENOSPC: "free some space on that disk, then start the same command again",
    errno.EDQUOT: "your quota there is used up, so free some space, then start the same command again",
    errno.EFBIG: "raise the limit on file sizes (`ulimit -f`), or work on another disk (`--directory`)",
    errno.EROFS: "work in a folder that can be written to (`--directory`)",
    errno.EACCES: "change its permissions or its owner, or work in another folder (`--directory`)",
    errno.ENAMETOOLONG: "shorten the names of images, or the names in the config",
    errno.EMFILE: "allow more open files (`ulimit -n 4096`)",
    errno.ENOENT: "restore it if it is a file of yours, then start the same command again, which recreates its own",
    errno.EISDIR: "replace the folder with a file",
    errno.ENOTDIR: "replace the file with a folder",
    errno.EIO: "its disk, or the connection to it, is faulty, so check it or move to another one",
}
ADVICE |= {errno.EPERM: ADVICE[errno.EACCES], errno.ENFILE: ADVICE[errno.EMFILE]}
# Messages of torch, which raises a plain RuntimeError on CPUs.
NO_MEMORY = re.compile("out of memory|can't allocate memory|ALLOC_FAILED")


def refusal(error: Exception) -> str | None:
    """Return the message for `error`, or None if it is a bug of this program."""
    if isinstance(error, OSError) and error.errno in ADVICE:
        return f"{error.filename or 'A file'} cannot be used ({error.strerror}): {ADVICE[error.errno]}."
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        where = " on the GPU" if "CU" in str(error) else ""
        return (
            f"There is not enough memory{where}: lower `batch_size` of the protocol or `image_size`, run fewer steps "
            "at a time, or use a machine with more."
        )
    return None

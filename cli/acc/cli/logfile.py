"""The log of `acc proxy`: where a cause can be read when ssh has sent stderr to /dev/null.

One line an event, appended in one write, so that many processes can share the file. When it has grown past MAX_LOG
it is renamed to `acc.log.1`, over the one before. A log that cannot be written is not worth a connection: it is
left out.
"""

import os
import time

from acc.cli import directories
from acc.wire.errors import AccError

MAX_LOG = 1 << 20


def path() -> str:
    """Where the log is kept."""
    return os.path.join(directories.state(), "acc.log")


def write(text: str) -> None:
    """Appends one line: time, process, `text`."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = f"{stamp} {os.getpid()} {text}\n".encode(errors="backslashreplace")
    try:
        where = path()
        os.makedirs(os.path.dirname(where), mode=0o700, exist_ok=True)
        descriptor = os.open(where, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if os.fstat(descriptor).st_size > MAX_LOG:
                os.replace(where, f"{where}.1")
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except (OSError, AccError):
        return

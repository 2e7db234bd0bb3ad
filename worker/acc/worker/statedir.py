"""The state directory: what a worker must not forget, on disk.

    worker.json        who it is and whom it talks to; written last at enrolment
    identity.pem       its private key and certificate, in one file so that they are replaced together
    ca.pem             the CA that it trusts
    ticket-keys.json   the public keys that verify tickets
    spool              reports that no controller has accepted yet

Rule: the directory is 0700 and every file 0600, and both belong to whoever runs the worker. A file is replaced in one
step, so that a crash leaves the old one or the new one.

Refuses to read a directory or file that others may read or write, and a directory that another process uses.
"""

import fcntl
import os
import stat
from pathlib import Path

from acc.wire.errors import AccError, Code

WORKER = "worker.json"
IDENTITY = "identity.pem"
CA = "ca.pem"
TICKET_KEYS = "ticket-keys.json"
SPOOL = "spool"

MAX_FILE = 1 << 20
"""No file but the spool is ever near this; a longer one is not ours."""


class StateDir:
    """One state directory, held by this process alone until `close`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def close(self) -> None:
        """Lets another process use the directory."""
        os.close(self._descriptor)

    def holds(self, name: str) -> bool:
        """True if the file is there."""
        return (self.path / name).exists()

    def checked(self, name: str) -> Path:
        """The path of an existing file that nobody else may touch. Raises AccError(CONFIG)."""
        path = self.path / name
        try:
            _check_private(path, path.lstat(), stat.S_IFREG)
        except FileNotFoundError:
            raise AccError(Code.CONFIG, f"{path} is missing: run acc-worker enroll") from None
        return path

    def read(self, name: str) -> bytes:
        """What is in the file, up to MAX_FILE bytes."""
        path = self.checked(name)
        if path.stat().st_size > MAX_FILE:
            raise AccError(Code.CONFIG, f"{path} is too large")
        return path.read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Puts `data` in place of the file, on disk before it is visible."""
        fresh = self.path / f".{name}.new"
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)
        os.fsync(self._descriptor)


def create_state(path: Path) -> StateDir:
    """The directory at `path`, made if it is missing. Raises AccError(CONFIG)."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AccError(Code.CONFIG, f"cannot make {path}: {error.strerror}") from None
    return open_state(path)


def open_state(path: Path) -> StateDir:
    """The directory at `path`, locked for this process. Raises AccError(CONFIG)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise AccError(Code.CONFIG, f"cannot use {path}: {error.strerror}") from None
    try:
        _check_private(path, os.fstat(descriptor), stat.S_IFDIR)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AccError(Code.CONFIG, f"{path} is used by another acc-worker") from None
    except AccError:
        os.close(descriptor)
        raise
    return StateDir(path, descriptor)


def _check_private(path: Path, found: os.stat_result, kind: int) -> None:
    if stat.S_IFMT(found.st_mode) != kind:
        raise AccError(Code.CONFIG, f"{path} is not what it should be")
    if found.st_uid != os.geteuid():
        raise AccError(Code.CONFIG, f"{path} belongs to another user")
    if found.st_mode & 0o077:
        mode = "0700" if kind == stat.S_IFDIR else "0600"
        raise AccError(Code.CONFIG, f"others may use {path}: make its mode {mode}")

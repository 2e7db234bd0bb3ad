"""Where acc keeps its files, and who else may touch them.

    config   $XDG_CONFIG_HOME/acc  or ~/.config/acc         the profile and the copy of its CA
    state    $XDG_STATE_HOME/acc   or ~/.local/state/acc    the token where there is no keyring, the log
    cache    $XDG_CACHE_HOME/acc   or ~/.cache/acc          names that a shell may offer
    runtime  $XDG_RUNTIME_DIR/acc  or <state>/run           tickets; gone after a reboot where the system does that

Rule: what is read here was written by the same user and could not have been changed by another; what is written
here appears whole, with mode 0600. Only the standard library: `acc proxy` reads through this module before its
first byte.

Refuses a runtime directory or a private file that another user owns or may enter, and relative XDG paths, which
the XDG specification says to ignore.
"""

import os
import stat

from acc.wire.errors import AccError, Code

MAX_FILE = 64 * 1024
"""No file of ours comes near this; a longer one is not ours."""

OTHERS = 0o077
OTHERS_WRITE = 0o022


def config() -> str:
    """The directory of the profile; it need not exist."""
    return os.path.join(_base("XDG_CONFIG_HOME", ".config"), "acc")


def state() -> str:
    """The directory of the token file and the log; it need not exist."""
    return os.path.join(_base("XDG_STATE_HOME", ".local/state"), "acc")


def cache() -> str:
    """The directory of names that were seen; it need not exist."""
    return os.path.join(_base("XDG_CACHE_HOME", ".cache"), "acc")


def runtime() -> str:
    """The directory of tickets, which exists and is ours alone on return."""
    parent = os.environ.get("XDG_RUNTIME_DIR", "")
    # After `su` the variable names the directory of the user before: not ours, so not used.
    if os.path.isabs(parent) and _owned_directory(parent):
        path = os.path.join(parent, "acc")
    else:
        path = os.path.join(state(), "run")
    private(path)
    return path


def private(path: str) -> None:
    """Make the directory `path`, or refuse the one that is there unless it is ours alone (0700)."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.makedirs(path, mode=0o700, exist_ok=True)
        found = os.lstat(path)
    except OSError as error:
        raise AccError(Code.CONFIG, f"{path}: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise AccError(Code.CONFIG, f"{path} is not a directory")
    _check_owner(path, found, OTHERS)


def read(path: str, others: int) -> str | None:
    """The text of our file at `path`, or None if there is none. `others` are mode bits that it must not have."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise AccError(Code.CONFIG, f"{path}: {error.strerror}") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise AccError(Code.CONFIG, f"{path} is not a file")
    with open(descriptor, "rb") as file:
        _check_owner(path, found, others)
        raw = file.read(MAX_FILE + 1)
    if len(raw) > MAX_FILE:
        raise AccError(Code.CONFIG, f"{path} is longer than {MAX_FILE} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise AccError(Code.CONFIG, f"{path} is not text") from None


def write(path: str, text: str) -> None:
    """Put `text` at `path` in one step, mode 0600: a reader finds the old file or the new one, never a part."""
    beside = f"{path}.{os.urandom(6).hex()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(beside, path)
        except OSError:
            os.unlink(beside)
            raise
    except OSError as error:
        raise AccError(Code.CONFIG, f"{path}: {error.strerror}") from None


def remove(path: str) -> None:
    """Remove the file at `path`, if there is one."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise AccError(Code.CONFIG, f"{path}: {error.strerror}") from None


def _base(variable: str, below_home: str) -> str:
    given = os.environ.get(variable, "")
    if os.path.isabs(given):
        return given
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise AccError(Code.CONFIG, "there is no home directory; set HOME")
    return os.path.join(home, below_home)


def _owned_directory(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _check_owner(path: str, found: os.stat_result, others: int) -> None:
    if found.st_uid != os.geteuid():
        raise AccError(Code.CONFIG, f"{path} belongs to another user")
    if found.st_mode & others:
        mode = stat.S_IMODE(found.st_mode)
        raise AccError(Code.CONFIG, f"{path} is open to other users (mode {mode:04o}); run: chmod go-rwx {path}")

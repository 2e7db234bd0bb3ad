"""`acc __complete PREFIX PLURAL...`: what a shell offers for a name. The scripts in shell-completions/ run it.

Rule: it answers from files and at once, says nothing else than values, and always succeeds: an error in a prompt helps
nobody. Where the files are old it leaves a process behind that asks the controller, detached from the shell, at most
one for each type, and dead after `REFRESH_SECONDS`. No click, no HTTP before that process.
"""

import os
import sys

from acc.cli import directories, offers, profile
from acc.cli.profile import Profile
from acc.wire.errors import AccError

REFRESH_SECONDS = 20
MAX_OFFERED = 1000


def main(arguments: list[str]) -> int:
    """Print the values that begin with the first argument, of each type that the others name."""
    try:
        chosen = profile.load()
        prefix, plurals = arguments[0], arguments[1:]
        found = [offer for plural in plurals for offer in offers.kept(chosen, plural) if offer[0].startswith(prefix)]
        sys.stdout.write("".join(f"{value}\t{words}\n" for value, words in found[:MAX_OFFERED]))
        sys.stdout.flush()
        for plural in plurals:
            if offers.is_due(chosen, plural):
                _refresh_detached(chosen, plural)
    except (AccError, OSError, IndexError):
        pass  # nobody is logged in, or nothing can be read or written: there is nothing to offer
    return 0


def _refresh_detached(chosen: Profile, plural: str) -> None:
    """Leave a process of its own session behind, which holds nothing of the shell's."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    status = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        _refresh(chosen, plural)
        status = 0
    finally:
        os._exit(status)  # whatever it was: there is nobody to tell


def _refresh(chosen: Profile, plural: str) -> None:
    import fcntl  # noqa: PLC0415  only where the files are old
    import signal  # noqa: PLC0415  likewise

    signal.alarm(REFRESH_SECONDS)
    path = offers.asked_path(chosen, plural)
    directories.private(os.path.dirname(path))
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    os.utime(descriptor)

    from acc.cli.resource.offering import everything  # noqa: PLC0415  click and HTTP, in nobody's way now

    offers.replace(chosen, plural, everything(chosen, plural))

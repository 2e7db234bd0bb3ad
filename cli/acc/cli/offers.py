"""What a shell may offer: names and ids that were seen lately, one small file for each type of resource.

    <cache>/<controller host>_<port>/<holder>/<plural>      a value and a few words on a line, newest first; mode 0600
    <cache>/<controller host>_<port>/<holder>/<plural>.asked    its time: when a refresh was last begun

`holder` is who is logged in: what one person may see is not offered to another.

Rule: only what is a name by acc's grammar is kept, words included, because a shell will see it. A file that is missing,
foreign or broken offers nothing; one that cannot be written is not worth a command that failed. Only the standard
library: a person waits for it with a finger on the key.
"""

import os
import time

from acc.cli import credentials, directories
from acc.cli.profile import Profile
from acc.wire.errors import AccError
from acc.wire.names import is_name

MAX_BYTES = 60_000
"""Of one file: some thousand names, and less than what `directories` reads."""

FRESH = 30.0
"""Seconds for which no refresh is begun after the last one."""

Offer = tuple[str, str]
"""A value, and a few words about it."""


def kept(profile: Profile, plural: str) -> list[Offer]:
    """What is known of a type."""
    text = directories.read(_path(profile, plural), directories.OTHERS) or ""
    pairs = (line.partition("\t") for line in text.splitlines())
    return [(value, words) for value, _, words in pairs if is_name(value)]


def known(profile: Profile, plural: str) -> list[str]:
    """The names that are known of a type; none where what was noted cannot be used."""
    try:
        return [value for value, _ in kept(profile, plural)]
    except AccError:
        return []


def replace(profile: Profile, plural: str, offers: list[Offer]) -> None:
    """`offers` are all that there is."""
    lines: list[str] = []
    room = MAX_BYTES
    for value, words in dict(offer for offer in offers if is_name(offer[0])).items():
        said = " ".join(word for word in words.split() if is_name(word))
        line = f"{value}\t{said}\n"
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    path = _path(profile, plural)
    directories.private(os.path.dirname(path))
    directories.write(path, "".join(lines))


def add(profile: Profile, plural: str, offers: list[Offer]) -> None:
    """`offers` were seen too."""
    try:
        before = kept(profile, plural)
        replace(profile, plural, offers + [offer for offer in before if offer not in offers])
    except AccError:
        return  # the command has what it was run for


def is_due(profile: Profile, plural: str) -> bool:
    """True where the last refresh was begun too long ago."""
    try:
        begun = os.stat(asked_path(profile, plural)).st_mtime
    except OSError:
        return True
    return not 0 <= time.time() - begun < FRESH


def asked_path(profile: Profile, plural: str) -> str:
    """The file whose time says when a refresh was begun, and whose lock says that one runs."""
    return f"{_path(profile, plural)}.asked"


def directory(profile: Profile) -> str:
    """Where everything of this controller is kept, whoever saw it; it need not exist."""
    host, port = profile.authority()
    return os.path.join(directories.cache(), f"{host}_{port}")


def _path(profile: Profile, plural: str) -> str:
    return os.path.join(directory(profile), credentials.holder(profile), plural)

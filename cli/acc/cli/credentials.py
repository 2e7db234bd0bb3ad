"""The login token: where it comes from and where it is put.

Found in this order: ACC_TOKEN; the file store, where the profile says so; the system's keyring. `keyring` is
imported only where it must be asked, for it costs more than all of `acc proxy`.

Rule: a token is in an environment variable, in the keyring or in a file that only its owner can read; never in an
argument, a URL, a log or an error. It is bound to the address that issued it (the keyring's user name, or the
profile's address for the file).

Refuses a token file that others could read, and a token that does not fit into a header.
"""

import os

from acc.cli import directories
from acc.cli.profile import Profile
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name

SERVICE = "acc"
MAX_TOKEN = 512

_NO_BACKEND = ("keyring.backends.fail", "keyring.backends.null")


def token(profile: Profile) -> str:
    """The token to present to `profile.addr`. Raises LOGIN_REQUIRED where there is none."""
    given = os.environ.get("ACC_TOKEN", "").strip()
    if given:
        return _presentable(given, "ACC_TOKEN")
    match profile.token_store:
        case "file":
            found = directories.read(path(), directories.OTHERS)
        case "keyring":
            found = _ask_keyring(profile.addr)
        case _:
            found = None
    if not found:
        raise AccError(Code.LOGIN_REQUIRED, f"there is no token for {profile.addr}")
    return _presentable(found.strip(), "the stored token")


def holder(profile: Profile) -> str:
    """Who is logged in, as a word for a file name: the public half of ACC_TOKEN, or the user of the profile."""
    given = os.environ.get("ACC_TOKEN", "").strip()
    word = "_".join(given.split("_")[:2]) if given else profile.user_id
    if not is_name(word):
        raise AccError(Code.LOGIN_REQUIRED, f"there is no token for {profile.addr}")
    return word


def path() -> str:
    """Where the file store keeps the token."""
    return os.path.join(directories.state(), "token")


def store(addr: str, text: str) -> str:
    """Keep the token `text` of `addr`, and name the place: "keyring" or "file"."""
    if _put_keyring(addr, text):
        directories.remove(path())
        return "keyring"
    directories.write(path(), text + "\n")
    return "file"


def forget(profile: Profile) -> None:
    """Remove the stored token of `profile`, wherever it is."""
    directories.remove(path())
    match profile.token_store:
        case "keyring":
            _drop_keyring(profile.addr)
        case _:
            return


def _presentable(text: str, where: str) -> str:
    if not 0 < len(text) <= MAX_TOKEN or not all("!" <= character <= "~" for character in text):
        raise AccError(Code.LOGIN_REQUIRED, f"{where} is not a token")
    return text


def _ask_keyring(addr: str) -> str | None:
    import keyring  # noqa: PLC0415  costs 110 ms, so only where it must be asked
    from keyring.errors import KeyringError  # noqa: PLC0415  likewise

    try:
        return keyring.get_password(SERVICE, addr)
    except KeyringError as error:
        raise AccError(Code.LOGIN_REQUIRED, f"the keyring does not give the token: {error}") from None


def _put_keyring(addr: str, text: str) -> bool:
    """True if a keyring has the token now; False where there is none that can be used."""
    import keyring  # noqa: PLC0415  costs 110 ms, so only where it must be asked
    from keyring.errors import KeyringError  # noqa: PLC0415  likewise

    backend = keyring.get_keyring()
    empty_chain = not list(getattr(backend, "backends", [backend]))  # only the chainer has the attribute
    if type(backend).__module__ in _NO_BACKEND or empty_chain:
        return False
    try:
        keyring.set_password(SERVICE, addr, text)
    except KeyringError:
        return False
    return True


def _drop_keyring(addr: str) -> None:
    import keyring  # noqa: PLC0415  costs 110 ms, so only where it must be asked
    from keyring.errors import KeyringError, PasswordDeleteError  # noqa: PLC0415  likewise

    try:
        keyring.delete_password(SERVICE, addr)
    except PasswordDeleteError:
        return
    except KeyringError as error:
        raise AccError(Code.CONFIG, f"the keyring does not forget the token: {error}") from None

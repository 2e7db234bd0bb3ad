"""The profile: which controller this person uses, and where their token is.

    profile.json in the config directory:
    {"addr", "cacert": path or null, "token_store": "keyring" or "file", "login_name", "user_id"}

Rule: ACC_ADDR and ACC_CACERT win over the file. An ACC_ADDR that names another controller than the file also puts
aside the file's CA and token: a stored token goes to the controller that issued it and to no other. Only the
standard library, and little of that: `acc proxy` loads the profile before its first byte.

Refuses an address that is not `https://host[:port]`, and a file that another user could have changed.
"""

import json
import os

from acc.cli import directories
from acc.wire.errors import AccError, Code
from acc.wire.names import split_address

HTTPS_PORT = 443


class Profile:
    """One controller and one login on it. `token_store` is "" where no token was stored for `addr`."""

    __slots__ = ("addr", "cacert", "login_name", "token_store", "user_id")

    def __init__(
        self, addr: str, cacert: str | None, token_store: str = "", login_name: str = "", user_id: str = ""
    ) -> None:
        self.addr = addr
        self.cacert = cacert
        self.token_store = token_store
        self.login_name = login_name
        self.user_id = user_id

    def authority(self) -> tuple[str, int]:
        """Host and port of the controller."""
        return authority(self.addr)


def path() -> str:
    """Where the profile is kept."""
    return os.path.join(directories.config(), "profile.json")


def cacert_path() -> str:
    """Where a login keeps its copy of the CA, so that the original may move away."""
    return os.path.join(directories.config(), "ca.pem")


def stored() -> Profile | None:
    """The profile in the file, or None where there is none."""
    where = path()
    text = directories.read(where, directories.OTHERS_WRITE)
    if text is None:
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise AccError(Code.CONFIG, f"{where} is not JSON") from None
    match fields:
        case {
            "addr": str(addr),
            "cacert": (str() | None) as cacert,
            "token_store": ("keyring" | "file" | "") as token_store,
            "login_name": str(login_name),
            "user_id": str(user_id),
        }:
            return Profile(address(addr), cacert, token_store, login_name, user_id)
        case _:
            raise AccError(Code.CONFIG, f"{where} is not a profile; run: acc login")


def load(addr: str = "") -> Profile:
    """The profile that holds for this process: the file's, under the environment's, under `addr`."""
    addr = addr or os.environ.get("ACC_ADDR", "")
    cacert = os.environ.get("ACC_CACERT", "")
    found = stored()
    if addr:
        addr = address(addr)
        if found is None or found.addr != addr:
            found = Profile(addr, None)
    if found is None:
        raise AccError(Code.LOGIN_REQUIRED, "no controller is known; set ACC_ADDR or log in with --addr")
    if cacert:
        found.cacert = os.path.abspath(cacert)
    return found


def save(profile: Profile) -> None:
    """Keep `profile` for the processes after this one."""
    fields = {
        "addr": profile.addr,
        "cacert": profile.cacert,
        "token_store": profile.token_store,
        "login_name": profile.login_name,
        "user_id": profile.user_id,
    }
    directories.write(path(), json.dumps(fields, indent=2) + "\n")


def forget() -> None:
    """Remove the profile and its copy of the CA."""
    directories.remove(path())
    directories.remove(cacert_path())


def address(text: str) -> str:
    """`text` as the one spelling of a controller's address: `https://host[:port]`."""
    addr = text.strip().rstrip("/")
    authority(addr)
    return addr


def authority(addr: str) -> tuple[str, int]:
    """Host and port in `addr`. Raises CONFIG where it is not an address of a controller."""
    scheme, separator, rest = addr.partition("://")
    has_port = rest.rpartition(":")[2].isdigit() and not rest.endswith("]")
    parts = split_address(rest if has_port else f"{rest}:{HTTPS_PORT}")
    if scheme != "https" or not separator or parts is None or any(sign in rest for sign in "/@?#\\%"):
        raise AccError(Code.CONFIG, f"the address must look like https://host:9200, not {addr[:100]!r}")
    return parts

"""Tickets that were granted and are still good: one small file each, so that the next connection asks nobody.

    <runtime>/<controller host>_<port>/<holder>/<target>[:<port>][@<host>].json     mode 0600, in directories 0700

`holder` is who is logged in: a ticket names its user, so nobody else's may be presented.

Rule: a cached ticket only saves a question. It is dropped when it is about to expire, when its file does not make
sense, and when a worker refuses it; then the controller is asked again. It holds what a connection needs: the
ticket, which is opaque here, the workers in order, the CA that their certificates must come from, and the end.
"""

import json
import os
import time

from acc.cli import credentials, directories
from acc.cli.profile import Profile
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, split_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

STALE = (
    Code.TICKET_EXPIRED,
    Code.TICKET_FORGED,
    Code.TICKET_MALFORMED,
    Code.TICKET_FOREIGN,
    Code.SESSION_UNKNOWN,
    Code.SESSION_EXPIRED,
    Code.SESSION_CANCELLED,
    Code.SESSION_LIMIT,
    Code.WORKER_UNREACHABLE,
    Code.UNTRUSTED,
)
"""Refusals of a kept ticket that a new one may cure: its session is over, or the workers have changed."""

MARGIN = 5.0
"""Seconds before its end from which a ticket is not used for a new connection."""


class Destination:
    """What somebody asked to reach: a target by name or id; one of its ports and of its hosts, or whichever it has."""

    __slots__ = ("host", "name", "port")

    def __init__(self, name: str, port: int | None = None, host: str | None = None) -> None:
        self.name = name
        self.port = port
        self.host = host

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Destination) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Destination{self._key()}"

    def _key(self) -> "tuple[str, int | None, str | None]":
        return self.name, self.port, self.host

    def wanted(self) -> "dict[str, Json]":
        """What the controller is asked for besides the name."""
        body: dict[str, Json] = {}
        if self.port is not None:
            body["port"] = self.port
        if self.host is not None:
            body["host_id"] = self.host
        return body


class Worker:
    """Where a worker is dialled, `host:port`, and the name that its certificate must be for."""

    __slots__ = ("address", "server_name")

    def __init__(self, address: str, server_name: str) -> None:
        self.address = address
        self.server_name = server_name

    def __str__(self) -> str:
        return self.address


class Grant:
    """The controller's answer to a connection request: what may be opened, where, until when (Unix seconds)."""

    __slots__ = ("ca", "expires_at", "session_id", "ticket", "workers")

    def __init__(self, *, ticket: str, workers: list[Worker], ca: str, expires_at: float, session_id: str) -> None:
        self.ticket = ticket
        self.workers = workers
        self.ca = ca
        self.expires_at = expires_at
        self.session_id = session_id


def load(profile: Profile, destination: Destination) -> Grant | None:
    """The ticket that is kept for it, if it is good for a while yet."""
    try:
        text = directories.read(_path(profile, destination), directories.OTHERS)
    except AccError:
        return None  # a file that cannot be trusted is no ticket; `store` replaces it
    if text is None:
        return None
    try:
        grant = parse(json.loads(text))
    except (ValueError, RecursionError, AccError):
        return None
    return grant if grant.expires_at > time.time() + MARGIN else None


def store(profile: Profile, destination: Destination, grant: Grant) -> None:
    """Keeps `grant` for the connections after this one."""
    path = _path(profile, destination)
    directories.private(os.path.dirname(path))
    fields = {
        "authorization_token": grant.ticket,
        "workers": [{"address": one.address, "server_name": one.server_name} for one in grant.workers],
        "worker_ca": grant.ca,
        "expires_at": grant.expires_at,
        "session_id": grant.session_id,
    }
    directories.write(path, json.dumps(fields))


def discard(profile: Profile, destination: Destination) -> None:
    """Forgets a ticket that a worker refused."""
    directories.remove(_path(profile, destination))


def parse(body: "Json") -> Grant:
    """A grant from the controller's answer, or from the file, which is of the same form."""
    match body:
        case {
            "authorization_token": str(ticket),
            "workers": listed,
            "worker_ca": str(ca),
            "expires_at": (int() | float()) as expires_at,
            "session_id": str(session_id),
        }:
            workers = _workers(listed)
        case _:
            raise AccError(Code.HTTP_PEER, "the controller's answer holds no ticket")
    if not workers:
        raise AccError(Code.NO_WORKER)
    if not ticket.isascii() or not ticket.isprintable() or "-----BEGIN CERTIFICATE-----" not in ca:
        raise AccError(Code.HTTP_PEER, "the controller's answer does not make sense")
    return Grant(ticket=ticket, workers=workers, ca=ca, expires_at=expires_at, session_id=session_id)


def _workers(listed: "Json") -> list[Worker]:
    workers: list[Worker] = []
    for worker in listed if isinstance(listed, list) else ():
        match worker:
            case {"address": str(address), "server_name": str(name)} if split_address(address) and is_name(name):
                workers.append(Worker(address, name))
            case _:
                raise AccError(Code.HTTP_PEER, "the controller named a worker without an address")
    return workers


def directory(profile: Profile) -> str:
    """Where every ticket of this controller is kept, whoever holds it; it need not exist."""
    host, port = profile.authority()
    return os.path.join(directories.runtime(), f"{host}_{port}")


def _path(profile: Profile, destination: Destination) -> str:
    port = "" if destination.port is None else f":{destination.port}"
    host = "" if destination.host is None else f"@{destination.host}"
    file = f"{destination.name}{port}{host}.json"
    return os.path.join(directory(profile), credentials.holder(profile), file)

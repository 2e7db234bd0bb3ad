"""The header that a load balancer writes before its client's bytes: PROXY protocol, version 2.

    signature (12) | version and command (1) | family and protocol (1) | length (2, big-endian) | body

The body of TCP over IPv4 is two addresses and two ports, the client's first of each; of IPv6 likewise. What extensions
follow is passed over. Only bytes here: first the head, which says how long the body is, then both.

Refuses version 1, which has no length to read by, everything that is not TCP over IP, and a body over `MAX_BODY`.
"""

import ipaddress
import struct
from dataclasses import dataclass

from acc.wire.errors import AccError, Code

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
HEAD_BYTES = 16
MAX_BODY = 1024
"""Bytes; addresses have at most 36, and the extensions that balancers add fit into the rest."""

_HEAD = struct.Struct("!12sBBH")
_LOCAL, _PROXY = 0x20, 0x21
_FAMILIES = {0x11: struct.Struct("!4s4sHH"), 0x21: struct.Struct("!16s16sHH")}


@dataclass(frozen=True, slots=True)
class Proxied:
    """Whose bytes follow."""

    address: str
    port: int


def body_length(head: bytes) -> int:
    """How many bytes follow the first `HEAD_BYTES`. Raises AccError(BAD_REQUEST)."""
    if len(head) != HEAD_BYTES:
        raise AccError(Code.BAD_REQUEST, "it is shorter than a header")
    signature, command, _, length = _HEAD.unpack(head)
    if signature != SIGNATURE:
        raise AccError(Code.BAD_REQUEST, "it does not begin as one of version 2")
    if command not in {_LOCAL, _PROXY}:
        raise AccError(Code.BAD_REQUEST, "it is of another version, or of an unknown command")
    if length > MAX_BODY:
        raise AccError(Code.BAD_REQUEST, f"it is longer than {MAX_BODY} bytes")
    return int(length)


def read_header(data: bytes) -> Proxied | None:
    """Whose bytes follow a whole header; None where it is the balancer that asks. Raises AccError(BAD_REQUEST)."""
    _, command, family, _ = _HEAD.unpack_from(data)
    if command == _LOCAL:
        return None
    addresses = _FAMILIES.get(family)
    if addresses is None or len(data) < HEAD_BYTES + addresses.size:
        raise AccError(Code.BAD_REQUEST, "it names no client of TCP over IPv4 or IPv6")
    client, _, port, _ = addresses.unpack_from(data, HEAD_BYTES)
    address = ipaddress.ip_address(client)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return Proxied(str(mapped or address), port)

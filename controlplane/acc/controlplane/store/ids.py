"""Ids and secrets.

An id is a prefix that says what it names, an underscore and ten base62 characters: about 59 bits, unique enough for
a primary key that refuses the rare twin, and no secret. A secret is 43 base62 characters: 256 bits.
"""

import hashlib
import re
import secrets
import string

BASE62 = string.digits + string.ascii_letters

_CONNECTION = re.compile(r"sc_[0-9A-Za-z]{20}", re.ASCII)


def new_id(prefix: str) -> str:
    """A new id, `prefix_` and ten characters."""
    return f"{prefix}_{''.join(secrets.choice(BASE62) for _ in range(10))}"


def new_secret() -> str:
    """A new secret of 256 bits."""
    return "".join(secrets.choice(BASE62) for _ in range(43))


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret. The secret is random and long, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def is_connection_id(text: str) -> bool:
    """True for `sc_` and twenty characters, which workers make."""
    return _CONNECTION.fullmatch(text) is not None

"""Request bodies: JSON into a declared shape, strictly.

Litestar would coerce, so that `"22"` passes for a number; here a wrong type, an unknown field, a missing one and
malformed JSON are each a bad request whose sentence names the place.
"""

from typing import TypeVar

import msgspec

from acc.wire.errors import AccError, Code

T = TypeVar("T", bound=msgspec.Struct)


def read_body(body: bytes, kind: type[T]) -> T:
    """The object in `body`. Raises AccError(BAD_REQUEST)."""
    if not body:
        raise AccError(Code.BAD_REQUEST, "the request has no body")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as wrong:
        raise AccError(Code.BAD_REQUEST, f"the body: {wrong}") from None


def read_optional_body(body: bytes, kind: type[T]) -> T:
    """The object in `body`, or one with every default if there is no body."""
    return read_body(body or b"{}", kind)

"""What workers send, read strictly: bytes become a message whose every field has its own type, or are refused.

betterproto2 believes the sender about the kind of each field: a number where a text belongs arrives as a number, and
what is malformed raises whatever the parser stumbled over. Here, before any handler sees it, both are one refusal.
"""

from typing import Any, cast

from betterproto2 import Message
from grpclib import GRPCError, Status
from grpclib.encoding.proto import ProtoCodec

_STUMBLES = (ValueError, KeyError, TypeError, AttributeError, EOFError, IndexError, OverflowError)


class StrictCodec(ProtoCodec):
    """grpclib's reading of messages, for a server that trusts nobody."""

    def decode(self, data: bytes, message_type: Any) -> Any:  # as grpclib has it, for any message
        """The message in `data`. Raises GRPCError(INVALID_ARGUMENT)."""
        return read_message(data, message_type)


def read_message(data: bytes, kind: type[Message]) -> Message:
    """The message of this kind in `data`. Raises GRPCError(INVALID_ARGUMENT)."""
    try:
        message = kind.parse(data)
    except _STUMBLES:
        raise _malformed() from None
    if not _is_sound(message):
        raise _malformed()
    return message


def _is_sound(message: Message) -> bool:
    defaults = vars(type(message)())
    return all(_fits(value, defaults[name]) for name, value in vars(message).items() if not name.startswith("_"))


def _fits(value: object, default: object) -> bool:
    """True if a field's value is of the type of its default. The messages that we read nest in lists only."""
    if isinstance(default, list):
        items = cast("list[object]", value)  # betterproto2 appends to what was there, so it is one
        return all(isinstance(item, Message) and _is_sound(item) for item in items)
    return isinstance(value, type(default))


def _malformed() -> GRPCError:
    return GRPCError(Status.INVALID_ARGUMENT, "bad_request: the message is malformed")

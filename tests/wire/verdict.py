"""What a parser makes of input: a value, or the code that it refuses it with."""

from collections.abc import Callable
from typing import TypeVar

from acc.wire.errors import AccError, Code

Value = TypeVar("Value")


def verdict(judge: Callable[[], Value]) -> Value | Code:
    """What `judge` returns, or the code of the AccError that it raises."""
    try:
        return judge()
    except AccError as error:
        return error.code

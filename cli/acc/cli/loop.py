"""Running a trio program from a command: its errors and its signals.

Rule: trio wraps each error that leaves a nursery in a group, while a caller expects one error of a known kind. Here,
and only here, it is taken out of its group. A group that holds none of the kinds is a defect and stays as it is.
"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar, TypeVarTuple

import trio

from acc.wire.errors import AccError

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def run(main: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments) -> Result:
    """What `main(*arguments)` returns, or the first AccError that it raises."""
    with ungrouped(AccError):
        return trio.run(main, *arguments)


@contextmanager
def ungrouped(*kinds: type[Exception]) -> Generator[None]:
    """Raise, in place of a group, the first error in it of the first of `kinds` that it has."""
    try:
        yield
    except BaseExceptionGroup as group:
        for kind in kinds:
            found = _first(group, kind)
            if found is not None:
                raise found from None
        raise


@contextmanager
def held(*numbers: signal.Signals) -> Generator[None]:
    """Keeps the signals `numbers` waiting until `receiving` takes them, or until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def receiving(*numbers: signal.Signals) -> Generator[AsyncIterator[int]]:
    """The signals `numbers`, as they come. After the block they are ignored: it is over, and we are leaving."""
    # What trio has not handed out when the block ends it delivers again, to whoever had the signal before. That is
    # not SIG_IGN, which would also throw away a signal that is held.
    for number in numbers:
        signal.signal(number, _ignore)
    try:
        with trio.open_signal_receiver(*numbers) as signals:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
            yield signals
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    pass


def _first(error: BaseException, kind: type[Exception]) -> Exception | None:
    if isinstance(error, kind):
        return error
    match error:
        case BaseExceptionGroup():
            members: tuple[BaseException, ...] = error.exceptions
            return next((found for member in members if (found := _first(member, kind))), None)
        case _:
            return None

"""`acc sessions watch`: the shell around the board: the terminal, the clock, the controller.

Rule: the person's keys come first. Whatever is asked of the controller is asked in a thread that can be left behind, so
a controller that hangs never holds up a key. One that fails is told of and asked again, unless it says what asking
again will not change; and the terminal is put back however this ends.
"""

import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TextIO

import trio
from rich.console import Console
from rich.live import Live

from acc.cli import loop, profile
from acc.cli.controller import PASSING, Controller, Item, objects, text
from acc.cli.watch.board import Board, Cancel, Quit, Reload
from acc.cli.watch.keyboard import keyboard, pressed
from acc.cli.watch.rows import parse
from acc.cli.watch.screen import Screen
from acc.wire.errors import AccError

MOST = 1000
"""Sessions in one snapshot: the newest. What is more than a page nobody reads, and it is asked for every second."""

_MAX_WAITING = 8
_REDRAW_SECONDS = 1.0
_LEAVE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asked for."""

    scope_id: str
    recursive: bool
    filter: str
    interval: int


def watch(wanted: Wanted) -> None:
    """Shows the sessions until the person has seen enough. Raises AccError."""
    # "replace", because a name that the terminal's encoding lacks is no reason to leave.
    with (
        Controller.of(profile.load()) as controller,
        open(1, "w", encoding=sys.stdout.encoding, errors="replace", closefd=False) as terminal,
    ):
        loop.run(Watch(controller, wanted, terminal).run)


class Watch:
    """The board, and the tasks that feed it and show it."""

    def __init__(self, controller: Controller, wanted: Wanted, terminal: TextIO) -> None:
        self._controller = controller
        self._wanted = wanted
        self._board = Board(wanted.filter)
        self._reload = trio.Event()
        self._live = Live(
            console=Console(file=terminal),
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    async def run(self) -> None:
        """Returns when the person leaves. What fails at the first snapshot fails before the screen changes."""
        with loop.receiving(*_LEAVE) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._leave_at_first, signals, nursery.cancel_scope)
                await self._snapshot()
                with keyboard() as keys, self._live:
                    await self._serve(keys)
                nursery.cancel_scope.cancel()

    async def _serve(self, keys: int) -> None:
        cancels, cancelled = trio.open_memory_channel[str](_MAX_WAITING)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._poll)
            nursery.start_soon(self._redraw)
            nursery.start_soon(self._follow_size)
            nursery.start_soon(self._cancel, cancelled)
            await self._obey(keys, cancels)
            nursery.cancel_scope.cancel()

    async def _leave_at_first(self, signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
        await anext(signals)
        scope.cancel()

    async def _obey(self, keys: int, cancels: trio.MemorySendChannel[str]) -> None:
        async with aclosing(pressed(keys)) as presses:
            async for key in presses:
                match self._board.press(key):
                    case Quit():
                        return
                    case Reload():
                        self._reload.set()
                    case Cancel(session_id):
                        try:
                            cancels.send_nowait(session_id)
                        except trio.WouldBlock:
                            self._board.tell("wait: too many are being cancelled")
                    case None:
                        pass
                self._draw()

    async def _poll(self) -> None:
        while True:
            with trio.move_on_after(self._wanted.interval):
                await self._reload.wait()
            self._reload = trio.Event()
            try:
                await self._snapshot()
            except AccError as error:
                if error.code not in PASSING:
                    raise
                self._board.fail(str(error))
            self._draw()

    async def _snapshot(self) -> None:
        include_terminated = self._board.include_terminated
        answer = await trio.to_thread.run_sync(self._ask, include_terminated, abandon_on_cancel=True)
        cut = answer.get("response_type") == "delta"
        sessions = [parse(item) for item in objects(answer.get("items"))]
        self._board.take(sessions, cut=cut, now=trio.current_time(), wall=time.time())

    def _ask(self, include_terminated: bool) -> Item:
        return self._controller.get(
            "/v1/sessions",
            scope_id=self._wanted.scope_id,
            recursive=str(self._wanted.recursive).lower(),
            include_terminated=str(include_terminated).lower(),
            page_size=str(MOST),
        )

    def _end(self, session_id: str) -> Item:
        return self._controller.post(f"/v1/sessions/{session_id}:cancel", {})

    async def _cancel(self, session_ids: trio.MemoryReceiveChannel[str]) -> None:
        async for session_id in session_ids:
            try:
                answer = await trio.to_thread.run_sync(self._end, session_id, abandon_on_cancel=True)
                self._board.tell(f"{session_id} is {text(answer, 'status')}")
            except AccError as error:
                self._board.tell(f"{session_id} is not cancelled: {error}")
            self._reload.set()

    async def _redraw(self) -> None:
        """Ages grow also while no snapshot comes."""
        while True:
            self._draw()
            await trio.sleep(_REDRAW_SECONDS)

    async def _follow_size(self) -> None:
        with trio.open_signal_receiver(signal.SIGWINCH) as resizes:
            async for _ in resizes:
                self._draw()

    def _draw(self) -> None:
        self._live.update(Screen(self._board.view(trio.current_time())), refresh=True)

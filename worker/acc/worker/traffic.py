"""Traffic: what open connections have carried so far, told to a controller every few seconds.

Rule: cheap, and never in the way. Nothing happens when bytes pass; every INTERVAL the counters of the relay are looked
at, and of those that moved at most BATCH are told. Connections are looked at in rounds, so that each one has its turn
before any other has two. Nothing is kept for a controller that does not answer: the next round tells newer figures,
and the closing report, which is never lost, the last ones.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from grpclib.exceptions import GRPCError

from acc.rpc.worker_v1 import ConnectionTraffic, ReportRequest
from acc.worker import log
from acc.worker.controllink import ControlLink

INTERVAL = 2.0
BATCH = 500
"""Connections in one call; a controller takes up to 1000."""


class Carrier(Protocol):
    """What is asked of the relay."""

    @property
    def connection_ids(self) -> Iterable[str]:
        """Every open connection."""
        ...

    def carried(self, connection_id: str) -> tuple[int, int] | None:
        """Bytes up and down so far, if the connection is open."""
        ...


class Traffic:
    """Whose turn it is, and what the controller knows already."""

    def __init__(self, carrier: Carrier, link: ControlLink) -> None:
        self._carrier = carrier
        self._link = link
        self._round: list[str] = []  # those that have not had their turn, the next one last
        self._told: dict[str, tuple[int, int]] = {}

    async def run(self) -> None:
        """Tells until it is cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self._link.wait_up()
            moved = self.take_moved()
            if moved:
                await self._tell(moved)

    def take_moved(self) -> dict[str, tuple[int, int]]:
        """Connections that moved since they were told, BATCH at most; the next call goes on where this one stopped."""
        if not self._round:
            self._round = list(self._carrier.connection_ids)
            self._told = {one: self._told[one] for one in self._round if one in self._told}
        moved: dict[str, tuple[int, int]] = {}
        while self._round and len(moved) < BATCH:
            connection_id = self._round.pop()
            carried = self._carrier.carried(connection_id)
            if carried is not None and carried != self._told.get(connection_id, (0, 0)):
                moved[connection_id] = carried
        return moved

    def told(self, moved: dict[str, tuple[int, int]]) -> None:
        """A controller has taken these figures."""
        self._told |= moved

    async def _tell(self, moved: dict[str, tuple[int, int]]) -> None:
        traffic = [
            ConnectionTraffic(connection_id=connection_id, bytes_up=up, bytes_down=down)
            for connection_id, (up, down) in moved.items()
        ]
        try:
            await self._link.report(ReportRequest(traffic=traffic))
        except (OSError, GRPCError) as error:
            log.warning("traffic not told", reason=str(error) or "no answer in time", connections=len(moved))
        else:
            self.told(moved)

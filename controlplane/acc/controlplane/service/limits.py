"""Limits on the rate of requests, as token buckets in memory that is bounded too.

A request counts in total and for its caller; a list, which costs more, also as a list. The caller is the login token,
once the token has proved to be good here, and until then the address: who invents tokens gets no bucket for each.

Rule: a request that is refused takes nothing from any bucket. What was not heard of longest is forgotten first, and
begins again with a full bucket; the total bounds what that can gain.
"""

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from acc.controlplane.service.config import Limits, Quotas


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a limit says to one request: how much is left, and how many seconds to wait if nothing is."""

    limit: str
    quota: int
    seconds: int
    left: int
    wait: int


class Buckets:
    """One bucket a caller: `quota` requests at once, and as many again in each `seconds`."""

    def __init__(self, limit: str, quota: int, seconds: int, most: int) -> None:
        self._limit = limit
        self._quota = quota
        self._seconds = seconds
        self._most = most
        self._filled: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # what is in it, and when it was

    def __len__(self) -> int:
        return len(self._filled)

    def look(self, caller: Hashable, now: float) -> Verdict:
        """What is in the caller's bucket at `now`."""
        filled = self._level(caller, now)
        wait = 0 if filled >= 1 else math.ceil((1 - filled) * self._seconds / self._quota)
        return Verdict(self._limit, self._quota, self._seconds, int(filled), wait)

    def take(self, caller: Hashable, now: float) -> None:
        """Takes one out."""
        self._filled[caller] = (self._level(caller, now) - 1, now)
        self._filled.move_to_end(caller)
        if len(self._filled) > self._most:
            self._filled.popitem(last=False)

    def _level(self, caller: Hashable, now: float) -> float:
        filled, then = self._filled.get(caller, (float(self._quota), now))
        return min(float(self._quota), filled + (now - then) * self._quota / self._seconds)


class _Kind:
    """The buckets of one kind of request."""

    def __init__(self, prefix: str, quotas: Quotas, limits: Limits) -> None:
        self.total = Buckets(f"{prefix}total", quotas.total, limits.seconds, 1)
        self.address = Buckets(f"{prefix}address", quotas.address, limits.seconds, limits.callers)
        self.token = Buckets(f"{prefix}token", quotas.token, limits.seconds, limits.callers)


class RequestLimits:
    """Decides about requests to the API."""

    def __init__(self, limits: Limits) -> None:
        self._callers = limits.callers
        self._requests = _Kind("", limits.requests, limits)
        self._lists = _Kind("list_", limits.lists, limits)
        self._good: OrderedDict[bytes, None] = OrderedDict()

    def proved(self, token: bytes) -> None:
        """`token`, in any form that stands for it, is a login."""
        self._good[token] = None
        self._good.move_to_end(token)
        if len(self._good) > self._callers:
            self._good.popitem(last=False)

    def decide(self, token: bytes, address: str, now: float, *, is_list: bool) -> Verdict:
        """The verdict of the limit that leaves least. Counts the request, unless that says to wait."""
        kinds = (self._requests, self._lists) if is_list else (self._requests,)
        asked: list[tuple[Buckets, Hashable]] = []
        for kind in kinds:
            caller = (kind.token, token) if token in self._good else (kind.address, address)
            asked += [caller, (kind.total, None)]
        verdicts = [buckets.look(whose, now) for buckets, whose in asked]
        longest = max(verdicts, key=lambda verdict: verdict.wait)
        if longest.wait:
            return longest
        for buckets, whose in asked:
            buckets.take(whose, now)
        return min(verdicts, key=lambda verdict: verdict.left)


class LoginLimit:
    """Bounds attempts to log in, right or wrong: with one name from one address, and in all from one address."""

    def __init__(self, limits: Limits) -> None:
        self._name = Buckets("logins", limits.logins, limits.seconds, limits.callers)
        self._address = Buckets("logins_address", limits.logins_address, limits.seconds, limits.callers)

    def attempt(self, login_name: str, address: str, now: float) -> Verdict:
        """The verdict of the limit that asks to wait longest. Counts the attempt, unless that says to wait."""
        name = self._name.look((login_name, address), now)
        verdict = max(name, self._address.look(address, now), key=lambda one: one.wait)
        if not verdict.wait:
            self._name.take((login_name, address), now)
            self._address.take(address, now)
        return verdict

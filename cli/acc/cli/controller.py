"""The controller's HTTP API, as a person's commands use it.

Rule: one call is one method; what comes back is JSON of the shape that was asked for, or an AccError: the code of the
problem document that the controller sent, or LOGIN_REQUIRED, HTTP_PEER, or what `https` found. A list comes page by
page, so that the first can be shown while the others are not there yet. Threads that call at once take turns.
"""

import json
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlencode

from acc.cli import credentials
from acc.cli.https import Connection
from acc.cli.profile import Profile
from acc.cli.terminal import printable
from acc.wire.errors import CODES, AccError, Code, code_named

CALL_SECONDS = 20.0
MAX_ANSWER = 16 * 1024 * 1024
MAX_DETAIL = 500
MAX_PAGES = 10_000
PAGE_SIZE = 1000

PASSING = frozenset(
    {Code.CONTROLLER_UNREACHABLE, Code.UNAVAILABLE, Code.HTTP_PEER, Code.TOO_MANY_REQUESTS, Code.INTERNAL}
)
"""What a controller that comes back, or whatever stands before it, no longer says."""

Item = dict[str, object]
"""A JSON object of the API."""


class Controller:
    """The API of the controller of `profile`, with `token` or, without one, anonymous."""

    def __init__(self, profile: Profile, token: str | None) -> None:
        self.addr = profile.addr
        self._headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection = Connection(profile, CALL_SECONDS, MAX_ANSWER)
        self._turn = threading.Lock()

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """The controller of `profile`, with the token of whoever is logged in."""
        return cls(profile, credentials.token(profile))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str, **query: str) -> Item:
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Item) -> Item:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Item) -> Item:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> None:
        self.call("DELETE", path, None)

    def items(self, path: str, **query: str) -> list[Item]:
        """All items of a list, over all its pages."""
        return [item for page in self.pages(path, PAGE_SIZE, **query) for item in page]

    def pages(self, path: str, size: int, **query: str) -> Iterator[list[Item]]:
        """A list, page by page, each asked for when the one before is used."""
        page: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            answer = self.get(path, page_size=str(size), **query, **page)
            items = objects(answer.get("items"))
            yield items
            if answer.get("response_type") != "delta":
                return
            page = {"list_token": text(answer, "list_token")}
        raise AccError(Code.HTTP_PEER, f"the list at {path} has no end")

    def call(self, method: str, path: str, body: Item | None) -> Item:
        """One request and its answer, which is {} where there is nothing to say."""
        sent = None if body is None else json.dumps(body).encode()
        with self._turn:
            status, raw = self._connection.call(method, path, self._headers, sent)
        if status == 204:
            return {}
        parsed = _object(raw)
        if not 200 <= status < 300:
            raise _problem(status, parsed or {})
        if parsed is None:
            raise AccError(Code.HTTP_PEER, f"{self.addr} answers {method} {path} with something else than JSON")
        return parsed


def text(item: Item, key: str) -> str:
    """The text at `key` of an item, which the API promises."""
    value = item.get(key)
    if not isinstance(value, str):
        raise AccError(Code.HTTP_PEER, f"the controller's answer lacks {key!r}")
    return value


def inner(item: Item, key: str) -> Item:
    """The object at `key` of an item, which the API promises."""
    value = item.get(key)
    if not isinstance(value, dict):
        raise AccError(Code.HTTP_PEER, f"the controller's answer lacks {key!r}")
    return cast("Item", value)  # JSON objects have text keys


def _object(raw: bytes | bytearray) -> Item | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return cast("Item", value) if isinstance(value, dict) else None  # JSON objects have text keys


def objects(value: object) -> list[Item]:
    """The objects of a JSON array; Boundary's API leaves an empty one out."""
    if value is None:
        return []
    entries = cast("list[object]", value) if isinstance(value, list) else []  # json.loads gives no more exact type
    found = [cast("Item", entry) for entry in entries if isinstance(entry, dict)]  # JSON objects have text keys
    if not isinstance(value, list) or len(found) != len(entries):
        raise AccError(Code.HTTP_PEER, "the controller's answer is not a list of objects")
    return found


def _said(problem: Item, key: str) -> str:
    value = problem.get(key)
    return printable(value)[:MAX_DETAIL] if isinstance(value, str) else ""


def _problem(status: int, problem: Item) -> AccError:
    code, why, hint = problem.get("code"), _said(problem, "detail"), _said(problem, "hint")
    if isinstance(code, str):
        return AccError(code_named(code), why if code in CODES else f"{printable(code)[:40]} {why}", hint=hint)
    if status == 401:
        return AccError(Code.LOGIN_REQUIRED, why)
    return AccError(Code.HTTP_PEER, f"it answered with status {status}")

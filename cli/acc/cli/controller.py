"""The controller's HTTP API, as a person's commands use it.

Rule: one call is one method, with a deadline for the whole of it; what comes back is JSON of the shape that was
asked for, or an AccError: the code of the problem document that the controller sent, or one of
CONTROLLER_UNREACHABLE, UNTRUSTED, LOGIN_REQUIRED and HTTP_PEER.

Refuses answers over `MAX_ANSWER`, redirects (a token follows none) and proxies from the environment (`acc proxy`
knows none either).
"""

import json
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import cast

import httpx

from acc.cli import credentials
from acc.cli.profile import Profile
from acc.cli.terminal import printable
from acc.wire.errors import CODES, AccError, Code, code_named

CALL_SECONDS = 20.0
CONNECT_SECONDS = 5.0
MAX_ANSWER = 16 * 1024 * 1024
MAX_DETAIL = 500
MAX_PAGES = 1000
PAGE_SIZE = 1000

Item = dict[str, object]
"""A JSON object of the API."""


class Controller:
    """An open HTTP client of the controller of `profile`, with `token` or, without one, anonymous."""

    def __init__(self, profile: Profile, token: str | None) -> None:
        self._addr = profile.addr
        headers = {"accept": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            base_url=profile.addr,
            headers=headers,
            verify=_trust(profile.cacert),
            timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    @classmethod
    def of(cls, profile: Profile) -> "Controller":
        """The controller of `profile`, with the token of whoever is logged in."""
        return cls(profile, credentials.token(profile))

    def __enter__(self) -> "Controller":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: str) -> Item:
        return self._call("GET", path, query, None)

    def post(self, path: str, body: Item) -> Item:
        return self._call("POST", path, {}, body)

    def delete(self, path: str) -> None:
        self._call("DELETE", path, {}, None)

    def items(self, path: str, **query: str) -> list[Item]:
        """All items of a list, over all its pages."""
        found: list[Item] = []
        page: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            answer = self.get(path, page_size=str(PAGE_SIZE), **query, **page)
            found += objects(answer.get("items"))
            if answer.get("response_type") != "delta" or not answer.get("items"):
                return found
            page = {"list_token": text(answer, "list_token")}
        raise AccError(Code.HTTP_PEER, f"the list at {path} has no end")

    def _call(self, method: str, path: str, query: dict[str, str], body: Item | None) -> Item:
        deadline = time.monotonic() + CALL_SECONDS
        with self._failures(), self._client.stream(method, path, params=query, json=body) as answer:
            raw = bytearray()
            for part in answer.iter_bytes():
                raw += part
                if len(raw) > MAX_ANSWER:
                    raise AccError(Code.HTTP_PEER, f"the answer to {method} {path} is too long")
                if time.monotonic() > deadline:
                    raise AccError(Code.CONTROLLER_UNREACHABLE, f"{self._addr} answers too slowly")
        if answer.status_code == 204:
            return {}
        parsed = _object(raw)
        if not answer.is_success:
            raise _problem(answer.status_code, parsed or {})
        if parsed is None:
            raise AccError(Code.HTTP_PEER, f"{self._addr} answers {method} {path} with something else than JSON")
        return parsed

    @contextmanager
    def _failures(self) -> Generator[None]:
        try:
            yield
        except httpx.TimeoutException:
            raise AccError(Code.CONTROLLER_UNREACHABLE, f"{self._addr} gave no answer in time") from None
        except httpx.TransportError as error:
            distrust = _tls_failure(error)
            if distrust is not None:
                raise AccError(Code.UNTRUSTED, f"{self._addr}: {distrust}") from None
            raise AccError(Code.CONTROLLER_UNREACHABLE, f"{self._addr}: {error}") from None


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


def _trust(cacert: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=cacert)
    except (OSError, ssl.SSLError) as error:
        raise AccError(Code.CONFIG, f"the CA file {cacert}: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _tls_failure(error: BaseException | None) -> str | None:
    """What TLS found wrong, if that is what lies under `error`: httpx keeps it as a cause."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return str(error.verify_message)
        if isinstance(error, ssl.SSLError):
            return f"TLS failed: {error.reason}"
        error = error.__cause__ or error.__context__
    return None


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


def _problem(status: int, problem: Item) -> AccError:
    code, detail = problem.get("code"), problem.get("detail")
    why = printable(detail)[:MAX_DETAIL] if isinstance(detail, str) else ""
    if isinstance(code, str):
        return AccError(code_named(code), why if code in CODES else f"{printable(code)[:40]} {why}")
    if status == 401:
        return AccError(Code.LOGIN_REQUIRED, why)
    return AccError(Code.HTTP_PEER, f"it answered with status {status}")

"""The attempt that is under way: what somebody wants, as its record will say it.

It begins with what the request itself says. Whoever learns more says so where it is learned: who asks, which thing is
meant, where that lies, what it is called, what came of it. Nobody hands it on: it belongs to the task that works for
it.

Rule: what is found out is noted before it is judged, so that a refusal is recorded with all that was known. What is yet
to be made is noted `supposing` that it will be: no record names a thing that never was.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime

from acc.controlplane.access.filters import JsonValue
from acc.controlplane.audit.record import OK, AuditEvent, new_event_id, printable, redacted, storable, without_secrets
from acc.wire.directory.index import BY_TYPE, QUERY, RESOURCES, type_of_id
from acc.wire.errors import Code
from acc.wire.resources import Field, Resource

ROOT = "/v1/"

_BY_PLURAL = {resource.plural: resource for resource in RESOURCES}
_LISTING = frozenset(action.name for resource in RESOURCES for action in resource.domain if action.lists)
_ON_ITEM = {"GET": "read", "PATCH": "update", "DELETE": "delete"}
_ON_COLLECTION = {"GET": "list", "POST": "create"}


@dataclass(slots=True)
class Attempt:
    """What is wanted, and what is known of it by now. `ship` gets the event once it is stored."""

    event: AuditEvent
    ship: Callable[[AuditEvent], None]
    stored: bool = False

    def ended(self, outcome: str) -> None:
        """What came of it, which is not in the record yet."""
        self.event = replace(self.event, id=new_event_id(), outcome=outcome)
        self.stored = False

    def kept(self, created_time: datetime) -> None:
        """The event is in the database for good."""
        self.event = replace(self.event, created_time=created_time)
        self.stored = True
        self.ship(self.event)

    def add(self, details: Mapping[str, JsonValue]) -> None:
        """More of what was asked, or of what it led to."""
        self.event = replace(self.event, details={**self.event.details, **details})

    @property
    def fields(self) -> Sequence[Field]:
        """How what may be asked is described."""
        resource = BY_TYPE[self.event.resource_type]
        takes = next((one.takes for one in resource.domain if one.name == self.event.action), ())
        return (*resource.fields, *takes)


_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def begin(attempt: Attempt) -> None:
    """Makes `attempt` the one that this task works for."""
    _current.set(attempt)


def current() -> Attempt:
    """The attempt that is under way. Without one nothing is decided, so asking then is a mistake of the program."""
    attempt = _current.get()
    if attempt is None:
        raise LookupError("nothing is attempted here that a record could tell of")
    return attempt


def wanted(method: str, path: str) -> AuditEvent | None:
    """What a request to the API is for. None if it names nothing that the API has."""
    head, _, item = path.removeprefix(ROOT).partition("/")
    plural, _, collective = head.partition(":")
    item, _, domain = item.partition(":")
    resource = _BY_PLURAL.get(plural)
    if resource is None or not path.startswith(ROOT) or "/" in item:
        return None
    action = collective or domain
    if not action:
        action = (_ON_ITEM if item else _ON_COLLECTION).get(method, "")
    elif method != ("GET" if action in _LISTING else "POST"):
        return None
    if action not in resource.actions:
        return None
    return _asked_of(resource, action, printable(item))


def _asked_of(resource: Resource, action: str, item: str) -> AuditEvent:
    is_id = type_of_id(item) == resource.type
    return AuditEvent(
        action=action,
        resource_type=resource.type,
        resource_id=item if is_id else None,
        resource_name=None if is_id else item or None,
    )


def note_user(user_id: str, user_name: str) -> None:
    """Who asks."""
    attempt = _current.get()
    if attempt is not None:
        attempt.event = replace(attempt.event, user_id=user_id, user_name=without_secrets(user_name))


def note_place(scope_id: str | None, scope_name: str | None, parent_id: str | None) -> None:
    """Where the thing lies, or is to be made or looked for."""
    attempt = _current.get()
    if attempt is not None:
        attempt.event = replace(
            attempt.event,
            scope_id=scope_id or "global",
            scope_name=without_secrets(scope_name or "global"),
            scope_parent_id=parent_id,
        )


def note_thing(resource_type: str, item_id: str, name: str | None) -> None:
    """Which thing it is, if it is of the type that was asked for and not what that lies in."""
    attempt = _current.get()
    if attempt is not None and attempt.event.resource_type == resource_type:
        attempt.event = replace(attempt.event, resource_id=item_id, resource_name=printable(name) if name else None)


def note_body(body: Mapping[str, JsonValue]) -> None:
    """What the body of the request says."""
    attempt = _current.get()
    if attempt is not None:
        attempt.add(redacted(attempt.fields, body))


def note_query(asked: Mapping[str, str]) -> None:
    """What the query of the request says."""
    attempt = _current.get()
    if attempt is not None:
        attempt.add(redacted((*attempt.fields, *QUERY), asked))


def note_details(**details: JsonValue) -> None:
    """What may be known by everybody who reads the record: ids and names, as they are; None is left out."""
    attempt = _current.get()
    if attempt is not None:
        attempt.add({name: storable(value) for name, value in details.items() if value is not None})


def note_names(names: Mapping[str, str | None]) -> None:
    """What the things are called, by id, whose ids stand in the details; nothing for those without a name."""
    attempt = _current.get()
    called = {one: printable(name) for one, name in names.items() if name}
    if attempt is not None and called:
        known = attempt.event.details.get("names")
        attempt.add({"names": {**(known if isinstance(known, dict) else {}), **called}})


@contextmanager
def supposing() -> Generator[None]:
    """What the block notes is forgotten unless the block also stores the record, with what it tells of."""
    attempt = current()
    known = attempt.event
    try:
        yield
    finally:
        if not attempt.stored:
            attempt.event = known


def note_outcome(code: Code | None) -> None:
    """What came of it: an error, or none."""
    attempt = _current.get()
    if attempt is not None:
        attempt.ended(OK if code is None else code.value)

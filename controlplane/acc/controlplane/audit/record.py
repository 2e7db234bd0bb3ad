"""What the record says of one decision, and what it must not say.

An event says who asked for what, of which thing, from where, and what came of it, with the names that everything had
at that time. What was asked stands in `details`, by the description of the resources: a public field as it came, a
sensitive one as `(sensitive)`, a secret one not at all. A field that nobody described counts as secret. A login,
a ticket or an enrolment token that somebody put where a name or an id belongs is cut to what is public of it.

Rule: text in an event is bounded and printable, whoever sent it, so that no request can be one that cannot be recorded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from acc.controlplane.access.filters import JsonValue
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.ids import new_id
from acc.wire.resources import Exposure, Field

OK = "ok"
SENSITIVE = "(sensitive)"
MAX_TEXT = 128

_NOT_PRINTABLE = "\N{REPLACEMENT CHARACTER}"

# Parts of them too: of 43 characters that are secret, a reader of the log must not be left a few to guess.
_LOGIN = re.compile(r"(at_[0-9A-Za-z]{10})_[0-9A-Za-z]{8,}", re.ASCII)
_SECRET = re.compile(r"acc[te]1\.[\w.-]+", re.ASCII)


def new_event_id() -> str:
    """The id of a new event."""
    return new_id("ae")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One decision. `created_time` is the database's, so an event has it once it is stored."""

    action: str
    resource_type: str
    resource_id: str | None = None
    resource_name: str | None = None
    scope_id: str = "global"
    scope_name: str = "global"
    scope_parent_id: str | None = None
    request_id: str = ""
    user_id: str | None = None
    user_name: str | None = None
    client_address: str = ""
    outcome: str = OK
    details: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    created_time: datetime | None = None
    id: str = field(default_factory=new_event_id)

    def line(self) -> bytes:
        """The event as one line of JSON, in the API's own shape."""
        return msgspec.json.encode(self._json()) + b"\n"

    def _json(self) -> Json:
        return present(
            id=self.id,
            created_time=self.created_time,
            scope_id=self.scope_id,
            scope=present(
                id=self.scope_id,
                type=scope_type(self.scope_parent_id),
                name=self.scope_name,
                parent_scope_id=self.scope_parent_id,
            ),
            request_id=self.request_id or None,
            user_id=self.user_id,
            user_name=self.user_name,
            client_address=self.client_address or None,
            action=self.action,
            resource_type=self.resource_type,
            resource_id=self.resource_id,
            resource_name=self.resource_name,
            outcome=self.outcome,
            details=self.details,
        )


def scope_type(parent_id: str | None) -> str:
    """The type of a scope that lies in `parent_id`."""
    match parent_id:
        case None:
            return "global"
        case "global":
            return "org"
        case _:
            return "project"


def without_secrets(text: str) -> str:
    """`text` with each login in it cut to its id, `at_<id>`, and `(secret)` for each ticket and enrolment token."""
    return _SECRET.sub("(secret)", _LOGIN.sub(r"\1", text))


def printable(text: str) -> str:
    """`text`, cut to its first `MAX_TEXT` characters and without any that could disturb a reader or a database."""
    return "".join(one if one.isprintable() else _NOT_PRINTABLE for one in without_secrets(text)[:MAX_TEXT])


def redacted(
    fields: Sequence[Field], asked: Mapping[str, JsonValue], inside: str | None = None
) -> dict[str, JsonValue]:
    """What a record may show of `asked`, whose fields are described by `fields`; `inside` names the object it is in."""
    exposures = {one.name: one.exposure for one in fields if one.inside == inside}
    shown: dict[str, JsonValue] = {}
    for name, value in asked.items():
        match exposures.get(name), value:
            case Exposure.PUBLIC, _:
                shown[name] = storable(value)
            case Exposure.SENSITIVE, _:
                shown[name] = SENSITIVE
            case None, dict() as parts if any(one.inside == name for one in fields):
                shown[name] = redacted(fields, parts, name)
            case _:
                pass
    return shown


def storable(value: JsonValue) -> JsonValue:
    """JSON without secrets, and without NUL, the one character that Postgres has no place for."""
    match value:
        case str():
            return _storable_text(value)
        case list():
            return [storable(one) for one in value]
        case dict():
            return {_storable_text(key): storable(one) for key, one in value.items()}
        case _:
            return value


def _storable_text(text: str) -> str:
    return without_secrets(text).replace("\0", _NOT_PRINTABLE)

"""What a resource of the API is: its fields, its actions, where it lives. `directory` lists them all.

One description serves everybody: grants know types and actions from it, the controller checks itself against it, the
command line is generated from it, the audit log learns from it which fields may be written down, and docs/api.md is
made from it.

Rule: a field that is not described does not exist: the controller neither takes nor gives it, and whatever is found
without a description counts as secret.
"""

from dataclasses import dataclass
from enum import Enum

CRUD = ("create", "read", "update", "delete", "list")


class Shape(Enum):
    """What a field's JSON looks like."""

    TEXT = "text"
    INTEGER = "integer"
    FLAG = "true or false"
    TIME = "time"
    TEXTS = "list of texts"
    INTEGERS = "list of integers"
    TAGS = "object of lists"
    OBJECT = "object"
    OBJECTS = "list of objects"


class Given(Enum):
    """When a caller may set a field."""

    NEVER = "never"
    ONCE = "when created"
    ALWAYS = "when created or updated"
    LATER = "when updated"


class Exposure(Enum):
    """What a record may show of a field: all of it; that it was there; not even that.

    What an object holds is of the object's class, but for fields that are described as `inside` it.
    """

    PUBLIC = "public"
    SENSITIVE = "sensitive"
    SECRET = "secret"  # noqa: S105 (a class of fields, no secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `refers` is the type whose ids it holds; `inside` the object that it stands in."""

    name: str
    says: str
    shape: Shape = Shape.TEXT
    given: Given = Given.NEVER
    required: bool = False
    refers: str | None = None
    exposure: Exposure = Exposure.PUBLIC
    inside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A domain action: `POST /v1/<plural>/<id>:<name>`, or on the collection where it takes no id.

    `gives` is what it answers where that is not the thing itself; `lists` the type that it lists, page by page and
    asked for with GET.
    """

    name: str
    says: str
    takes: tuple[Field, ...] = ()
    gives: tuple[Field, ...] = ()
    versioned: bool = False
    on_collection: bool = False
    lists: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One type of resource.

    `scopes` are the types of scope it may live in; `parent` is the type of the resource that it belongs to, whose id
    stands in `parent_field`; `verbs` are those of CRUD that it has; `own` the actions that its owner may have on it
    as `x:self`; `columns` what a person wants to see of many; `narrowed_by` the parameters that its list knows beyond
    those of every list.
    """

    type: str
    plural: str
    prefixes: tuple[str, ...]
    says: str
    scopes: tuple[str, ...]
    verbs: tuple[str, ...] = CRUD
    parent: str | None = None
    fields: tuple[Field, ...] = ()
    domain: tuple[Action, ...] = ()
    own: tuple[str, ...] = ()
    columns: tuple[str, ...] = ("id", "name", "description")
    narrowed_by: tuple[Field, ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action that a grant may name for this type."""
        return (
            *self.verbs,
            "no-op",
            *(action.name for action in self.domain),
            *(f"{action}:self" for action in self.own),
        )

    @property
    def top_level(self) -> bool:
        """True for what lives in a scope directly."""
        return self.parent is None

    @property
    def parent_field(self) -> str:
        """The field that says where an item lives."""
        return "scope_id" if self.parent is None else f"{self.parent.replace('-', '_')}_id"

    @property
    def where_to_look(self) -> str:
        """The hint for somebody who asked for one that is not there."""
        return f"list what you may see: acc {self.plural} list"

    @property
    def path(self) -> str:
        """Of the collection."""
        return f"/v1/{self.plural}"

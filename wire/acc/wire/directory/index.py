"""All resources, and how one is found: by its type, its plural, or the prefix of an id."""

from acc.wire.directory.machines import ALIAS, HOST, HOST_CATALOG, HOST_SET, TARGET, WORKER
from acc.wire.directory.people import ACCOUNT, AUTH_METHOD, GROUP, ROLE, SCOPE, USER
from acc.wire.directory.records import AUDIT_EVENT, AUTH_TOKEN, SESSION
from acc.wire.resources import Exposure, Field, Shape

RESOURCES = (
    SCOPE, AUTH_METHOD, ACCOUNT, USER, GROUP, ROLE, HOST_CATALOG, HOST_SET, HOST, TARGET, ALIAS, SESSION, AUTH_TOKEN,
    WORKER, AUDIT_EVENT,
)  # fmt: skip

BY_TYPE = {resource.type: resource for resource in RESOURCES}

BY_PLURAL = {resource.plural: resource for resource in RESOURCES}

QUERY = (
    Field(name="scope_id", says="The scope to look in; global if none.", refers="scope"),
    Field(name="recursive", says="True: in all below it too.", shape=Shape.FLAG),
    Field(name="filter", says="Which of them; it may quote any field.", exposure=Exposure.SENSITIVE),
    Field(name="page_size", says="At most so many.", shape=Shape.INTEGER),
    Field(name="list_token", says="Where the page before this one ended."),
    Field(name="include_terminated", says="True: sessions that are over too.", shape=Shape.FLAG),
    Field(name="since", says="Records from then on.", shape=Shape.TIME),
    Field(name="until", says="Records from before then.", shape=Shape.TIME),
    Field(name="user_id", says="Records of what this user asked.", refers="user"),
    Field(name="resource_id", says="Records of what was asked of this thing."),
)
"""What the query of a list may say; beside these, the parent's id."""


def type_of_id(text: str) -> str | None:
    """The type of thing that an id is of, by its prefix; None if it can be no id."""
    prefix = text.partition("_")[0]
    for resource in RESOURCES:
        if prefix in resource.prefixes and (prefix == "global") == (prefix == text):
            return resource.type
    return None

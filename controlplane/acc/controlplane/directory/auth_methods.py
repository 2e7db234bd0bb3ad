"""Auth methods: ways to log in. A scope's primary one is where its people are asked to.

Deleting one deletes its accounts, and ends the sessions that stand on these.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from acc.controlplane.api.bodies import Described, Description, Id, Name, given, plain
from acc.controlplane.api.kind import Access, Found, Kind, Where
from acc.controlplane.api.routes import Act, Create, describe, routes
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.people import AUTH_METHOD

MIN_LOGIN_NAME = 3
MIN_PASSWORD = 8

LoginNameLength = Annotated[int, msgspec.Meta(ge=1, le=128)]
PasswordLength = Annotated[int, msgspec.Meta(ge=8, le=256)]


class NewAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a password auth method has of its own."""

    min_login_name_length: LoginNameLength = MIN_LOGIN_NAME
    min_password_length: PasswordLength = MIN_PASSWORD


class NewAuthMethod(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates an auth method."""

    scope_id: Id
    type: Literal["password"] = "password"
    name: Name | None = None
    description: Description | None = None
    attributes: NewAttributes = msgspec.field(default_factory=NewAttributes)


class AttributesChange(msgspec.Struct, forbid_unknown_fields=True):
    """A change of the same."""

    min_login_name_length: LoginNameLength | UnsetType | None = UNSET
    min_password_length: PasswordLength | UnsetType | None = UNSET


class AuthMethodChange(Described):
    """The body that changes an auth method."""

    attributes: AttributesChange = msgspec.field(default_factory=AttributesChange)


def _render(row: Row) -> Json:
    return present(
        name=row["name"],
        description=row["description"],
        type=row["type"],
        is_primary=row["is_primary"],
        attributes={
            "min_login_name_length": row["min_login_name_length"],
            "min_password_length": row["min_password_length"],
        },
    )


AUTH_METHODS = Kind(
    resource=AUTH_METHOD,
    table="auth_methods",
    columns="""
        t.type, t.name, t.description, t.min_login_name_length, t.min_password_length,
        exists (select 1 from primary_auth_methods m where m.auth_method_id = t.id) as is_primary
    """,
    render=_render,
    access=Access.CHANGED,
)


async def create_password_auth_method(sql: Sql, *, scope_id: str, name: str) -> str:
    """A new password auth method, the scope's primary one."""
    method_id = new_id("ampw")
    await sql.execute(
        "insert into auth_methods (id, scope_id, type, name) values ($1, $2, 'password', $3)", method_id, scope_id, name
    )
    await set_primary_auth_method(sql, scope_id, method_id)
    return method_id


async def set_primary_auth_method(sql: Sql, scope_id: str, auth_method_id: str | None) -> None:
    """Makes an auth method of the scope the one that people log in to it with; None makes it none."""
    await sql.execute("delete from primary_auth_methods where scope_id = $1", scope_id)
    if auth_method_id is not None:
        await sql.execute(
            "insert into primary_auth_methods (scope_id, auth_method_id) values ($1, $2)", scope_id, auth_method_id
        )


async def _insert(sql: Sql, where: Where, new: NewAuthMethod) -> str:
    method_id = new_id("ampw")
    await sql.execute(
        "insert into auth_methods (id, scope_id, type, name, description, min_login_name_length, min_password_length)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        method_id,
        where.scope.id,
        new.type,
        new.name,
        plain(new.description, "description"),
        new.attributes.min_login_name_length,
        new.attributes.min_password_length,
    )
    return method_id


async def _update(sql: Sql, found: Found, change: AuthMethodChange) -> None:
    await describe(sql, found, change)
    await sql.execute(
        "update auth_methods set min_login_name_length = $2, min_password_length = $3 where id = $1",
        found.id,
        given(change.attributes.min_login_name_length, found.row["min_login_name_length"]) or MIN_LOGIN_NAME,
        given(change.attributes.min_password_length, found.row["min_password_length"]) or MIN_PASSWORD,
    )


ROUTES = routes(AUTH_METHODS, creates=Create(NewAuthMethod, _insert), updates=Act(AuthMethodChange, _update))

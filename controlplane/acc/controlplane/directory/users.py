"""Users: the people and programs that roles are given to. `self` is the caller.

Two are built in and stand for people: `u_anon`, whoever asks without a login, and `u_auth`, whoever asks with one. They
can be given roles and be in groups, and stay as they are otherwise. Deleting a user ends their sessions.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from acc.controlplane.access.held import BUILT_IN
from acc.controlplane.api import misfit
from acc.controlplane.api.bodies import Change, Described, Description, Id, Ids, PlainName, given, plain
from acc.controlplane.api.kind import Access, Found, Kind, Where
from acc.controlplane.api.routes import Act, Create, describe, edits, routes
from acc.controlplane.directory.accounts import ACCOUNTS
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql, UniqueViolation
from acc.controlplane.store.ids import new_id
from acc.wire.directory.people import USER
from acc.wire.errors import AccError, Code, wrong_field
from acc.wire.names import is_name

FullName = Annotated[str, msgspec.Meta(max_length=256)]
Email = Annotated[str, msgspec.Meta(max_length=256, pattern=misfit.EMAIL)]


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a user."""

    name: PlainName
    scope_id: Id = "global"
    description: Description | None = None
    full_name: FullName | None = None
    email: Email | None = None


class UserChange(Described):
    """The body that changes a user."""

    full_name: FullName | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET


class Accounts(Change):
    """The body that says which accounts log a user in."""

    account_ids: Ids | None


def _render(row: Row) -> Json:
    return present(
        name=row["name"],
        description=row["description"],
        full_name=row["full_name"],
        email=row["email"],
        login_name=row["login_name"],
        primary_account_id=row["primary_account_id"],
        account_ids=row["account_ids"],
        accounts=[{"id": account, "scope_id": row["scope_id"]} for account in row["account_ids"]],
    )


_PRIMARY = """
    from accounts a join primary_auth_methods m on m.auth_method_id = a.auth_method_id where a.user_id = t.id limit 1
"""

USERS = Kind(
    resource=USER,
    table="users",
    columns=f"""
        t.name, t.description, t.full_name, t.email,
        (select a.login_name {_PRIMARY}) as login_name, (select a.id {_PRIMARY}) as primary_account_id,
        array(select a.id from accounts a where a.user_id = t.id order by a.created_time, a.id) as account_ids
    """,  # noqa: S608 (only constants of ours are put in)
    render=_render,
    owner="t.id",
    access=Access.CHANGED,
    built_in=BUILT_IN,
)


async def create_user(
    sql: Sql,
    *,
    scope_id: str,
    name: str,
    description: str | None = None,
    full_name: str | None = None,
    email: str | None = None,
) -> str:
    """A new user, without any role."""
    if not is_name(name):
        raise AccError(Code.BAD_NAME, f"{name[:64]!r} cannot be a user's name", "name")
    user_id = new_id("u")
    await sql.execute(
        "insert into users (id, scope_id, name, description, full_name, email) values ($1, $2, $3, $4, $5, $6)",
        user_id,
        scope_id,
        name,
        plain(description, "description"),
        plain(full_name, "full_name"),
        plain(email, "email"),
    )
    return user_id


async def _insert(sql: Sql, where: Where, new: NewUser) -> str:
    return await create_user(
        sql,
        scope_id=where.scope.id,
        name=new.name,
        description=new.description,
        full_name=new.full_name,
        email=new.email,
    )


async def _update(sql: Sql, found: Found, change: UserChange) -> None:
    _not_built_in(found)
    name = given(change.name, found.row["name"])
    if name is None or not is_name(name):
        raise AccError(Code.BAD_NAME, "a user has a name of letters, digits, dot, underscore and hyphen", "name")
    await describe(sql, found, change)
    await sql.execute(
        "update users set full_name = $2, email = $3 where id = $1",
        found.id,
        plain(given(change.full_name, found.row["full_name"]), "full_name"),
        plain(given(change.email, found.row["email"]), "email"),
    )


def _accounts(row: Row) -> list[str]:
    return list(row["account_ids"])


async def _add_accounts(sql: Sql, found: Found, account_ids: Sequence[str]) -> None:
    _not_built_in(found)
    try:
        taken = await sql.fetch(
            "update accounts set user_id = $1, updated_time = now(), version = version + 1"
            " where id = any($2) and (user_id is null or user_id = $1) and scope_id = $3 returning id",
            found.id,
            account_ids,
            found.row["scope_id"],
        )
    except UniqueViolation:
        raise AccError(Code.CONFLICT, "account_ids: a user has one account in an auth method, no more") from None
    missing = set(account_ids) - {row["id"] for row in taken}
    if missing:
        raise wrong_field("account_ids", f"no account to be had: {', '.join(sorted(missing)[:5])}")


async def _remove_accounts(sql: Sql, found: Found, account_ids: Sequence[str]) -> None:
    await sql.execute("delete from auth_tokens where user_id = $1 and account_id = any($2)", found.id, account_ids)
    await sql.execute(
        "update accounts set user_id = null, updated_time = now(), version = version + 1"
        " where user_id = $1 and id = any($2)",
        found.id,
        account_ids,
    )


def _not_built_in(found: Found) -> None:
    if found.id in BUILT_IN:
        raise AccError(Code.BAD_REQUEST, f"{found.id} is built in and stays as it is")


ROUTES = routes(
    USERS,
    creates=Create(NewUser, _insert),
    updates=Act(UserChange, _update),
    acts=edits("accounts", Accounts, "account_ids", _accounts, _add_accounts, _remove_accounts, (ACCOUNTS,)),
    itself=lambda caller: caller.user_id,
)

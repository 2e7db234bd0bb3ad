"""Accounts: what people log in as. An account logs in the one user that it was added to, or nobody.

Rules: login names are lower-case and unique in their auth method. Passwords are hashed after the caller was found to be
allowed to, and before the transaction begins, so that no row is locked meanwhile. So whoever trades a password for
another may only replace the one that was verified. A new password ends the account's other logins.
"""

from typing import Annotated, Literal

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from acc.controlplane.api import misfit
from acc.controlplane.api.bodies import Change, Described, Description, Id, Name, plain, read_body
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.calls import Call
from acc.controlplane.api.kind import Access, Found, Kind, Where, change, create, find, place_for
from acc.controlplane.api.routes import Act, describe, routes
from acc.controlplane.api.throttle import limit_login
from acc.controlplane.directory.auth_methods import AUTH_METHODS
from acc.controlplane.directory.passwords import Passwords
from acc.controlplane.service.limits import LoginLimit
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Database, Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.people import ACCOUNT
from acc.wire.errors import AccError, Code, wrong_field

MAX_LOGIN_NAME = 128

LoginName = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LOGIN_NAME, pattern=misfit.WORD)]


class NewAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a password account has of its own."""

    login_name: LoginName
    password: str | None = None


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates an account."""

    auth_method_id: Id
    attributes: NewAttributes
    name: Name | None = None
    description: Description | None = None
    type: Literal["password"] = "password"


class AttributesChange(msgspec.Struct, forbid_unknown_fields=True):
    """A change of the same, but for the password."""

    login_name: LoginName | UnsetType = UNSET


class AccountChange(Described):
    """The body that changes an account."""

    attributes: AttributesChange = msgspec.field(default_factory=AttributesChange)


class SetPassword(Change):
    """The body of `:set-password`."""

    password: str


class ChangePassword(Change):
    """The body of `:change-password`."""

    current_password: str
    new_password: str


def _render(row: Row) -> Json:
    return present(
        name=row["name"],
        description=row["description"],
        type="password",
        auth_method_id=row["auth_method_id"],
        user_id=row["user_id"],
        attributes={"login_name": row["login_name"]},
    )


ACCOUNTS = Kind(
    resource=ACCOUNT,
    table="accounts",
    columns="t.name, t.description, t.auth_method_id, t.user_id, t.login_name",
    render=_render,
    owner="t.user_id",
    # Its login name is for nobody who reads the record.
    recorded_as="coalesce(t.name, (select u.name from users u where u.id = t.user_id))",
    access=Access.CHANGED,
)


async def create_account(
    sql: Sql,
    *,
    auth_method_id: str,
    login_name: str,
    password_hash: str | None,
    user_id: str | None = None,
    name: str | None = None,
    description: str | None = None,
) -> str:
    """A new account in the auth method's scope, which logs in `user_id`."""
    account_id = new_id("acctpw")
    made = await sql.fetchrow(
        "insert into accounts (id, auth_method_id, scope_id, user_id, login_name, password_hash, name, description)"
        " select $1, m.id, m.scope_id, $3, $4, $5, $6, $7 from auth_methods m"
        " where m.id = $2 and length($4) >= m.min_login_name_length returning id",
        account_id,
        auth_method_id,
        user_id,
        login_name.lower(),
        password_hash,
        name,
        plain(description, "description"),
    )
    if made is None:
        raise _too_short()
    return account_id


def _too_short() -> AccError:
    return wrong_field("attributes.login_name", "it is shorter than its auth method allows")


_CREATE = Call(resource=ACCOUNT, action="create", body=NewAccount)
_SET = Call(resource=ACCOUNT, action="set-password", body=SetPassword)
_CHANGE = Call(resource=ACCOUNT, action="change-password", body=ChangePassword)


@post("/v1/accounts", status_code=200, opt=_CREATE.opt)
async def create_password_account(db: Database, caller: Caller, passwords: Passwords, body: bytes) -> Json:
    """A new account."""
    new = read_body(body, NewAccount)
    password = new.attributes.password
    await place_for(db, caller, ACCOUNTS, new.auth_method_id, AUTH_METHODS, "create")
    if password is not None:
        await _check_length(db, new.auth_method_id, password)
    hashed = None if password is None else await passwords.hash(password)

    async def insert(sql: Sql, where: Where) -> str:
        return await create_account(
            sql,
            auth_method_id=where.parent_id or "",
            login_name=new.attributes.login_name,
            password_hash=hashed,
            name=new.name,
            description=new.description,
        )

    return await create(db, caller, ACCOUNTS, new.auth_method_id, AUTH_METHODS, insert)


async def _check_length(sql: Database | Sql, auth_method_id: str, password: str) -> None:
    row = await sql.fetchrow("select min_password_length from auth_methods where id = $1", auth_method_id)
    if row is not None and len(password) < row["min_password_length"]:
        raise AccError(Code.BAD_REQUEST, f"a password has at least {row['min_password_length']} characters")


async def _update(sql: Sql, found: Found, change_: AccountChange) -> None:
    await describe(sql, found, change_)
    if isinstance(change_.attributes.login_name, UnsetType):
        return
    stored = await sql.fetchrow(
        "update accounts a set login_name = $2 from auth_methods m"
        " where a.id = $1 and m.id = a.auth_method_id and length($2) >= m.min_login_name_length returning a.id",
        found.id,
        change_.attributes.login_name.lower(),
    )
    if stored is None:
        raise _too_short()


@post("/v1/accounts/{account_id:str}/:set-password", status_code=200, opt=_SET.opt)
async def set_password(db: Database, caller: Caller, passwords: Passwords, account_id: str, body: bytes) -> Json:
    """Gives an account a new password."""
    wanted = read_body(body, SetPassword)
    found = await find(db, caller, ACCOUNTS, account_id)
    found.need("set-password")
    hashed = await _hash(db, passwords, found, wanted.password)

    async def apply(sql: Sql, locked: Found) -> None:
        await sql.execute("update accounts set password_hash = $2 where id = $1", locked.id, hashed)
        await _end_other_logins(sql, caller, locked)

    return await change(db, caller, ACCOUNTS, found.id, "set-password", wanted.version, apply)


@post("/v1/accounts/{account_id:str}/:change-password", status_code=200, opt=_CHANGE.opt)
async def change_password(
    db: Database, caller: Caller, passwords: Passwords, login_limit: LoginLimit, account_id: str, body: bytes
) -> Json:
    """Trades an account's password for a new one."""
    wanted = read_body(body, ChangePassword)
    found = await find(db, caller, ACCOUNTS, account_id)
    found.need("change-password")
    limit_login(login_limit, found.row["login_name"])  # whoever guesses here is held to what guessing is there
    stored = await db.fetchrow("select password_hash from accounts where id = $1", account_id)
    verified = stored["password_hash"] if stored else None
    if not await passwords.verify(verified, wanted.current_password):
        raise _not_the_password()
    hashed = await _hash(db, passwords, found, wanted.new_password)

    async def apply(sql: Sql, locked: Found) -> None:
        replaced = await sql.fetchrow(
            "update accounts set password_hash = $2 where id = $1 and password_hash = $3 returning id",
            locked.id,
            hashed,
            verified,
        )
        if replaced is None:
            raise _not_the_password()
        await _end_other_logins(sql, caller, locked)

    return await change(db, caller, ACCOUNTS, found.id, "change-password", wanted.version, apply)


def _not_the_password() -> AccError:
    return AccError(Code.LOGIN_FAILED, "current_password is not the account's")


async def _hash(db: Database, passwords: Passwords, found: Found, password: str) -> str:
    await _check_length(db, found.row["auth_method_id"], password)
    return await passwords.hash(password)


async def _end_other_logins(sql: Sql, caller: Caller, account: Found) -> None:
    await sql.execute("delete from auth_tokens where account_id = $1 and id <> $2", account.id, caller.token_id)


ROUTES: list[HTTPRouteHandler] = [
    create_password_account,
    set_password,
    change_password,
    *routes(ACCOUNTS, parent=AUTH_METHODS, updates=Act(AccountChange, _update)),
]

"""Auth methods and accounts: how a person proves who they are.

Anonymous callers may list the auth methods and log in, nothing else. An unknown login name and a wrong password get
the same answer after the same work.
"""

from typing import Literal

import msgspec
from litestar import get, post

from acc.controlplane.bodies import read_body
from acc.controlplane.caller import make_token
from acc.controlplane.db import Database, Row, Sql, required
from acc.controlplane.ids import new_id
from acc.controlplane.listing import Json, envelope, present
from acc.controlplane.log import event
from acc.controlplane.passwords import Passwords
from acc.wire.errors import AccError, Code

TOKEN_LIFE_DAYS = 7
MAX_LOGIN_NAME = 128

_FIND_ACCOUNT = """
    select m.id as auth_method_id, a.id as account_id, a.user_id, a.password_hash
    from auth_methods m left join accounts a on a.auth_method_id = m.id and a.login_name = $2
    where m.id = $1
"""


class LoginAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a password login sends."""

    login_name: str
    password: str


class Authenticate(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `:authenticate`."""

    attributes: LoginAttributes
    command: Literal["login"] = "login"
    type: Literal["token"] = "token"


async def create_password_auth_method(sql: Sql, *, scope_id: str, name: str) -> str:
    """A new password auth method, the scope's primary one."""
    method_id = new_id("ampw")
    await sql.execute(
        "insert into auth_methods (id, scope_id, type, name, is_primary) values ($1, $2, 'password', $3, true)",
        method_id,
        scope_id,
        name,
    )
    return method_id


async def create_account(sql: Sql, *, auth_method_id: str, user_id: str, login_name: str, password_hash: str) -> str:
    """A new account of `user_id`, in the auth method's scope."""
    if not 0 < len(login_name) <= MAX_LOGIN_NAME or not login_name.isprintable():
        raise AccError(Code.BAD_REQUEST, f"a login name has 1 to {MAX_LOGIN_NAME} printable characters")
    account_id = new_id("acctpw")
    await sql.execute(
        "insert into accounts (id, auth_method_id, scope_id, user_id, login_name, password_hash)"
        " select $1, m.id, m.scope_id, $3, $4, $5 from auth_methods m where m.id = $2",
        account_id,
        auth_method_id,
        user_id,
        login_name.lower(),
        password_hash,
    )
    return account_id


@get("/v1/auth-methods")
async def list_auth_methods(db: Database, scope_id: str = "global", recursive: bool = False) -> Json:
    """The auth methods of a scope, for anyone: a client must know where to log in before it can."""
    rows = await db.fetch(
        "select id, scope_id, type, name, description, is_primary, created_time, updated_time, version"
        " from auth_methods where scope_id = $1 or $2 order by created_time desc, id desc limit 1000",
        scope_id,
        recursive and scope_id == "global",
    )
    return envelope([_render(row) for row in rows], None)


@post("/v1/auth-methods/{auth_method_id:str}/:authenticate", status_code=200)
async def authenticate(db: Database, passwords: Passwords, auth_method_id: str, body: bytes) -> Json:
    """Trades a login name and a password for a token."""
    data = read_body(body, Authenticate)
    login_name = data.attributes.login_name[: MAX_LOGIN_NAME + 1].lower()
    row = await db.fetchrow(_FIND_ACCOUNT, auth_method_id, login_name)
    if row is None:
        raise AccError(Code.NOT_FOUND)
    if not await passwords.verify(row["password_hash"], data.attributes.password):
        event("login failed", auth_method=auth_method_id)
        raise AccError(Code.LOGIN_FAILED)
    token = make_token()
    inserted = await db.fetchrow(
        "insert into auth_tokens (id, account_id, user_id, secret_hash, expiration_time)"
        " values ($1, $2, $3, $4, now() + $5 * interval '1 day')"
        " returning created_time, approximate_last_used_time, expiration_time",
        token.id,
        row["account_id"],
        row["user_id"],
        token.secret_hash,
        TOKEN_LIFE_DAYS,
    )
    stored = required(inserted)
    event("login", user=row["user_id"], token=token.id)
    attributes = present(
        id=token.id,
        scope_id="global",
        token=token.text,
        user_id=row["user_id"],
        auth_method_id=auth_method_id,
        account_id=row["account_id"],
        created_time=stored["created_time"],
        updated_time=stored["approximate_last_used_time"],
        approximate_last_used_time=stored["approximate_last_used_time"],
        expiration_time=stored["expiration_time"],
        authorized_actions=("read:self", "delete:self"),
    )
    return {"command": "login", "type": "token", "attributes": attributes}


def _render(row: Row) -> Json:
    return present(
        id=row["id"],
        scope_id=row["scope_id"],
        type=row["type"],
        name=row["name"],
        description=row["description"],
        is_primary=row["is_primary"],
        created_time=row["created_time"],
        updated_time=row["updated_time"],
        version=row["version"],
        authorized_actions=("authenticate",),
    )


ROUTES = (list_auth_methods, authenticate)

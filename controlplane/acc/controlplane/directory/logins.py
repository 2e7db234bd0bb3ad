"""`:authenticate`: a login name and a password for a token.

An unknown login name and a wrong password get the same answer after the same work, and so does an account that logs
nobody in. Who may try is up to what roles give to `u_anon`.

Rule: a token is made only while the account still has the password that was verified and the same user. Verifying takes
a while, and nothing is locked meanwhile; the statement that makes the token locks the account and looks again, so that
whoever changes either first finds no token made after, and whoever does so later finds the token and ends it.
"""

from typing import Literal

import msgspec
from litestar import post

from acc.controlplane.api.bodies import read_body
from acc.controlplane.api.caller import NewToken, find_anybody, make_token
from acc.controlplane.api.calls import Call
from acc.controlplane.api.kind import Found, find
from acc.controlplane.api.throttle import limit_login
from acc.controlplane.audit.attempt import note_details, note_user, supposing
from acc.controlplane.audit.trail import beside, fetch_beside
from acc.controlplane.directory.accounts import MAX_LOGIN_NAME
from acc.controlplane.directory.auth_methods import AUTH_METHODS
from acc.controlplane.directory.passwords import Passwords
from acc.controlplane.service.limits import LoginLimit
from acc.controlplane.service.log import event
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Database, Row, required
from acc.wire.directory.people import AUTH_METHOD
from acc.wire.errors import AccError, Code

TOKEN_LIFE_DAYS = 7

_FIND_ACCOUNT = """
    select a.id as account_id, a.user_id, a.password_hash, a.scope_id, u.name as user_name
    from accounts a left join users u on u.id = a.user_id where a.auth_method_id = $1 and a.login_name = $2
"""

_INSERT = beside(
    "insert into auth_tokens (id, scope_id, account_id, user_id, secret_hash, expiration_time)"
    " select $1, a.scope_id, a.id, a.user_id, $2, now() + $3 * interval '1 day' from accounts a"
    " where a.id = $4 and a.user_id = $5 and a.password_hash = $6 for share"
    " returning created_time, approximate_last_used_time, expiration_time",
    first=7,
)


class LoginAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a password login sends."""

    login_name: str
    password: str


class Authenticate(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `:authenticate`."""

    attributes: LoginAttributes
    command: Literal["login"] = "login"
    type: Literal["token"] | None = "token"


_CALL = Call(resource=AUTH_METHOD, action="authenticate", body=Authenticate)


@post("/v1/auth-methods/{auth_method_id:str}/:authenticate", status_code=200, opt=_CALL.opt)
async def authenticate(
    db: Database, passwords: Passwords, login_limit: LoginLimit, auth_method_id: str, body: bytes
) -> Json:
    """Trades a login name and a password for a token."""
    data = read_body(body, Authenticate)
    anybody = await find_anybody(db)
    note_user(anybody.user_id, anybody.user_name)
    method = await find(db, anybody, AUTH_METHODS, auth_method_id)
    method.need("authenticate")
    login_name = data.attributes.login_name[: MAX_LOGIN_NAME + 1].lower()
    limit_login(login_limit, login_name)
    row = await db.fetchrow(_FIND_ACCOUNT, method.id, login_name)
    if row is not None:
        note_details(account_id=row["account_id"], user_id=row["user_id"], user_name=row["user_name"])
    usable = row if row is not None and row["user_id"] is not None else None
    if not await passwords.verify(usable["password_hash"] if usable else None, data.attributes.password):
        raise _failed(method)
    account = required(usable)
    token = make_token()
    stored = await _insert(db, token, account)
    if stored is None:
        raise _failed(method)
    event("login", user=account["user_id"], token=token.id)
    attributes = present(
        id=token.id,
        scope_id=account["scope_id"],
        token=token.text,
        user_id=account["user_id"],
        auth_method_id=method.id,
        account_id=account["account_id"],
        created_time=stored["created_time"],
        updated_time=stored["approximate_last_used_time"],
        approximate_last_used_time=stored["approximate_last_used_time"],
        expiration_time=stored["expiration_time"],
        authorized_actions=("read:self", "delete:self"),
    )
    return {"command": "login", "type": "token", "attributes": attributes}


async def _insert(db: Database, token: NewToken, account: Row) -> Row | None:
    """Makes the token, unless the account is not what it was when its password was verified."""
    with supposing():
        note_user(account["user_id"], account["user_name"])
        note_details(auth_token_id=token.id)
        return await fetch_beside(
            db,
            _INSERT,
            token.id,
            token.secret_hash,
            TOKEN_LIFE_DAYS,
            account["account_id"],
            account["user_id"],
            account["password_hash"],
        )


def _failed(method: Found) -> AccError:
    event("login failed", auth_method=method.id)
    return AccError(Code.LOGIN_FAILED)


ROUTES = (authenticate,)

"""`:authenticate`: a login name and a password for a token.

An unknown login name and a wrong password get the same answer after the same work, and so does an account that logs
nobody in. Who may try is up to what roles give to `u_anon`.
"""

from typing import Literal

import msgspec
from litestar import post

from acc.controlplane.api.bodies import read_body
from acc.controlplane.api.caller import find_anybody, make_token
from acc.controlplane.api.calls import Call
from acc.controlplane.api.kind import find
from acc.controlplane.api.throttle import limit_login
from acc.controlplane.audit.attempt import note_details, note_user
from acc.controlplane.audit.trail import beside, fetch_beside
from acc.controlplane.directory.accounts import MAX_LOGIN_NAME
from acc.controlplane.directory.auth_methods import AUTH_METHODS
from acc.controlplane.directory.passwords import Passwords
from acc.controlplane.service.limits import LoginLimit
from acc.controlplane.service.log import event
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Database, required
from acc.wire.directory.people import AUTH_METHOD
from acc.wire.errors import AccError, Code

TOKEN_LIFE_DAYS = 7

_FIND_ACCOUNT = """
    select a.id as account_id, a.user_id, a.password_hash, a.scope_id, u.name as user_name
    from accounts a left join users u on u.id = a.user_id where a.auth_method_id = $1 and a.login_name = $2
"""

_INSERT = beside(
    "insert into auth_tokens (id, scope_id, account_id, user_id, secret_hash, expiration_time)"
    " values ($1, $2, $3, $4, $5, now() + $6 * interval '1 day')"
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
        event("login failed", auth_method=method.id)
        raise AccError(Code.LOGIN_FAILED)
    account = required(usable)
    token = make_token()
    note_user(account["user_id"], account["user_name"])
    note_details(auth_token_id=token.id)
    stored = required(
        await fetch_beside(
            db,
            _INSERT,
            token.id,
            account["scope_id"],
            account["account_id"],
            account["user_id"],
            token.secret_hash,
            TOKEN_LIFE_DAYS,
        )
    )
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


ROUTES = (authenticate,)

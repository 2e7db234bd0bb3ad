"""Who is calling: from the bearer token to a user and their grants, in one query.

Rules: the secret is compared by its hash, in constant time; an unknown, expired or wrong token all get the same
answer. A token dies at its expiry, and earlier if it lies unused for a day. Whoever has no token is the user `u_anon`,
and only what stands in `OPEN` lets them in.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime

from litestar.enums import ScopeType
from litestar.types import Scope

from acc.controlplane.access.grants import Holder, Rights, ScopedGrant, Thing, allowed_actions, allows, rights_of
from acc.controlplane.access.held import ANYBODY, EVERYBODY, OWN, grants_of, read_grants, scopes_seen
from acc.controlplane.access.visibility import Shown, Visibility, granted, visibility
from acc.controlplane.api.bearer import bearer_token
from acc.controlplane.audit.attempt import note_user
from acc.controlplane.service.exchange import current
from acc.controlplane.store.db import Database, Row
from acc.controlplane.store.ids import hash_secret, new_id, new_secret
from acc.wire.errors import AccError, Code

OPEN = {"/v1/scopes": "scope", "/v1/auth-methods": "auth-method"}
"""Lists that may be asked for without a login, if a role says so: a client must know where to log in before it can."""

_FIND = f"""
    select t.id, t.user_id, t.account_id, t.secret_hash, t.expiration_time, a.auth_method_id, a.login_name,
        u.name as user_name, {grants_of("u.id", EVERYBODY)} as grants,
        t.expiration_time <= now() or t.approximate_last_used_time <= now() - interval '24 hours' as expired,
        t.approximate_last_used_time <= now() - interval '1 minute' as stale
    from auth_tokens t
    join accounts a on a.id = t.account_id
    join users u on u.id = t.user_id
    where t.id = $1
"""  # noqa: S608 (only a constant of ours is put in)

_ANYBODY = "select " + grants_of(f"'{ANYBODY}'", ANYBODY) + " as grants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A user who has proved to be one, or `u_anon`."""

    user_id: str
    user_name: str
    login_name: str
    account_id: str
    auth_method_id: str
    token_id: str
    token_expiration_time: datetime | None
    role_grants: tuple[ScopedGrant, ...] = field(repr=False)
    rights: Rights = field(repr=False)

    @property
    def scope_ids(self) -> frozenset[str]:
        """Every scope that a role of theirs names: its own, or one that it was given by id."""
        return frozenset({one.scope_id for one in self.role_grants} | {one.reach for one in self.role_grants})

    def may(self, thing: Thing, action: str) -> bool:
        """True if the user may do `action` to `thing`."""
        return allows(self.rights, thing, action)

    def actions_on(self, thing: Thing, actions: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `actions` that the user may do to `thing`."""
        return allowed_actions(self.rights, thing, actions)

    def visibility(self, resource_type: str) -> Visibility:
        """What a list of that type must look at for them."""
        return visibility(self.rights, resource_type)

    def granted(self, resource_type: str, action: str) -> Shown:
        """What of that type they may do `action` to."""
        return granted(self.rights, resource_type, action)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as its owner gets it, once."""

    id: str
    text: str = field(repr=False)
    secret_hash: bytes = field(repr=False)


def make_token() -> NewToken:
    """A new login token: `at_<id>_<secret>`."""
    token_id, secret = new_id("at"), new_secret()
    return NewToken(token_id, f"{token_id}_{secret}", hash_secret(secret))


async def find_caller(db: Database, token: str | None) -> Caller:
    """The caller whose `bearer_token` it is. Raises AccError(LOGIN_REQUIRED)."""
    token_id, _, secret = (token or "").rpartition("_")
    if not token_id.startswith("at_"):
        raise AccError(Code.LOGIN_REQUIRED)
    row = await db.fetchrow(_FIND, token_id)
    matches = hmac.compare_digest(row["secret_hash"] if row else b"", hash_secret(secret))
    if row is None or not matches or row["expired"]:
        raise AccError(Code.LOGIN_REQUIRED, "the login has expired, or was ended")
    if row["stale"]:
        await db.fetch("update auth_tokens set approximate_last_used_time = now() where id = $1", token_id)
    return _caller(row)


def _caller(row: Row) -> Caller:
    held = read_grants(row["grants"])
    return Caller(
        user_id=row["user_id"],
        user_name=row["user_name"],
        login_name=row["login_name"],
        account_id=row["account_id"],
        auth_method_id=row["auth_method_id"],
        token_id=row["id"],
        token_expiration_time=row["expiration_time"],
        role_grants=held,
        rights=rights_of((*OWN, *held, *scopes_seen(row["grants"])), Holder(row["user_id"], row["account_id"])),
    )


async def find_anybody(db: Database) -> Caller:
    """Whoever asks without a login, with what roles give to everyone."""
    row = await db.fetchrow(_ANYBODY)
    held = read_grants(row["grants"] if row else ())
    return Caller(
        user_id=ANYBODY,
        user_name="anonymous",
        login_name="",
        account_id="",
        auth_method_id="",
        token_id="",
        token_expiration_time=None,
        role_grants=held,
        rights=rights_of(held, Holder(ANYBODY)),
    )


async def provide_caller(db: Database, scope: Scope) -> Caller:
    """Litestar's dependency `caller`: a route that takes it refuses whoever is not logged in, but for `OPEN`."""
    token = bearer_token(scope)
    if token == "" and _is_open(scope):
        anybody = await find_anybody(db)
        if not anybody.visibility(OPEN[scope["path"]]).anybodys.nothing:
            note_user(anybody.user_id, anybody.user_name)
            return anybody
    caller = await find_caller(db, token)
    note_user(caller.user_id, caller.user_name)
    exchange = current()
    if exchange is not None:
        exchange.user_id = caller.user_id
    return caller


def _is_open(scope: Scope) -> bool:
    return scope["type"] == ScopeType.HTTP and scope["method"] == "GET" and scope["path"] in OPEN

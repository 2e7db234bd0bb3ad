"""Login tokens: read and end one's own, or others' with a grant. `self` is the token that the request came with."""

from litestar import delete, get

from acc.controlplane.caller import Caller
from acc.controlplane.db import Database, Row
from acc.controlplane.grants import Place, Thing
from acc.controlplane.listing import Json, present
from acc.controlplane.log import event
from acc.wire.errors import AccError, Code

_ACTIONS = ("no-op", "read", "read:self", "delete", "delete:self")

_FIND = """
    select t.id, t.user_id, t.account_id, a.auth_method_id, a.scope_id, s.parent_id, t.created_time,
        t.approximate_last_used_time, t.expiration_time
    from auth_tokens t join accounts a on a.id = t.account_id join scopes s on s.id = a.scope_id
    where t.id = $1
"""


@get("/v1/auth-tokens/{token_id:str}")
async def read_token(db: Database, caller: Caller, token_id: str) -> Json:
    """One token, without its secret."""
    row, actions = await _find(db, caller, token_id)
    if not {"read", "read:self"} & set(actions):
        raise AccError(Code.NOT_ALLOWED)
    return present(
        id=row["id"],
        scope_id=row["scope_id"],
        user_id=row["user_id"],
        auth_method_id=row["auth_method_id"],
        account_id=row["account_id"],
        created_time=row["created_time"],
        updated_time=row["approximate_last_used_time"],
        approximate_last_used_time=row["approximate_last_used_time"],
        expiration_time=row["expiration_time"],
        authorized_actions=actions,
    )


@delete("/v1/auth-tokens/{token_id:str}")
async def delete_token(db: Database, caller: Caller, token_id: str) -> None:
    """Ends a login. Sessions that it started go on until their own end."""
    row, actions = await _find(db, caller, token_id)
    if not {"delete", "delete:self"} & set(actions):
        raise AccError(Code.NOT_ALLOWED)
    await db.fetch("delete from auth_tokens where id = $1", row["id"])
    event("logout", user=row["user_id"], token=row["id"])


async def _find(db: Database, caller: Caller, token_id: str) -> tuple[Row, tuple[str, ...]]:
    row = await db.fetchrow(_FIND, {"self": caller.token_id}.get(token_id, token_id))
    if row is None:
        raise AccError(Code.NOT_FOUND)
    thing = Thing(Place(row["scope_id"], row["parent_id"]), "auth-token", row["id"], row["user_id"])
    actions = caller.actions_on(thing, _ACTIONS)
    if not actions:
        raise AccError(Code.NOT_FOUND)
    return row, actions


ROUTES = (read_token, delete_token)

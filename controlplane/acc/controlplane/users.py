"""Users: the people that roles are given to. `self` is the caller.

Deleting a user ends their sessions, in the same transaction.
"""

from litestar import delete, get

from acc.controlplane.caller import Caller
from acc.controlplane.db import Database, Row, Sql
from acc.controlplane.ending import cancel_orphans
from acc.controlplane.grants import Place, Thing
from acc.controlplane.ids import new_id
from acc.controlplane.listing import Json, present
from acc.controlplane.log import event
from acc.controlplane.watcher import Watcher
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name

_ACTIONS = ("no-op", "read", "read:self", "update", "delete")

_FIND = """
    select u.id, u.scope_id, s.parent_id, u.name, u.full_name, u.email, u.description, u.created_time, u.updated_time,
        u.version, a.id as account_id, a.login_name
    from users u join scopes s on s.id = u.scope_id left join accounts a on a.user_id = u.id
    where u.id = $1 order by a.created_time limit 1
"""


async def create_user(sql: Sql, *, scope_id: str, name: str, email: str | None = None) -> str:
    """A new user, without any role."""
    if not is_name(name):
        raise AccError(Code.BAD_NAME, f"{name!r} cannot be a user's name")
    user_id = new_id("u")
    await sql.execute(
        "insert into users (id, scope_id, name, email) values ($1, $2, $3, $4)", user_id, scope_id, name, email
    )
    return user_id


@get("/v1/users/{user_id:str}")
async def read_user(db: Database, caller: Caller, user_id: str) -> Json:
    """One user."""
    row, actions = await _find(db, caller, user_id)
    if not {"read", "read:self"} & set(actions):
        raise AccError(Code.NOT_ALLOWED)
    return present(
        id=row["id"],
        scope_id=row["scope_id"],
        name=row["name"],
        login_name=row["login_name"],
        full_name=row["full_name"],
        email=row["email"],
        description=row["description"],
        primary_account_id=row["account_id"],
        created_time=row["created_time"],
        updated_time=row["updated_time"],
        version=row["version"],
        authorized_actions=actions,
    )


@delete("/v1/users/{user_id:str}")
async def delete_user(db: Database, caller: Caller, watcher: Watcher, user_id: str) -> None:
    """Deletes a user with their accounts, tokens and memberships, and ends their sessions."""
    row, actions = await _find(db, caller, user_id)
    if "delete" not in actions:
        raise AccError(Code.NOT_ALLOWED)

    async def work(sql: Sql) -> None:
        await sql.execute("delete from users where id = $1", row["id"])
        await cancel_orphans(sql)

    await db.transact(work)
    watcher.wake()
    event("user deleted", user=row["id"], by=caller.user_id)


async def _find(db: Database, caller: Caller, user_id: str) -> tuple[Row, tuple[str, ...]]:
    row = await db.fetchrow(_FIND, caller.user_id if user_id == "self" else user_id)
    if row is None:
        raise AccError(Code.NOT_FOUND)
    thing = Thing(Place(row["scope_id"], row["parent_id"]), "user", row["id"], row["id"])
    actions = caller.actions_on(thing, _ACTIONS)
    if not actions:
        raise AccError(Code.NOT_FOUND)
    return row, actions


ROUTES = (read_user, delete_user)

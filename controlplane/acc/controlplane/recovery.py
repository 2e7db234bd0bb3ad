"""Breaking glass: gives a cluster an administrator back, where nobody can log in as one any more.

Whoever can reach the database is trusted; there is nobody else left to ask. One transaction gives the account of that
login name a new password, or makes it with a user, ends its logins, and gives its user a role of its own that allows
everything everywhere.

Rule: it never happens silently. `record` is where it is written down.
"""

from dataclasses import dataclass

from acc.controlplane.db import Database, Sql, UniqueViolation
from acc.controlplane.identity import create_account
from acc.controlplane.ids import new_id
from acc.controlplane.log import warning
from acc.controlplane.roles import create_role
from acc.controlplane.users import create_user
from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """Who is an administrator again, and by which role."""

    user_id: str
    role_id: str


async def recover_admin(db: Database, *, login_name: str, password_hash: str) -> Recovered:
    """Gives `login_name` the password and everything. Raises AccError(CONFIG) where there is no cluster."""

    async def work(sql: Sql) -> Recovered:
        user_id = await _account(sql, login_name.lower(), password_hash)
        role_id = await create_role(
            sql,
            scope_id="global",
            name=f"recovered-{new_id('r').rpartition('_')[2]}",
            reach=("this", "descendants"),
            grants=("ids=*;type=*;actions=*",),
            user_ids=(user_id,),
        )
        return Recovered(user_id=user_id, role_id=role_id)

    try:
        recovered = await db.transact(work)
    except UniqueViolation:
        raise AccError(
            Code.CONFLICT, f"the user {login_name!r} logs in by another name: recover that one, or a name that is new"
        ) from None
    record(recovered, login_name)
    return recovered


def record(recovered: Recovered, login_name: str) -> None:
    """Writes down that it happened."""
    warning("administrator recovered", login_name=login_name, user=recovered.user_id, role=recovered.role_id)


async def _account(sql: Sql, login_name: str, password_hash: str) -> str:
    """The user of `login_name`'s account in global's primary auth method, both made if they are not there."""
    method = await sql.fetchrow(
        "select id from auth_methods where scope_id = 'global' and type = 'password' order by is_primary desc limit 1"
    )
    if method is None:
        raise AccError(
            Code.CONFIG, "the database holds no cluster with a password auth method: run acc-controller init"
        )
    account = await sql.fetchrow(
        "update accounts set password_hash = $3 where auth_method_id = $1 and login_name = $2 returning id, user_id",
        method["id"],
        login_name,
        password_hash,
    )
    if account is not None:
        await sql.execute("delete from auth_tokens where account_id = $1", account["id"])
        return str(account["user_id"])
    user = await sql.fetchrow("select id from users where scope_id = 'global' and name = $1", login_name)
    user_id = str(user["id"]) if user else await create_user(sql, scope_id="global", name=login_name)
    await create_account(
        sql, auth_method_id=method["id"], user_id=user_id, login_name=login_name, password_hash=password_hash
    )
    return user_id

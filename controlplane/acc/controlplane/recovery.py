"""Breaking glass: gives a cluster an administrator back, where nobody can log in as one any more.

Whoever can reach the database is trusted; there is nobody else left to ask. One transaction gives the account of that
login name a new password, or makes it with a user, ends its logins, gives its user a role of its own that allows
everything everywhere, and makes sure that anybody may try to log in there.

Rule: it never happens silently: it is in the audit log with the same commit, and in the log.
"""

from dataclasses import dataclass

from acc.controlplane.access.held import ANYBODY
from acc.controlplane.audit.attempt import note_details
from acc.controlplane.audit.trail import transact
from acc.controlplane.directory.accounts import create_account
from acc.controlplane.directory.auth_methods import create_password_auth_method
from acc.controlplane.directory.roles import create_role
from acc.controlplane.directory.users import create_user
from acc.controlplane.service.log import warning
from acc.controlplane.store.db import Database, Sql, UniqueViolation
from acc.controlplane.store.ids import new_id
from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """Who is an administrator again, and by which role."""

    user_id: str
    role_id: str


async def recover_admin(db: Database, *, login_name: str, password_hash: str) -> Recovered:
    """Gives `login_name` the password and everything, as the attempt that is under way.

    Raises AccError(CONFIG) where there is no cluster.
    """

    async def work(sql: Sql) -> Recovered:
        if await sql.fetchrow("select id from scopes where id = 'global'") is None:
            raise AccError(Code.CONFIG, "the database holds no cluster: run acc-controller init")
        method_id = await _auth_method(sql)
        user_id = await _account(sql, method_id, login_name.lower(), password_hash)
        suffix = new_id("r").rpartition("_")[2]
        await create_role(
            sql,
            scope_id="global",
            name=f"recovered-login-{suffix}",
            reach=("this",),
            grants=(f"ids={method_id};actions=no-op,authenticate",),
            principals=(ANYBODY,),
        )
        role_id = await create_role(
            sql,
            scope_id="global",
            name=f"recovered-{suffix}",
            reach=("this", "descendants"),
            grants=("ids=*;type=*;actions=*",),
            principals=(user_id,),
        )
        note_details(user_id=user_id, role_id=role_id)
        return Recovered(user_id=user_id, role_id=role_id)

    try:
        recovered = await transact(db, work)
    except UniqueViolation:
        raise AccError(
            Code.CONFLICT, f"the user {login_name!r} logs in by another name: recover that one, or a name that is new"
        ) from None
    warning("administrator recovered", login_name=login_name, user=recovered.user_id, role=recovered.role_id)
    return recovered


async def _auth_method(sql: Sql) -> str:
    """Global's password auth method, the primary one if there are several; made if there is none."""
    method = await sql.fetchrow(
        "select m.id from auth_methods m left join primary_auth_methods p on p.auth_method_id = m.id"
        " where m.scope_id = 'global' and m.type = 'password'"
        " order by p.auth_method_id is null, m.created_time limit 1"
    )
    return str(method["id"]) if method else await create_password_auth_method(sql, scope_id="global", name="recovered")


async def _account(sql: Sql, method_id: str, login_name: str, password_hash: str) -> str:
    """The user of `login_name`'s account in the auth method; both are made if they are not there."""
    account = await sql.fetchrow(
        "select id, user_id from accounts where auth_method_id = $1 and login_name = $2 for update",
        method_id,
        login_name,
    )
    if account is None:
        user_id = await _user(sql, login_name)
        await create_account(
            sql, auth_method_id=method_id, user_id=user_id, login_name=login_name, password_hash=password_hash
        )
        return user_id
    user_id = account["user_id"] or await _user(sql, login_name)
    await sql.execute(
        "update accounts set password_hash = $2, user_id = $3, version = version + 1, updated_time = now()"
        " where id = $1",
        account["id"],
        password_hash,
        user_id,
    )
    await sql.execute("delete from auth_tokens where account_id = $1", account["id"])
    return str(user_id)


async def _user(sql: Sql, name: str) -> str:
    """The user of that name in global, made if there is none."""
    user = await sql.fetchrow("select id from users where scope_id = 'global' and name = $1", name)
    return str(user["id"]) if user else await create_user(sql, scope_id="global", name=name)

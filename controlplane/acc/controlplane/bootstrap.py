"""`init`: makes a database the database of a new cluster.

One transaction makes everything: the cluster's id, its CA and ticket key, global, the password auth method, the first
administrator with a role that allows everything everywhere, and an org and a project called `default`.

Refuses a database in use: one that holds a table or a view, in any schema, that is not ours, or a cluster already.
"""

from dataclasses import dataclass

from acc.controlplane.access.held import ANYBODY, EVERYBODY
from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.audit.trail import transact
from acc.controlplane.directory.accounts import create_account
from acc.controlplane.directory.auth_methods import create_password_auth_method
from acc.controlplane.directory.roles import create_role
from acc.controlplane.directory.scopes import create_scope
from acc.controlplane.directory.users import create_user
from acc.controlplane.link.ca import make_authority
from acc.controlplane.sessions.tickets import make_ticket_key
from acc.controlplane.store.db import Database, Sql, UniqueViolation
from acc.controlplane.store.ids import new_id
from acc.controlplane.store.migrate import KNOWN, Change, migrate, tables_of
from acc.wire.errors import AccError, Code

SHOWN = 5
"""How many of the tables in the way are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCluster:
    """The ids of what was made."""

    cluster: str
    auth_method: str
    user: str
    org: str
    project: str


def beginning() -> AuditEvent:
    """What the record says of making a cluster."""
    return AuditEvent(action="init", resource_type="scope", resource_id="global", resource_name="global")


async def init_cluster(db: Database, *, admin: str, password_hash: str) -> NewCluster:
    """Makes the cluster, as the attempt that is under way. Raises AccError(CONFLICT) where the database is in use."""
    await _refuse_foreign_tables(db)
    await migrate(db, tuple(Change))

    async def work(sql: Sql) -> NewCluster:
        cluster = new_id("c")
        await sql.execute("insert into cluster (id) values ($1)", cluster)
        authority = make_authority(cluster)
        await sql.execute(
            "insert into certificate_authorities (id, certificate_der, private_key_der) values ($1, $2, $3)",
            new_id("ca"),
            authority.der,
            authority.private_der(),
        )
        await make_ticket_key(sql)
        await sql.execute("insert into scopes (id, type, name) values ('global', 'global', 'global')")
        for user_id, name in ((ANYBODY, "anonymous"), (EVERYBODY, "authenticated")):
            await sql.execute("insert into users (id, scope_id, name) values ($1, 'global', $2)", user_id, name)
        await create_role(
            sql,
            scope_id="global",
            name="login",
            reach=("this", "descendants"),
            grants=("ids=*;type=auth-method;actions=list,no-op,authenticate",),
            principals=(ANYBODY,),
        )
        method = await create_password_auth_method(sql, scope_id="global", name="password")
        user = await create_user(sql, scope_id="global", name=admin)
        await create_account(sql, auth_method_id=method, user_id=user, login_name=admin, password_hash=password_hash)
        await create_role(
            sql,
            scope_id="global",
            name="administration",
            reach=("this", "descendants"),
            grants=("ids=*;type=*;actions=*",),
            principals=(user,),
        )
        org = await create_scope(sql, parent_id="global", name="default")
        project = await create_scope(sql, parent_id=org, name="default")
        return NewCluster(cluster=cluster, auth_method=method, user=user, org=org, project=project)

    try:
        return await transact(db, work)
    except UniqueViolation:
        raise AccError(Code.CONFLICT, "the database holds a cluster already") from None


# What systems have by themselves is in schemas of theirs, is called pg_ as extensions call it, or is SYSTEM something.
_FOREIGN = """
    select case when table_schema = current_schema() then '' else table_schema || '.' end || table_name as name
    from information_schema.tables
    where not (table_schema = current_schema() and table_name = any($1) and table_type = 'BASE TABLE')
    and table_schema not in ('information_schema', 'crdb_internal') and table_schema not like 'pg\\_%'
    and table_name not like 'pg\\_%' and table_type not like 'SYSTEM%'
    order by 1
"""


async def _refuse_foreign_tables(db: Database) -> None:
    foreign = [row["name"] for row in await db.fetch(_FOREIGN, sorted(tables_of(KNOWN)))]
    if foreign:
        more = f" and {len(foreign) - SHOWN} more" if len(foreign) > SHOWN else ""
        raise AccError(
            Code.CONFLICT,
            f"the database is in use: it holds {', '.join(foreign[:SHOWN])}{more}, which no cluster of acc has;"
            " give acc a database of its own",
        )

"""A directory of a given size, made in SQL.

What a caller sees is the same in every size: 50 grants in ten projects of a hundred targets each, and a busy project
with a hundred running sessions. Only what they do not see, and what has been, grows.
"""

from dataclasses import dataclass

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from acc.controlplane.api.caller import make_token
from acc.controlplane.audit.local import recorded_locally
from acc.controlplane.audit.sinks import AuditSinks
from acc.controlplane.bootstrap import beginning, init_cluster
from acc.controlplane.directory.passwords import HASHER
from acc.controlplane.store.db import open_database

PROJECT_TARGETS = 100
SEEN_PROJECTS = 10
BUSY_SESSIONS = 100


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    targets: int
    users: int
    roles: int
    past_sessions: int


FULL = Size(targets=100_000, users=10_000, roles=1_000, past_sessions=1_000_000)
SMALL = Size(targets=1_000, users=100, roles=10, past_sessions=10_000)

_FILL = """
insert into scopes (id, type, parent_id, parent_type, name)
    select 'o_bench' || lpad(n::text, 5, '0'), 'org', 'global', 'global', 'org-' || n
    from generate_series(0, greatest({projects} / 100 - 1, 0)) n;
insert into scopes (id, type, parent_id, parent_type, name)
    select 'p_bench' || lpad(n::text, 5, '0'), 'project', 'o_bench' || lpad((n / 100)::text, 5, '0'), 'org',
        'project-' || n
    from generate_series(0, {projects} - 1) n;
insert into users (id, scope_id, name, full_name)
    select 'u_bench' || lpad(n::text, 5, '0'), 'global', 'user-' || n, 'User ' || n
    from generate_series(0, {users} - 1) n;
insert into accounts (id, auth_method_id, scope_id, user_id, login_name)
    select 'acctpw_b' || lpad(n::text, 9, '0'), m.id, m.scope_id, 'u_bench' || lpad(n::text, 5, '0'), 'user-' || n
    from auth_methods m, generate_series(0, {users} - 1) n;
insert into targets (id, scope_id, type, name, address, default_port, session_max_seconds, session_connection_limit,
        created_time)
    select 'ttcp_b' || lpad(n::text, 9, '0'), 'p_bench' || lpad((n % {projects})::text, 5, '0'), 'tcp', 'host-' || n,
        '10.0.0.1', 22, 28800, -1, now() - n * interval '1 second'
    from generate_series(0, {targets} - 1) n;
insert into roles (id, scope_id, name)
    select 'r_bench' || lpad(n::text, 5, '0'), 'p_bench' || lpad((n % {projects})::text, 5, '0'), 'role-' || n
    from generate_series(0, {roles} - 1) n;
insert into role_grant_scopes (role_id, reach) select id, 'this' from roles where id like 'r_bench%';
insert into role_grants (role_id, grant_text)
    select r.id, g from roles r, unnest(array[
        'ids=*;type=target;actions=read,authorize-session', 'ids=*;type=session;actions=read,cancel',
        'ids=*;type=host-catalog;actions=read', 'type=target;actions=list', 'ids=*;type=group;actions=read'
    ]) g where r.id like 'r_bench%';
insert into role_users (role_id, user_id)
    select r.id, 'u_bench' || lpad((row_number() over (order by r.id) % {users})::text, 5, '0')
    from roles r where r.id like 'r_bench%' and r.id >= 'r_bench00010';
insert into role_users (role_id, user_id) select id, 'u_bench00000' from roles where id < 'r_bench00010'
    and id like 'r_bench%' on conflict do nothing;
insert into sessions (id, scope_id, scope_name, org_id, user_id, user_name, target_id, target_name, account_id,
        auth_token_id, endpoint, state, termination_reason, connection_limit, created_time, expiration_time,
        canceling_time, terminated_time)
    select 's_past' || lpad(n::text, 9, '0'), 'p_bench' || lpad((n % {projects} * (n % 2))::text, 5, '0'), 'project',
        'o_bench00000', 'u_bench' || lpad((n % {users})::text, 5, '0'), 'user',
        'ttcp_b' || lpad((n % {targets})::text, 9, '0'), 'host', 'acctpw_x', 'at_x', 'tcp://10.0.0.1:22', 'terminated',
        'timed out', -1,
        now() - interval '1 day' - n * interval '1 second', now() - interval '12 hours', now() - interval '12 hours',
        now() - interval '12 hours'
    from generate_series(0, {past_sessions} - 1) n;
insert into sessions (id, scope_id, scope_name, org_id, user_id, user_name, live_user_id, target_id, target_name,
        live_target_id, account_id, auth_token_id, endpoint, state, connection_limit, expiration_time)
    select 's_live' || lpad(n::text, 9, '0'), t.scope_id, 'project', 'o_bench00000', u.id, u.name, u.id, t.id, t.name,
        t.id, 'acctpw_x', 'at_x', 'tcp://10.0.0.1:22', 'pending', -1, now() + interval '1 day'
    from generate_series(0, {busy} - 1) n, users u, targets t
    where u.id = 'u_bench00000' and t.id = 'ttcp_b000000000';
insert into workers (id, name, address, last_status_time)
    values ('w_bench00000', 'bench', '127.0.0.1:9202', now() + interval '1 day');
"""


async def seed(url: str, size: Size) -> str:
    """Makes a cluster of that size in an empty database. Returns the login token of the caller who is measured."""
    async with open_database(url) as db, recorded_locally(db, AuditSinks(), beginning()):
        made = await init_cluster(db, admin="admin", password_hash=HASHER.hash("correct horse battery"))
    projects = max(SEEN_PROJECTS, size.targets // PROJECT_TARGETS)
    connection = await asyncpg.connect(url)
    token = make_token()
    try:
        await connection.execute(
            _FILL.format(
                projects=projects,
                users=size.users,
                targets=size.targets,
                roles=size.roles,
                past_sessions=size.past_sessions,
                busy=BUSY_SESSIONS,
            )
        )
        await connection.execute(
            "insert into auth_tokens (id, scope_id, account_id, user_id, secret_hash, expiration_time)"
            " values ($1, 'global', 'acctpw_b000000000', 'u_bench00000', $2, now() + interval '1 day')",
            token.id,
            token.secret_hash,
        )
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    assert made.user
    return token.text

-- expand
-- What happens: workers, sessions, connections.
-- A session outlives what it was made for, as a record: ids and names stay, and where it was (scope_id, org_id);
-- live_user_id, live_target_id and live_host_id become null when the thing is deleted.

create table workers (
    id text primary key,
    scope_id text not null default 'global' references scopes (id) check (scope_id = 'global'),
    name text not null unique,
    description text,
    -- Empty until it has enrolled.
    address text not null default '',
    -- Serial numbers, in hexadecimal, of the certificates that are accepted: the newest, and the one it was asked with.
    certificate_serial text not null default '',
    previous_serial text not null default '',
    release_version text not null default '',
    open_connections integer not null default 0,
    draining boolean not null default false,
    api_tags jsonb not null default '{}',
    config_tags jsonb not null default '{}',
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    last_status_time timestamptz
);
create index workers_page on workers (scope_id, created_time desc, id desc);
create index workers_last_status on workers (last_status_time);

create table enrolment_tokens (
    secret_hash bytea primary key check (length(secret_hash) = 32),
    worker_name text not null,
    created_time timestamptz not null default now(),
    expiration_time timestamptz not null,
    used_time timestamptz
);

create table sessions (
    id text primary key,
    scope_id text not null,
    scope_name text not null,
    org_id text not null,
    user_id text not null,
    user_name text not null,
    live_user_id text references users (id) on delete set null,
    target_id text not null,
    target_name text not null,
    live_target_id text references targets (id) on delete set null,
    account_id text not null,
    host_id text,
    host_set_id text,
    live_host_id text references hosts (id) on delete set null,
    auth_token_id text not null,
    endpoint text not null,
    state text not null default 'pending' check (state in ('pending', 'active', 'canceling', 'terminated')),
    termination_reason text,
    connection_limit integer not null check (connection_limit = -1 or connection_limit > 0),
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    expiration_time timestamptz not null,
    activated_time timestamptz,
    canceling_time timestamptz,
    terminated_time timestamptz,
    version integer not null default 1,
    check (live_user_id is null or live_user_id = user_id),
    check (live_target_id is null or live_target_id = target_id),
    check (live_host_id is null or live_host_id = host_id),
    check ((state in ('canceling', 'terminated')) = (termination_reason is not null)),
    check ((state = 'terminated') = (terminated_time is not null))
);
create index sessions_created on sessions (created_time desc, id desc);
create index sessions_page on sessions (scope_id, created_time desc, id desc);
create index sessions_user on sessions (user_id, created_time desc, id desc);
-- The same three for what is going on, which is what people ask for: it must not cost what has been.
create index sessions_live_created on sessions (created_time desc, id desc) where state <> 'terminated';
create index sessions_live_page on sessions (scope_id, created_time desc, id desc) where state <> 'terminated';
create index sessions_live_of_user on sessions (user_id, created_time desc, id desc) where state <> 'terminated';
create index sessions_live_user on sessions (live_user_id) where live_user_id is not null;
create index sessions_live_target on sessions (live_target_id) where live_target_id is not null;
create index sessions_live_host on sessions (live_host_id) where live_host_id is not null;
-- The two that are asked for several times a second; both stay as small as what is going on.
create index sessions_running on sessions (expiration_time) where state in ('pending', 'active');
create index sessions_canceling on sessions (id) where state = 'canceling';

create table connections (
    id text primary key,
    session_id text not null references sessions (id) on delete cascade,
    worker_id text not null,
    state text not null check (state in ('authorized', 'connected', 'closed')),
    client_address text not null default '',
    local_address text not null default '',
    backend_address text not null default '',
    bytes_up bigint not null default 0 check (bytes_up >= 0),
    bytes_down bigint not null default 0 check (bytes_down >= 0),
    closed_by text,
    closed_reason text,
    during_outage boolean not null default false,
    resumes integer not null default 0,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    connected_time timestamptz,
    closed_time timestamptz,
    check ((state = 'closed') = (closed_time is not null)),
    check ((state = 'closed') = (closed_by is not null)),
    check ((state = 'closed') = (closed_reason is not null))
);
create index connections_session on connections (session_id);
-- What a worker that was away must hear when it is back.
create index connections_unheard on connections (worker_id) where closed_reason = 'worker_unreachable';
create index connections_outage on connections (worker_id) where during_outage and state <> 'closed';
create index connections_open on connections (session_id, worker_id) where state <> 'closed';

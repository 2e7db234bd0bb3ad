-- Who there is and what they may: scopes, people, roles, targets.
-- Text ids are made by the program. Times are the database's. A pair (id, scope_id) is unique wherever another table
-- must lie in the same scope, so that a cross-scope link cannot be written at all.

create table cluster (
    only_row boolean primary key default true check (only_row),
    id text not null,
    created_time timestamptz not null default now()
);

create table certificate_authorities (
    id text primary key,
    certificate_der bytea not null,
    private_key_der bytea not null,
    created_time timestamptz not null default now()
);

create table ticket_keys (
    id text primary key,
    public_key bytea not null check (length(public_key) = 32),
    private_key bytea not null check (length(private_key) = 32),
    created_time timestamptz not null default now()
);

create table scopes (
    id text primary key,
    type text not null check (type in ('global', 'org', 'project')),
    parent_id text,
    parent_type text,
    name text not null,
    description text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, type),
    unique (parent_id, name),
    foreign key (parent_id, parent_type) references scopes (id, type),
    check (
        (type = 'global' and id = 'global' and parent_id is null and parent_type is null)
        or (type = 'org' and parent_id is not null and parent_type = 'global')
        or (type = 'project' and parent_id is not null and parent_type = 'org')
    )
);

create table users (
    id text primary key,
    scope_id text not null references scopes (id),
    name text not null,
    full_name text,
    email text,
    description text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, scope_id),
    unique (scope_id, name)
);

create table auth_methods (
    id text primary key,
    scope_id text not null references scopes (id),
    type text not null check (type in ('password')),
    name text not null,
    description text,
    is_primary boolean not null default false,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, scope_id),
    unique (scope_id, name)
);

create table accounts (
    id text primary key,
    auth_method_id text not null,
    scope_id text not null,
    user_id text not null,
    login_name text not null,
    password_hash text not null,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (auth_method_id, login_name),
    unique (auth_method_id, user_id),
    unique (id, user_id),
    foreign key (auth_method_id, scope_id) references auth_methods (id, scope_id) on delete cascade,
    foreign key (user_id, scope_id) references users (id, scope_id) on delete cascade
);

create table auth_tokens (
    id text primary key,
    account_id text not null,
    user_id text not null,
    secret_hash bytea not null,
    created_time timestamptz not null default now(),
    approximate_last_used_time timestamptz not null default now(),
    expiration_time timestamptz not null,
    foreign key (account_id, user_id) references accounts (id, user_id) on delete cascade
);
create index auth_tokens_account on auth_tokens (account_id);
create index auth_tokens_expiration on auth_tokens (expiration_time);

create table roles (
    id text primary key,
    scope_id text not null references scopes (id),
    name text not null,
    description text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (scope_id, name)
);

-- Where a role's grants reach: 'this' is the role's own scope, else as the word says, else a scope's id.
create table role_grant_scopes (
    role_id text not null references roles (id) on delete cascade,
    reach text not null,
    primary key (role_id, reach)
);

create table role_grants (
    role_id text not null references roles (id) on delete cascade,
    grant_text text not null check (length(grant_text) <= 4096),
    primary key (role_id, grant_text)
);

create table role_users (
    role_id text not null references roles (id) on delete cascade,
    user_id text not null references users (id) on delete cascade,
    primary key (role_id, user_id)
);
create index role_users_user on role_users (user_id);

create table targets (
    id text primary key,
    scope_id text not null,
    scope_type text not null default 'project' check (scope_type = 'project'),
    type text not null check (type in ('tcp')),
    name text not null,
    description text,
    address text not null,
    default_port integer not null check (default_port between 1 and 65535),
    extra_ports integer[] not null default '{}',
    outage_policy text not null default 'deny' check (outage_policy in ('allow', 'deny')),
    session_max_seconds integer not null check (session_max_seconds > 0),
    session_connection_limit integer not null check (session_connection_limit = -1 or session_connection_limit > 0),
    worker_filter text not null default '',
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    foreign key (scope_id, scope_type) references scopes (id, type)
);
-- ssh lower-cases the names that it is given, so two names that differ in case only would be one name there.
create unique index targets_name_in_scope on targets (scope_id, lower(name));
create index targets_name on targets (lower(name));
create index targets_created on targets (created_time desc, id desc);

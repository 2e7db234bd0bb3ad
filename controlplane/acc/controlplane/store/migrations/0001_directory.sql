-- expand
-- Who there is and what they may: scopes, people, roles, hosts, targets.
-- Text ids are made by the program. Times are the database's. A pair (id, scope_id) is unique wherever another table
-- must lie in the same scope, so that a cross-scope link cannot be written at all. Each table that people list has an
-- index in the order of its pages, by scope.

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
    foreign key (parent_id, parent_type) references scopes (id, type) on delete cascade,
    check (
        (type = 'global' and id = 'global' and parent_id is null and parent_type is null)
        or (type = 'org' and parent_id is not null and parent_type = 'global')
        or (type = 'project' and parent_id is not null and parent_type = 'org')
    )
);
create index scopes_page on scopes (parent_id, created_time desc, id desc);
create index scopes_created on scopes (created_time desc, id desc);

create table users (
    id text primary key,
    scope_id text not null references scopes (id) on delete cascade,
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
create index users_page on users (scope_id, created_time desc, id desc);
create index users_created on users (created_time desc, id desc);

create table auth_methods (
    id text primary key,
    scope_id text not null references scopes (id) on delete cascade,
    type text not null check (type in ('password')),
    name text,
    description text,
    min_login_name_length integer not null default 3 check (min_login_name_length between 1 and 128),
    min_password_length integer not null default 8 check (min_password_length between 8 and 256),
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, scope_id),
    unique (scope_id, name)
);
create index auth_methods_page on auth_methods (scope_id, created_time desc, id desc);
create index auth_methods_created on auth_methods (created_time desc, id desc);

create table primary_auth_methods (
    scope_id text primary key references scopes (id) on delete cascade,
    auth_method_id text not null,
    foreign key (auth_method_id, scope_id) references auth_methods (id, scope_id) on delete cascade
);
create index primary_auth_methods_method on primary_auth_methods (auth_method_id);

create table accounts (
    id text primary key,
    auth_method_id text not null,
    scope_id text not null,
    user_id text,
    name text,
    description text,
    login_name text not null,
    password_hash text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (auth_method_id, login_name),
    unique (auth_method_id, name),
    unique (auth_method_id, user_id),
    unique (id, user_id),
    foreign key (auth_method_id, scope_id) references auth_methods (id, scope_id) on delete cascade,
    foreign key (user_id, scope_id) references users (id, scope_id) on delete cascade
);
create index accounts_user on accounts (user_id);
create index accounts_page on accounts (scope_id, created_time desc, id desc);
create index accounts_pinned on accounts (auth_method_id, created_time desc, id desc);
create index accounts_created on accounts (created_time desc, id desc);

-- A token is of an account while that logs in its user: taking the account away from the user ends its logins.
create table auth_tokens (
    id text primary key,
    scope_id text not null references scopes (id) on delete cascade,
    account_id text not null,
    user_id text not null,
    secret_hash bytea not null,
    created_time timestamptz not null default now(),
    approximate_last_used_time timestamptz not null default now(),
    expiration_time timestamptz not null,
    foreign key (account_id, user_id) references accounts (id, user_id) on delete cascade
);
create index auth_tokens_account on auth_tokens (account_id, user_id);
create index auth_tokens_user on auth_tokens (user_id, created_time desc, id desc);
create index auth_tokens_expiration on auth_tokens (expiration_time);
create index auth_tokens_page on auth_tokens (scope_id, created_time desc, id desc);
create index auth_tokens_created on auth_tokens (created_time desc, id desc);

create table groups (
    id text primary key,
    scope_id text not null references scopes (id) on delete cascade,
    name text,
    description text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (scope_id, name)
);
create index groups_page on groups (scope_id, created_time desc, id desc);
create index groups_created on groups (created_time desc, id desc);

create table group_members (
    group_id text not null references groups (id) on delete cascade,
    user_id text not null references users (id) on delete cascade,
    primary key (group_id, user_id)
);
create index group_members_user on group_members (user_id);

create table roles (
    id text primary key,
    scope_id text not null references scopes (id) on delete cascade,
    name text,
    description text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (scope_id, name)
);
create index roles_page on roles (scope_id, created_time desc, id desc);
create index roles_created on roles (created_time desc, id desc);

-- Where a role's grants count: 'this' is the role's own scope, else as the word says, else a scope's id.
create table role_grant_scopes (
    role_id text not null references roles (id) on delete cascade,
    reach text not null,
    scope_id text references scopes (id) on delete cascade,
    primary key (role_id, reach),
    check (scope_id is null or scope_id = reach),
    check ((scope_id is null) = (reach in ('this', 'children', 'descendants')))
);
create index role_grant_scopes_scope on role_grant_scopes (scope_id);

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

create table role_groups (
    role_id text not null references roles (id) on delete cascade,
    group_id text not null references groups (id) on delete cascade,
    primary key (role_id, group_id)
);
create index role_groups_group on role_groups (group_id);

create table host_catalogs (
    id text primary key,
    scope_id text not null,
    scope_type text not null default 'project' check (scope_type = 'project'),
    type text not null check (type in ('static')),
    name text,
    description text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, scope_id),
    unique (scope_id, name),
    foreign key (scope_id, scope_type) references scopes (id, type) on delete cascade
);
create index host_catalogs_page on host_catalogs (scope_id, created_time desc, id desc);
create index host_catalogs_created on host_catalogs (created_time desc, id desc);

create table hosts (
    id text primary key,
    host_catalog_id text not null,
    scope_id text not null,
    name text,
    description text,
    address text not null,
    -- When a worker last failed to reach it: it is passed over for a while.
    failed_time timestamptz,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, host_catalog_id),
    unique (host_catalog_id, name),
    foreign key (host_catalog_id, scope_id) references host_catalogs (id, scope_id) on delete cascade
);
create index hosts_page on hosts (scope_id, created_time desc, id desc);
create index hosts_pinned on hosts (host_catalog_id, created_time desc, id desc);
create index hosts_created on hosts (created_time desc, id desc);

create table host_sets (
    id text primary key,
    host_catalog_id text not null,
    scope_id text not null,
    name text,
    description text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, host_catalog_id),
    unique (id, scope_id),
    unique (host_catalog_id, name),
    foreign key (host_catalog_id, scope_id) references host_catalogs (id, scope_id) on delete cascade
);
create index host_sets_page on host_sets (scope_id, created_time desc, id desc);
create index host_sets_pinned on host_sets (host_catalog_id, created_time desc, id desc);
create index host_sets_created on host_sets (created_time desc, id desc);

create table host_set_hosts (
    host_set_id text not null,
    host_id text not null,
    host_catalog_id text not null,
    primary key (host_set_id, host_id),
    foreign key (host_set_id, host_catalog_id) references host_sets (id, host_catalog_id) on delete cascade,
    foreign key (host_id, host_catalog_id) references hosts (id, host_catalog_id) on delete cascade
);
create index host_set_hosts_host on host_set_hosts (host_id);

create table targets (
    id text primary key,
    scope_id text not null,
    scope_type text not null default 'project' check (scope_type = 'project'),
    type text not null check (type in ('tcp')),
    name text not null,
    description text,
    -- Null where host sources say where it leads.
    address text,
    default_port integer not null check (default_port between 1 and 65535),
    default_client_port integer check (default_client_port between 1 and 65535),
    extra_ports integer[] not null default '{}',
    outage_policy text not null default 'deny' check (outage_policy in ('allow', 'deny')),
    session_max_seconds integer not null check (session_max_seconds > 0),
    session_connection_limit integer not null check (session_connection_limit = -1 or session_connection_limit > 0),
    egress_worker_filter text,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (id, scope_id),
    foreign key (scope_id, scope_type) references scopes (id, type) on delete cascade
);
-- ssh lower-cases the names that it is given, so two names that differ in case only would be one name there.
create unique index targets_name_in_scope on targets (scope_id, lower(name));
create index targets_name on targets (lower(name));
create index targets_page on targets (scope_id, created_time desc, id desc);
create index targets_created on targets (created_time desc, id desc);

create table target_host_sets (
    target_id text not null,
    host_set_id text not null,
    scope_id text not null,
    primary key (target_id, host_set_id),
    foreign key (target_id, scope_id) references targets (id, scope_id) on delete cascade,
    foreign key (host_set_id, scope_id) references host_sets (id, scope_id) on delete cascade
);
create index target_host_sets_set on target_host_sets (host_set_id);

create table aliases (
    id text primary key,
    scope_id text not null default 'global' references scopes (id) on delete cascade check (scope_id = 'global'),
    type text not null check (type in ('target')),
    name text,
    description text,
    value text not null,
    destination_id text references targets (id) on delete set null,
    host_id text references hosts (id) on delete set null,
    created_time timestamptz not null default now(),
    updated_time timestamptz not null default now(),
    version integer not null default 1,
    unique (scope_id, name)
);
create unique index aliases_value on aliases (lower(value));
create index aliases_destination on aliases (destination_id);
create index aliases_host on aliases (host_id);
create index aliases_page on aliases (scope_id, created_time desc, id desc);

-- A change of who may what, until every session has been looked at again.
create table access_changes (
    id text primary key,
    created_time timestamptz not null default now()
);

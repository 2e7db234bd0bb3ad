-- expand
-- The record of every decision. It is only ever added to, so it names things by id and name and refers to no row: what
-- it tells of may be gone. scope_id and scope_parent_id say where that thing lay, and so who may read the event.

create table audit_events (
    id text primary key,
    created_time timestamptz not null default now(),
    scope_id text not null,
    scope_name text not null,
    scope_parent_id text,
    request_id text not null,
    user_id text,
    user_name text,
    client_address text not null,
    action text not null,
    resource_type text not null,
    resource_id text,
    resource_name text,
    outcome text not null,
    details jsonb not null
);
create index audit_events_page on audit_events (scope_id, created_time desc, id desc);
create index audit_events_created on audit_events (created_time desc, id desc);
create index audit_events_user on audit_events (user_id, created_time desc, id desc);
create index audit_events_resource on audit_events (resource_id, created_time desc, id desc);

-- expand
-- Each process of a worker is a boot. When a new one states itself, what the earlier ones had open is over.
-- Of two boots of a worker the later is the one that was heard of later; one that nobody has heard of is the earliest.
create table worker_boots (
    worker_id text not null references workers (id) on delete cascade,
    boot_id text not null,
    first_time timestamptz not null default now(),
    primary key (worker_id, boot_id)
);

-- Empty where the worker's release says no boot.
alter table connections add column boot_id text not null default '';
create index connections_of_worker on connections (worker_id, boot_id) where state <> 'closed';

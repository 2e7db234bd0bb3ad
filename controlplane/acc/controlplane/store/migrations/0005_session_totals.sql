-- expand
-- What those connections of a session have carried whose end was reported, so that nobody need read them to know.
-- counted says which they are. All others are few and are summed up when somebody asks: open ones, those whose end is
-- only presumed, and those that a controller has closed which did not know of this.
alter table sessions
    add column counted_up bigint not null default 0 check (counted_up >= 0),
    add column counted_down bigint not null default 0 check (counted_down >= 0);
alter table connections add column counted boolean not null default false;
create index connections_uncounted on connections (session_id) where not counted;

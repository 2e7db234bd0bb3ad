-- expand
-- A session that is new, to be looked at once; without one, a change for which every session is. A program that does not
-- know of this looks at every session, which is more than is needed and misses none.
alter table access_changes add column session_id text;

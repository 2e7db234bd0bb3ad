"""Connections as people see them: what those of a session come to in all, and each one inside its session."""

from collections.abc import Mapping, Sequence

from acc.controlplane.link.books import MAX_BYTES
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Database, Row
from acc.wire.names import split_address

CONNECTION_COLUMNS = """
    c.id, c.session_id, c.worker_id, c.state, c.client_address, c.local_address, c.backend_address, c.bytes_up,
    c.bytes_down, c.closed_by, c.closed_reason, c.during_outage, c.resumes, c.created_time, c.connected_time,
    c.closed_time
"""

_SUMMARIES = """
    select s.id as session_id, s.counted_up, s.counted_down, c.worker_id, c.open, c.bytes_up, c.bytes_down,
        coalesce(w.name, c.worker_id) as worker_name
    from sessions s left join (
        select session_id, worker_id, count(*) filter (where state <> 'closed') as open,
            least(sum(bytes_up), $2)::bigint as bytes_up, least(sum(bytes_down), $2)::bigint as bytes_down
        from connections where session_id = any($1) and not counted group by session_id, worker_id
    ) c on c.session_id = s.id left join workers w on w.id = c.worker_id
    where s.id = any($1) order by worker_name
"""


async def summaries(db: Database, session_ids: Sequence[str]) -> Mapping[str, Json]:
    """What each session's connections come to, in all: fields of the session, for every one of `session_ids`."""
    by_session: dict[str, list[Row]] = {one: [] for one in session_ids}
    for row in await db.fetch(_SUMMARIES, session_ids, MAX_BYTES) if session_ids else ():
        by_session[row["session_id"]].append(row)
    return {session_id: _summary(rows) for session_id, rows in by_session.items()}


def _summary(of_workers: Sequence[Row]) -> Json:
    """Of one row for each worker that has connections which are not counted yet, or of one without a worker."""
    counted, uncounted = of_workers[0], [row for row in of_workers if row["worker_id"] is not None]
    return {
        "bytes_up": min(counted["counted_up"] + sum(row["bytes_up"] for row in uncounted), MAX_BYTES),
        "bytes_down": min(counted["counted_down"] + sum(row["bytes_down"] for row in uncounted), MAX_BYTES),
        "open_connections": sum(row["open"] for row in uncounted),
        "workers": [{"id": row["worker_id"], "name": row["worker_name"]} for row in uncounted if row["open"]],
    }


def render_connection(row: Row) -> Json:
    """A connection inside its session. Its bytes are texts, as Boundary writes what may need 64 bits."""
    client = split_address(row["client_address"])
    endpoint = split_address(row["backend_address"])
    return present(
        id=row["id"],
        status=row["state"],
        worker_id=row["worker_id"],
        client_tcp_address=client[0] if client else None,
        client_tcp_port=client[1] if client else None,
        endpoint_tcp_address=endpoint[0] if endpoint else None,
        endpoint_tcp_port=endpoint[1] if endpoint else None,
        worker_tcp_address=row["local_address"] or None,
        bytes_up=str(row["bytes_up"]),
        bytes_down=str(row["bytes_down"]),
        closed_by=row["closed_by"],
        closed_reason=row["closed_reason"],
        during_outage=row["during_outage"],
        resumes=row["resumes"],
        created_time=row["created_time"],
        connected_time=row["connected_time"],
        closed_time=row["closed_time"],
    )

"""Sessions as the view gets them."""

from dataclasses import replace

from acc.cli.watch.rows import Row, Session

WEB = Session(
    session_id="s_web0000000",
    user="admin",
    target="web-1",
    host="10.0.0.5:22",
    workers="worker-1",
    since=1000.0,
    state="active",
    open_connections=1,
    bytes_up=0,
    bytes_down=0,
    cancellable=True,
)
DB = replace(WEB, session_id="s_db00000000", user="Zoe", target="db-1", host="10.0.0.9:5432", since=1010.0)
CACHE = replace(WEB, session_id="s_cache00000", user="bob", target="cache", workers="worker-2", since=1020.0)


def row(session: Session, *, up_rate: float = 0.0, down_rate: float = 0.0, began: float = 0.0) -> Row:
    """`session` in the view."""
    return Row(session=session, up_rate=up_rate, down_rate=down_rate, began=began)

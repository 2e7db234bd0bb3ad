"""Login tokens: see and end one's own, or others' with a grant. `self` is the token that the request came with.

A login that ends takes no session with it: those go on until their own end.
"""

from acc.controlplane.api.kind import Kind
from acc.controlplane.api.routes import routes
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row
from acc.wire.directory.records import AUTH_TOKEN


def _render(row: Row) -> Json:
    return present(
        user_id=row["user_id"],
        auth_method_id=row["auth_method_id"],
        account_id=row["account_id"],
        approximate_last_used_time=row["updated_time"],
        expiration_time=row["expiration_time"],
    )


TOKENS = Kind(
    resource=AUTH_TOKEN,
    table="auth_tokens",
    columns="""
        t.user_id, t.account_id, t.expiration_time,
        (select a.auth_method_id from accounts a where a.id = t.account_id) as auth_method_id
    """,
    render=_render,
    owner="t.user_id",
    called="id",
    recorded_as="(select u.name from users u where u.id = t.user_id)",
    record="t.created_time, t.approximate_last_used_time as updated_time, null::integer as version",
)

ROUTES = routes(TOKENS, itself=lambda caller: caller.token_id)

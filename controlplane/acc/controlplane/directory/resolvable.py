"""`:list-resolvable-aliases`: the aliases that lead a user somewhere.

Rule: an alias is listed if its target is one that the user, with all that their roles give them, may have a session
for. So it says nothing of a target that `authorize-session` does not say, and needs no right to the alias itself.
It takes what every list takes; aliases all live in global, so that is the one scope to ask for, recursively or not.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from litestar import Request, get
from litestar.datastructures import State

from acc.controlplane.access.grants import Holder, Place, Rights, Thing, allows, rights_of
from acc.controlplane.access.held import EVERYBODY, grants_of, read_grants
from acc.controlplane.access.visibility import granted
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.calls import LIST_PARAMETERS, Call
from acc.controlplane.api.kind import find, item_actions, show
from acc.controlplane.api.listing import PageStart, read_page
from acc.controlplane.api.pages import BATCH, is_wanted, page_of
from acc.controlplane.api.routes import read_filter, read_flag
from acc.controlplane.directory.aliases import ALIASES
from acc.controlplane.directory.users import USERS
from acc.controlplane.service.shape import Json
from acc.controlplane.store.db import Database, Row, required
from acc.wire.directory.people import USER
from acc.wire.errors import wrong_field

_GRANTS = f"select {grants_of('u.id', EVERYBODY)} as grants from users u where u.id = $1"  # noqa: S608 (constants)

_RESOLVABLE = replace(
    ALIASES,
    columns=f"""{ALIASES.columns},
        (select d.scope_id from targets d where d.id = t.destination_id) as target_scope_id,
        (select o.parent_id from targets d join scopes o on o.id = d.scope_id where d.id = t.destination_id)
            as target_org_id
    """,  # noqa: S608 (only constants of ours are put in)
)

_PAGE = f"""
    {_RESOLVABLE.select}
    where t.destination_id in (
        select d.id from targets d join scopes o on o.id = d.scope_id
        where $1 or d.scope_id = any($2) or o.parent_id = any($3) or d.id = any($4)
    )
    and ($5::timestamptz is null or (t.created_time, t.id) < ($5, $6))
    order by t.created_time desc, t.id desc limit $7
"""  # noqa: S608 (only constants of ours are put in)


_CALL = Call(resource=USER, action="list-resolvable-aliases", query=LIST_PARAMETERS)


@get("/v1/users/{item_id:str}/:list-resolvable-aliases", opt=_CALL.opt)
async def list_resolvable_aliases(
    db: Database,
    caller: Caller,
    request: Request[Any, Any, State],  # Litestar's user and auth
    item_id: str,
) -> Json:
    """The aliases of the targets that a user may have sessions for."""
    found = await find(db, caller, USERS, caller.user_id if item_id == "self" else item_id)
    found.need("list-resolvable-aliases")
    asked = request.query_params
    if asked.get("scope_id", "global") != "global":
        raise wrong_field("scope_id", "aliases live in global")
    read_flag(asked, "recursive")
    wanted = read_filter(asked)
    rights = await _rights(db, caller, found.id)
    usable = granted(rights, "target", "authorize-session")

    async def fetch(after: PageStart | None, limit: int) -> Sequence[Row]:
        return await db.fetch(
            _PAGE,
            usable.area.everywhere,
            list(usable.area.scopes),
            list(usable.area.children_of),
            list(usable.ids),
            after.created_time if after else None,
            after.id if after else None,
            limit,
        )

    def render(row: Row) -> Json | None:
        target = Thing(Place(row["target_scope_id"], row["target_org_id"]), "target", row["destination_id"])
        if not allows(rights, target, "authorize-session"):
            return None
        item = show(ALIASES, caller, row, item_actions(ALIASES, caller, row))
        return item if is_wanted(wanted, item) else None

    page = read_page(asked.get("page_size"), asked.get("list_token"))
    return await page_of(page, fetch, render, 0 if wanted is None else BATCH)


async def _rights(db: Database, caller: Caller, user_id: str) -> Rights:
    row = required(await db.fetchrow(_GRANTS, user_id))
    account_id = caller.account_id if user_id == caller.user_id else None
    return rights_of(read_grants(row["grants"]), Holder(user_id, account_id))


ROUTES = (list_resolvable_aliases,)

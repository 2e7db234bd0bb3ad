"""What grants mean, slowly and obviously: every rule as a case of its own, over a small directory. For the tests."""

from collections.abc import Iterator

from hypothesis import strategies as st

from acc.controlplane.access.grants import Grant, Holder, Place, ScopedGrant, Thing
from acc.wire.directory.index import BY_TYPE

ME = Holder("u_me", "acctpw_me")
NOBODY = Holder("u_anon")

SCOPES = {"global": None, "o_1": "global", "o_2": "global", "p_1": "o_1", "p_2": "o_1", "p_3": "o_2"}
TYPES = sorted(BY_TYPE)
ALL_ACTIONS = sorted({action for resource in BY_TYPE.values() for action in resource.actions})

IDS = {kind: [f"{BY_TYPE[kind].prefixes[0]}_{n}" for n in (1, 2)] for kind in TYPES} | {
    "scope": ["global", "o_1", "p_1"],
    "user": ["u_me", "u_1"],
    "account": ["acctpw_me", "acctpw_1"],
}
LEVELS = {"global": "global", "o_1": "org", "o_2": "org", "p_1": "project", "p_2": "project", "p_3": "project"}
TEMPLATES = {"{{.User.Id}}": "user", "{{.Account.Id}}": "account"}


def is_collection_action(action: str) -> bool:
    return action in ("create", "list", "create:controller-led")


def scopes_reached(grant: ScopedGrant) -> set[str]:
    """Every scope in which the grant counts, spelled out."""
    if grant.reach == "this":
        return {grant.scope_id}
    if grant.reach == "children":
        return {scope for scope, parent in SCOPES.items() if parent == grant.scope_id}
    if grant.reach == "descendants":
        return set(SCOPES) - {"global"} if grant.scope_id == "global" else set()
    return {grant.reach}


def filled(one: str, holder: Holder) -> str | None:
    if one == "{{.User.Id}}":
        return holder.user_id
    if one == "{{.Account.Id}}":
        return holder.account_id
    return one


def names(grant: Grant, holder: Holder, thing: Thing) -> bool:
    """True if the grant speaks of the thing at all."""
    ids = {filled(one, holder) for one in grant.ids}
    own_type = grant.type == thing.type
    if not ids:
        return own_type and BY_TYPE[thing.type].parent is None and thing.id == ""
    if "*" in ids:
        return own_type or grant.type == "*"
    if thing.id != "" and thing.id in ids and (own_type or grant.type is None):
        return True
    return thing.pin is not None and thing.pin in ids and (own_type or grant.type == "*")


def says(grant: Grant, action: str) -> bool:
    """True if the grant's actions have that one, or what implies it."""
    if "*" in grant.actions or action in grant.actions:
        return True
    return any(action.startswith(f"{said}:") for said in grant.actions)


def may(grants: list[ScopedGrant], holder: Holder, thing: Thing, action: str) -> bool:
    """The decision."""
    if is_collection_action(action) != (thing.id == ""):
        return False
    if action.endswith(":self") and thing.owner_id != holder.user_id:
        return False
    if holder.user_id == "u_anon":
        if thing.type == "scope" and action not in ("list", "no-op"):
            return False
        if thing.type == "auth-method" and action not in ("list", "no-op", "authenticate"):
            return False
        if thing.type not in ("scope", "auth-method"):
            return False
    for scoped in grants:
        here = thing.place.scope_id in scopes_reached(scoped)
        if here and names(scoped.grant, holder, thing) and says(scoped.grant, action):
            return True
    return False


def type_of(one: str) -> str:
    if one in TEMPLATES:
        return TEMPLATES[one]
    return next(kind for kind, some in IDS.items() if one in some)


def could_mean(grant: Grant, action: str) -> bool:
    """True if `action`, in this grant, could ever allow anything. The grant's ids are of one type."""
    id_type = next((type_of(one) for one in grant.ids - {"*"}), None)
    for kind, resource in BY_TYPE.items():
        for real in resource.actions:
            if not (action in ("*", real) or real.startswith(f"{action}:")):
                continue
            collection = is_collection_action(real)
            if not grant.ids and grant.type == kind and resource.parent is None and collection and action != "*":
                return True
            if "*" in grant.ids and grant.type in (kind, "*"):
                return True
            if id_type == kind and grant.type in (kind, None) and not collection:
                return True
            if id_type is not None and id_type == resource.parent and grant.type in (kind, "*"):
                return True
    return False


def everything() -> Iterator[Thing]:
    """One of each id and each collection, mine, wherever one may lie."""
    for scope, above in SCOPES.items():
        for kind, resource in BY_TYPE.items():
            pins = IDS[resource.parent] if resource.parent else [None]
            for one in ["", *IDS[kind]]:
                in_parent = kind != "scope" or one == "" or (SCOPES[one] or "global") == scope
                if LEVELS[scope] in resource.scopes and in_parent:
                    yield from (Thing(Place(scope, above), kind, one, ME.user_id, pin) for pin in pins)


EVERYTHING = list(everything())


def reaches_of(scope: str) -> list[ScopedGrant]:
    """Where a role in a scope may count at all."""
    nothing = Grant(frozenset(), None, frozenset())
    words = {"global": ["this", "children", "descendants", *SCOPES], "org": ["this", "children"], "project": ["this"]}
    return [ScopedGrant(nothing, scope, reach) for reach in words[LEVELS[scope]]]


def could_match(grant: Grant, action: str, counting: list[ScopedGrant]) -> bool:
    """True if `action`, in this grant, allows something in some directory, where roles count in these places."""
    alone = Grant(grant.ids, grant.type, frozenset({action}))
    scoped = [ScopedGrant(alone, one.scope_id, one.reach) for one in counting]
    return any(may(scoped, ME, thing, real) for thing in EVERYTHING for real in BY_TYPE[thing.type].actions)


def some_of(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.just(frozenset({"*"})) | st.frozensets(st.sampled_from(values), min_size=1, max_size=3)


kinds = st.sampled_from(TYPES)
like_ids = kinds.flatmap(
    lambda kind: st.frozensets(
        st.sampled_from([*IDS[kind], *(text for text, of in TEMPLATES.items() if of == kind)]), max_size=2
    )
)
grants = st.builds(
    Grant,
    like_ids | st.just(frozenset({"*"})),
    st.none() | st.just("*") | kinds,
    some_of(ALL_ACTIONS) | some_of(["read", "list", "create", "no-op", "read:self", "delete:self"]),
)
scoped_grants = st.builds(
    ScopedGrant,
    grants,
    st.sampled_from([*SCOPES]),
    st.sampled_from(["this", "children", "descendants", *SCOPES]),
)


@st.composite
def things(draw: st.DrawFn, kind: st.SearchStrategy[str] = kinds) -> Thing:
    of = draw(kind)
    scope = draw(st.sampled_from([*SCOPES]))
    parent = BY_TYPE[of].parent
    pin = None if parent is None else draw(st.sampled_from(IDS[parent]))
    owner = draw(st.sampled_from([None, "u_me", "u_1"]))
    return Thing(Place(scope, SCOPES[scope]), of, draw(st.sampled_from(["", *IDS[of]])), owner, pin)

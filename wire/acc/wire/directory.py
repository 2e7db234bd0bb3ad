"""Every resource that acc has. What each word means is in `resources`."""

from acc.wire.resources import Action, Exposure, Field, Given, Resource, Shape

GLOBAL, ORG, PROJECT = "global", "org", "project"

_ID = Field(name="id", says="The id, given by acc.")
_SCOPE_ID = Field(name="scope_id", says="The scope that it lives in.", given=Given.ONCE, required=True, refers="scope")
_SCOPE = Field(name="scope", says="That scope: id, type, name, parent.", shape=Shape.OBJECT)
_NAME = Field(name="name", says="The name, unique where it lives.", given=Given.ALWAYS)
_NAMED = Field(name="name", says="The name, unique where it lives.", given=Given.ALWAYS, required=True)
_DESCRIPTION = Field(name="description", says="Words for people.", given=Given.ALWAYS)
_TYPE = Field(name="type", says="Which kind of it this is.", given=Given.ONCE)
_TIMES = (
    Field(name="created_time", says="When it was made.", shape=Shape.TIME),
    Field(name="updated_time", says="When it last changed.", shape=Shape.TIME),
)
_ACTIONS = Field(name="authorized_actions", says="What you may do with it.", shape=Shape.TEXTS)
_RECORD = (
    *_TIMES,
    Field(name="version", says="Counts its changes; a change names the one it was made for.", shape=Shape.INTEGER),
    _ACTIONS,
)
_COLLECTIONS = Field(name="authorized_collection_actions", says="What you may do in it.", shape=Shape.OBJECT)


def _change(name: str, says: str, field: Field) -> Action:
    return Action(name=name, says=says, takes=(field,), versioned=True)


def _members(word: str, field: Field) -> tuple[Action, ...]:
    """The three actions on a list: `word` is what one entry of `field` is, in the plural."""
    said = word.replace("-", " ")
    return (
        _change(f"add-{word}", f"Add {said}.", field),
        _change(f"set-{word}", f"Make these all its {said}.", field),
        _change(f"remove-{word}", f"Take {said} away.", field),
    )


def _ids(name: str, says: str, refers: str | None) -> Field:
    return Field(name=name, says=says, shape=Shape.TEXTS, refers=refers, required=True)


SCOPE = Resource(
    type="scope",
    plural="scopes",
    prefixes=("global", "o", "p"),
    says="Orgs, and the projects in them.",
    scopes=(GLOBAL, ORG),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _TYPE, _NAMED, _DESCRIPTION,
        Field(name="primary_auth_method_id", says="How people log in to it.", given=Given.LATER, refers="auth-method"),
        *_RECORD, _COLLECTIONS,
    ),
    columns=("id", "type", "name", "description", "scope_id"),
)  # fmt: skip

AUTH_METHOD = Resource(
    type="auth-method",
    plural="auth-methods",
    prefixes=("ampw",),
    says="Ways to log in.",
    scopes=(GLOBAL, ORG),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _TYPE, _NAME, _DESCRIPTION,
        Field(name="is_primary", says="True for the one that its scope's logins use.", shape=Shape.FLAG),
        Field(
            name="min_login_name_length", says="The shortest login name.", shape=Shape.INTEGER, given=Given.ALWAYS,
            inside="attributes",
        ),
        Field(
            name="min_password_length", says="The shortest password.", shape=Shape.INTEGER, given=Given.ALWAYS,
            inside="attributes",
        ),
        *_RECORD, _COLLECTIONS,
    ),
    domain=(
        Action(
            name="authenticate",
            says="Log in.",
            takes=(
                Field(name="command", says="login", exposure=Exposure.PUBLIC),
                Field(name="type", says="token"),
                Field(
                    name="login_name", says="Who.", exposure=Exposure.SENSITIVE, inside="attributes", required=True
                ),
                Field(
                    name="password", says="The proof.", exposure=Exposure.SECRET, inside="attributes", required=True
                ),
            ),
            gives=(
                Field(name="command", says="login"),
                Field(name="type", says="token"),
                Field(
                    name="attributes", says="The login, with its token.", shape=Shape.OBJECT, exposure=Exposure.SECRET
                ),
            ),
        ),
    ),
    columns=("id", "type", "name", "is_primary", "scope_id"),
)  # fmt: skip

ACCOUNT = Resource(
    type="account",
    plural="accounts",
    prefixes=("acctpw",),
    says="Login names in an auth method.",
    scopes=(GLOBAL, ORG),
    parent="auth-method",
    fields=(
        _ID,
        Field(
            name="auth_method_id", says="The auth method that it belongs to.", given=Given.ONCE, required=True,
            refers="auth-method",
        ),
        _SCOPE, _TYPE, _NAME, _DESCRIPTION,
        Field(
            name="login_name", says="What its owner logs in as.", given=Given.ALWAYS, required=True,
            exposure=Exposure.SENSITIVE, inside="attributes",
        ),
        Field(
            name="password", says="Its first password; it is never shown.", given=Given.ONCE,
            exposure=Exposure.SECRET, inside="attributes",
        ),
        Field(name="user_id", says="The user that it logs in, if any.", refers="user"),
        *_RECORD,
    ),
    domain=(
        Action(
            name="set-password",
            says="Give it a new password.",
            takes=(Field(name="password", says="The new password.", exposure=Exposure.SECRET, required=True),),
            versioned=True,
        ),
        Action(
            name="change-password",
            says="Trade its password for a new one.",
            takes=(
                Field(name="current_password", says="The one it has.", exposure=Exposure.SECRET, required=True),
                Field(name="new_password", says="The one it gets.", exposure=Exposure.SECRET, required=True),
            ),
            versioned=True,
        ),
    ),
    own=("read", "change-password"),
    columns=("id", "login_name", "name", "user_id", "auth_method_id"),
)  # fmt: skip

USER = Resource(
    type="user",
    plural="users",
    prefixes=("u",),
    says="People and programs.",
    scopes=(GLOBAL, ORG),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _NAMED, _DESCRIPTION,
        Field(name="full_name", says="Their name.", given=Given.ALWAYS, exposure=Exposure.SENSITIVE),
        Field(name="email", says="Where to write to them.", given=Given.ALWAYS, exposure=Exposure.SENSITIVE),
        Field(name="login_name", says="That of their primary account.", exposure=Exposure.SENSITIVE),
        Field(name="primary_account_id", says="Their account in the primary auth method.", refers="account"),
        Field(name="account_ids", says="Their accounts.", shape=Shape.TEXTS, refers="account"),
        Field(name="accounts", says="Their accounts, each with its scope.", shape=Shape.OBJECTS),
        *_RECORD,
    ),
    domain=(
        *_members("accounts", _ids("account_ids", "Accounts that log the user in.", "account")),
        Action(name="list-resolvable-aliases", says="The aliases that lead the user somewhere.", lists="alias"),
    ),
    own=("read", "list-resolvable-aliases"),
    columns=("id", "name", "login_name", "full_name", "scope_id"),
)  # fmt: skip

GROUP = Resource(
    type="group",
    plural="groups",
    prefixes=("g",),
    says="Users under one name.",
    scopes=(GLOBAL, ORG, PROJECT),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _NAME, _DESCRIPTION,
        Field(name="member_ids", says="Its users.", shape=Shape.TEXTS, refers="user"),
        Field(name="members", says="Its users, each with its scope.", shape=Shape.OBJECTS),
        *_RECORD,
    ),
    domain=_members("members", _ids("member_ids", "Users of any scope; never groups.", "user")),
    columns=("id", "name", "description", "scope_id"),
)  # fmt: skip

ROLE = Resource(
    type="role",
    plural="roles",
    prefixes=("r",),
    says="What is allowed, to whom, where.",
    scopes=(GLOBAL, ORG, PROJECT),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _NAME, _DESCRIPTION,
        Field(name="principal_ids", says="Users and groups that have it.", shape=Shape.TEXTS),
        Field(name="principals", says="The same, each with its type and scope.", shape=Shape.OBJECTS),
        Field(name="grant_strings", says="What it allows.", shape=Shape.TEXTS),
        Field(name="grants", says="The same: raw, canonical, an object; a warning if idle.", shape=Shape.OBJECTS),
        Field(name="grant_scope_ids", says="Where it counts: this, children, descendants, ids.", shape=Shape.TEXTS),
        *_RECORD,
    ),
    domain=(
        *_members("principals", _ids("principal_ids", "Users and groups.", None)),
        *_members("grants", _ids("grant_strings", "Such as ids=*;type=target;actions=authorize-session.", None)),
        *_members("grant-scopes", _ids("grant_scope_ids", "this, children, descendants, or ids of scopes.", None)),
    ),
    columns=("id", "name", "grant_strings", "grant_scope_ids", "scope_id"),
)  # fmt: skip

HOST_CATALOG = Resource(
    type="host-catalog",
    plural="host-catalogs",
    prefixes=("hcst",),
    says="Collections of hosts.",
    scopes=(PROJECT,),
    fields=(_ID, _SCOPE_ID, _SCOPE, _TYPE, _NAME, _DESCRIPTION, *_RECORD, _COLLECTIONS),
    columns=("id", "type", "name", "description", "scope_id"),
)

_HOST_CATALOG_ID = Field(
    name="host_catalog_id", says="The catalog that it belongs to.", given=Given.ONCE, required=True,
    refers="host-catalog",
)  # fmt: skip

HOST_SET = Resource(
    type="host-set",
    plural="host-sets",
    prefixes=("hsst",),
    says="Hosts that do the same job.",
    scopes=(PROJECT,),
    parent="host-catalog",
    fields=(
        _ID, _HOST_CATALOG_ID, _SCOPE, _TYPE, _NAME, _DESCRIPTION,
        Field(name="host_ids", says="Its hosts.", shape=Shape.TEXTS, refers="host"),
        *_RECORD,
    ),
    domain=_members("hosts", _ids("host_ids", "Hosts of the same catalog.", "host")),
    columns=("id", "name", "host_ids", "host_catalog_id"),
)  # fmt: skip

HOST = Resource(
    type="host",
    plural="hosts",
    prefixes=("hst",),
    says="Machines, by address.",
    scopes=(PROJECT,),
    parent="host-catalog",
    fields=(
        _ID, _HOST_CATALOG_ID, _SCOPE, _TYPE, _NAME, _DESCRIPTION,
        Field(
            name="address", says="A name or an IP address, without a port.", given=Given.ALWAYS, required=True,
            inside="attributes",
        ),
        Field(name="host_set_ids", says="The sets that it is in.", shape=Shape.TEXTS, refers="host-set"),
        *_RECORD,
    ),
    columns=("id", "name", "address", "host_catalog_id"),
)  # fmt: skip

TARGET = Resource(
    type="target",
    plural="targets",
    prefixes=("ttcp",),
    says="What people reach.",
    scopes=(PROJECT,),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _TYPE, _NAMED, _DESCRIPTION,
        Field(name="address", says="A name or an IP address; none with host sources.", given=Given.ALWAYS),
        Field(name="host_source_ids", says="Host sets, of which each session gets a host.", shape=Shape.TEXTS,
              refers="host-set"),
        Field(name="host_sources", says="The same, each with its catalog.", shape=Shape.OBJECTS),
        Field(name="session_max_seconds", says="How long a session lasts.", shape=Shape.INTEGER, given=Given.ALWAYS),
        Field(
            name="session_connection_limit", says="Connections in one session; -1: no limit.", shape=Shape.INTEGER,
            given=Given.ALWAYS,
        ),
        Field(name="egress_worker_filter", says="Which workers may carry it.", given=Given.ALWAYS),
        Field(
            name="default_port", says="The port.", shape=Shape.INTEGER, given=Given.ALWAYS, required=True,
            inside="attributes",
        ),
        Field(
            name="default_client_port", says="The local port that acc connect opens.", shape=Shape.INTEGER,
            given=Given.ALWAYS, inside="attributes",
        ),
        Field(
            name="extra_ports", says="Further ports that may be asked for.", shape=Shape.INTEGERS, given=Given.ALWAYS,
            inside="attributes",
        ),
        Field(
            name="outage_policy", says="New connections while no controller answers: allow or deny.",
            given=Given.ALWAYS, inside="attributes",
        ),
        Field(name="aliases", says="Names that lead to it.", shape=Shape.OBJECTS),
        *_RECORD,
    ),
    domain=(
        Action(
            name="authorize-session",
            says="A session for it, and the ticket that proves it.",
            takes=(
                Field(name="port", says="One of its ports; the default one if none.", shape=Shape.INTEGER),
                Field(name="host_id", says="One of its hosts; any if none.", refers="host"),
                Field(name="name", says="Its name, where the path has no id.", ),
                Field(name="scope_id", says="The scope of that name.", refers="scope"),
                Field(name="scope_name", says="The name of the scope of that name."),
            ),
            gives=(
                Field(name="session_id", says="The session.", refers="session"),
                Field(name="target_id", says="The target.", refers="target"),
                Field(name="target_name", says="What it is called."),
                _SCOPE,
                Field(name="user_id", says="Whose session it is.", refers="user"),
                Field(name="host_id", says="The host that was chosen.", refers="host"),
                Field(name="host_set_id", says="The set that it was chosen from.", refers="host-set"),
                _TYPE,
                Field(name="created_time", says="When it was made.", shape=Shape.TIME),
                Field(name="expiration", says="When it ends at the latest.", shape=Shape.TIME),
                Field(name="expires_at", says="The same, in Unix seconds.", shape=Shape.INTEGER),
                Field(name="endpoint", says="Where its connections lead."),
                Field(name="session_connection_limit", says="Connections in all; -1: no limit.", shape=Shape.INTEGER),
                Field(name="connections_left", says="Of these, still free.", shape=Shape.INTEGER),
                Field(name="authorization_token", says="The ticket.", exposure=Exposure.SECRET),
                Field(name="workers", says="Those to try, in this order.", shape=Shape.OBJECTS),
                Field(name="worker_ca", says="What their certificates come from, as PEM."),
            ),
        ),
        *_members("host-sources", _ids("host_source_ids", "Host sets of the same project.", "host-set")),
    ),
    columns=("name", "address", "default_port", "id", "scope_id"),
)  # fmt: skip

ALIAS = Resource(
    type="alias",
    plural="aliases",
    prefixes=("alt",),
    says="Names that lead to a target from everywhere.",
    scopes=(GLOBAL,),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _TYPE, _NAME, _DESCRIPTION,
        Field(name="value", says="The name, as people type it; case does not count.", given=Given.ALWAYS,
              required=True),
        Field(name="destination_id", says="The target that it leads to.", given=Given.ALWAYS, refers="target"),
        Field(
            name="authorize_session_arguments", says="What is asked for with it: host_id.", shape=Shape.OBJECT,
            given=Given.ALWAYS, inside="attributes",
        ),
        *_RECORD,
    ),
    columns=("id", "value", "destination_id", "description"),
)  # fmt: skip

SESSION = Resource(
    type="session",
    plural="sessions",
    prefixes=("s",),
    says="Who may reach what right now, and who has.",
    scopes=(PROJECT,),
    verbs=("read", "list"),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _TYPE,
        Field(name="target_id", says="The target.", refers="target"),
        Field(name="target_name", says="What it was called then."),
        Field(name="user_id", says="Whose session it is.", refers="user"),
        Field(name="user_name", says="What they were called then."),
        Field(name="host_id", says="The host that was chosen.", refers="host"),
        Field(name="host_set_id", says="The set that it was chosen from.", refers="host-set"),
        Field(name="auth_token_id", says="The login that asked for it.", refers="auth-token"),
        Field(name="endpoint", says="Where its connections lead."),
        Field(name="status", says="pending, active, canceling or terminated."),
        Field(name="states", says="When it came into each of them.", shape=Shape.OBJECTS),
        Field(name="termination_reason", says="Why it ended."),
        Field(name="session_connection_limit", says="Connections in all; -1: no limit.", shape=Shape.INTEGER),
        Field(name="expiration_time", says="When it ends at the latest.", shape=Shape.TIME),
        Field(name="bytes_up", says="What all its connections have carried to the host.", shape=Shape.INTEGER),
        Field(name="bytes_down", says="What they have carried from it.", shape=Shape.INTEGER),
        Field(name="open_connections", says="How many are open.", shape=Shape.INTEGER),
        Field(name="workers", says="Which workers carry those.", shape=Shape.OBJECTS),
        Field(name="connections", says="Its connections, newest first; not in lists.", shape=Shape.OBJECTS),
        *_RECORD,
    ),
    domain=(Action(name="cancel", says="End it, and its connections.", versioned=True),),
    own=("read", "cancel"),
    columns=("id", "target_name", "user_name", "status", "created_time", "expiration_time"),
    narrowed_by=(
        Field(name="include_terminated", says="Also those that have ended.", shape=Shape.FLAG, given=Given.ALWAYS),
    ),
)  # fmt: skip

AUTH_TOKEN = Resource(
    type="auth-token",
    plural="auth-tokens",
    prefixes=("at",),
    says="Logins.",
    scopes=(GLOBAL, ORG),
    verbs=("read", "delete", "list"),
    fields=(
        _ID, _SCOPE_ID, _SCOPE,
        Field(name="token", says="The login itself, shown once.", exposure=Exposure.SECRET),
        Field(name="user_id", says="Whose.", refers="user"),
        Field(name="auth_method_id", says="How they logged in.", refers="auth-method"),
        Field(name="account_id", says="As whom.", refers="account"),
        Field(name="approximate_last_used_time", says="Last seen, to the minute.", shape=Shape.TIME),
        Field(name="expiration_time", says="When it ends at the latest.", shape=Shape.TIME),
        *_TIMES, _ACTIONS,
    ),
    own=("read", "delete"),
    columns=("id", "user_id", "account_id", "approximate_last_used_time", "expiration_time"),
)  # fmt: skip

WORKER = Resource(
    type="worker",
    plural="workers",
    prefixes=("w",),
    says="What carries connections.",
    scopes=(GLOBAL,),
    verbs=("read", "update", "delete", "list"),
    fields=(
        _ID, _SCOPE_ID, _SCOPE, _TYPE, _NAMED, _DESCRIPTION,
        Field(name="address", says="Where clients reach it."),
        Field(name="api_tags", says="Tags given here.", shape=Shape.TAGS),
        Field(name="config_tags", says="Tags that it states itself.", shape=Shape.TAGS),
        Field(name="canonical_tags", says="Both together.", shape=Shape.TAGS),
        Field(name="release_version", says="What it runs."),
        Field(name="active_connection_count", says="Connections that it carries.", shape=Shape.INTEGER),
        Field(name="draining", says="True while it takes no new ones.", shape=Shape.FLAG),
        Field(name="last_status_time", says="When it last stated itself.", shape=Shape.TIME),
        Field(
            name="controller_generated_activation_token", says="What enrols it, once; shown once.",
            exposure=Exposure.SECRET,
        ),
        *_RECORD,
    ),
    domain=(
        Action(
            name="create:controller-led",
            says="Make a worker, and the token that enrols it.",
            takes=(
                _SCOPE_ID,
                Field(name="name", says="What it will be called.", given=Given.ONCE, required=True),
                Field(name="description", says="Words for people.", given=Given.ONCE),
            ),
            on_collection=True,
        ),
        *_members(
            "worker-tags",
            Field(name="api_tags", says="Tags, each with its values.", shape=Shape.TAGS, required=True),
        ),
    ),
    columns=("id", "name", "address", "active_connection_count", "last_status_time"),
)  # fmt: skip

AUDIT_EVENT = Resource(
    type="audit-event",
    plural="audit-events",
    prefixes=("ae",),
    says="Every decision, as it was made.",
    scopes=(GLOBAL, ORG, PROJECT),
    verbs=("read", "list"),
    fields=(
        _ID, _SCOPE_ID, _SCOPE,
        Field(name="created_time", says="When.", shape=Shape.TIME),
        Field(name="request_id", says="The request that asked."),
        Field(name="user_id", says="Who asked.", refers="user"),
        Field(name="user_name", says="What they were called then."),
        Field(name="client_address", says="From where."),
        Field(name="action", says="What they wanted."),
        Field(name="resource_type", says="On which type of thing."),
        Field(name="resource_id", says="On which thing."),
        Field(name="resource_name", says="What it was called then."),
        Field(name="outcome", says="ok, or an error's code."),
        Field(name="details", says="What was asked, without what is secret.", shape=Shape.OBJECT),
        _ACTIONS,
    ),
    columns=("created_time", "user_name", "action", "resource_type", "resource_name", "outcome"),
)  # fmt: skip

RESOURCES = (
    SCOPE, AUTH_METHOD, ACCOUNT, USER, GROUP, ROLE, HOST_CATALOG, HOST_SET, HOST, TARGET, ALIAS, SESSION, AUTH_TOKEN,
    WORKER, AUDIT_EVENT,
)  # fmt: skip

BY_TYPE = {resource.type: resource for resource in RESOURCES}
BY_PLURAL = {resource.plural: resource for resource in RESOURCES}


QUERY = (
    Field(name="scope_id", says="The scope to look in; global if none.", refers="scope"),
    Field(name="recursive", says="True: in all below it too.", shape=Shape.FLAG),
    Field(name="filter", says="Which of them; it may quote any field.", exposure=Exposure.SENSITIVE),
    Field(name="page_size", says="At most so many.", shape=Shape.INTEGER),
    Field(name="list_token", says="Where the page before this one ended."),
    Field(name="include_terminated", says="True: sessions that are over too.", shape=Shape.FLAG),
    Field(name="since", says="Records from then on.", shape=Shape.TIME),
    Field(name="until", says="Records from before then.", shape=Shape.TIME),
    Field(name="user_id", says="Records of what this user asked.", refers="user"),
    Field(name="resource_id", says="Records of what was asked of this thing."),
)
"""What the query of a list may say; beside these, the parent's id."""


def type_of_id(text: str) -> str | None:
    """The type of thing that an id is of, by its prefix; None if it can be no id."""
    prefix = text.partition("_")[0]
    for resource in RESOURCES:
        if prefix in resource.prefixes and (prefix == "global") == (prefix == text):
            return resource.type
    return None

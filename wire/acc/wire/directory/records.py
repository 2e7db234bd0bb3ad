"""What comes about by itself: sessions, logins, the record of every decision."""

from acc.wire.directory.words import ACTIONS, GLOBAL, ID, ORG, PROJECT, RECORD, SCOPE_ID, SCOPE_SHOWN, TIMES, TYPE
from acc.wire.resources import Action, Exposure, Field, Given, Resource, Shape

SESSION = Resource(
    type="session",
    plural="sessions",
    prefixes=("s",),
    says="Who may reach what right now, and who has.",
    scopes=(PROJECT,),
    verbs=("read", "list"),
    fields=(
        ID, SCOPE_ID, SCOPE_SHOWN, TYPE,
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
        *RECORD,
    ),
    domain=(Action(name="cancel", says="End it, and its connections.", versioned=True),),
    own=("read", "cancel"),
    columns=("id", "target_name", "user_name", "status", "created_time", "expiration_time", "termination_reason"),
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
        ID, SCOPE_ID, SCOPE_SHOWN,
        Field(name="token", says="The login itself, shown once.", exposure=Exposure.SECRET),
        Field(name="user_id", says="Whose.", refers="user"),
        Field(name="auth_method_id", says="How they logged in.", refers="auth-method"),
        Field(name="account_id", says="As whom.", refers="account"),
        Field(name="approximate_last_used_time", says="Last seen, to the minute.", shape=Shape.TIME),
        Field(name="expiration_time", says="When it ends at the latest.", shape=Shape.TIME),
        *TIMES, ACTIONS,
    ),
    own=("read", "delete"),
    columns=("id", "user_id", "account_id", "approximate_last_used_time", "expiration_time"),
)  # fmt: skip

AUDIT_EVENT = Resource(
    type="audit-event",
    plural="audit-events",
    prefixes=("ae",),
    says="Every decision, as it was made.",
    scopes=(GLOBAL, ORG, PROJECT),
    verbs=("read", "list"),
    fields=(
        ID, SCOPE_ID, SCOPE_SHOWN,
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
        Field(
            name="details", says="What was asked, without what is secret, and the names of ids in it.",
            shape=Shape.OBJECT,
        ),
        ACTIONS,
    ),
    columns=("created_time", "user_name", "action", "resource_type", "resource_name", "outcome"),
)  # fmt: skip

"""Who there is and what they may do: scopes, ways to log in, accounts, users, groups, roles."""

from acc.wire.directory.words import (
    COLLECTIONS,
    DESCRIPTION,
    GLOBAL,
    ID,
    NAME,
    NAMED,
    ORG,
    PROJECT,
    RECORD,
    SCOPE_ID,
    SCOPE_SHOWN,
    TYPE,
    ids,
    members,
)
from acc.wire.resources import Action, Exposure, Field, Given, Resource, Shape

SCOPE = Resource(
    type="scope",
    plural="scopes",
    prefixes=("global", "o", "p"),
    says="Orgs, and the projects in them.",
    scopes=(GLOBAL, ORG),
    fields=(
        ID, SCOPE_ID, SCOPE_SHOWN, TYPE, NAMED, DESCRIPTION,
        Field(name="primary_auth_method_id", says="How people log in to it.", given=Given.LATER, refers="auth-method"),
        *RECORD, COLLECTIONS,
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
        ID, SCOPE_ID, SCOPE_SHOWN, TYPE, NAME, DESCRIPTION,
        Field(name="is_primary", says="True for the one that its scope's logins use.", shape=Shape.FLAG),
        Field(
            name="min_login_name_length", says="The shortest login name.", shape=Shape.INTEGER, given=Given.ALWAYS,
            inside="attributes",
        ),
        Field(
            name="min_password_length", says="The shortest password.", shape=Shape.INTEGER, given=Given.ALWAYS,
            inside="attributes",
        ),
        *RECORD, COLLECTIONS,
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
        ID,
        Field(
            name="auth_method_id", says="The auth method that it belongs to.", given=Given.ONCE, required=True,
            refers="auth-method",
        ),
        SCOPE_SHOWN, TYPE, NAME, DESCRIPTION,
        Field(
            name="login_name", says="What its owner logs in as.", given=Given.ALWAYS, required=True,
            exposure=Exposure.SENSITIVE, inside="attributes",
        ),
        Field(
            name="password", says="Its first password; it is never shown.", given=Given.ONCE,
            exposure=Exposure.SECRET, inside="attributes",
        ),
        Field(name="user_id", says="The user that it logs in, if any.", refers="user"),
        *RECORD,
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
        ID, SCOPE_ID, SCOPE_SHOWN, NAMED, DESCRIPTION,
        Field(name="full_name", says="Their name.", given=Given.ALWAYS, exposure=Exposure.SENSITIVE),
        Field(name="email", says="Where to write to them.", given=Given.ALWAYS, exposure=Exposure.SENSITIVE),
        Field(name="login_name", says="That of their primary account.", exposure=Exposure.SENSITIVE),
        Field(name="primary_account_id", says="Their account in the primary auth method.", refers="account"),
        Field(name="account_ids", says="Their accounts.", shape=Shape.TEXTS, refers="account"),
        Field(name="accounts", says="Their accounts, each with its scope.", shape=Shape.OBJECTS),
        *RECORD,
    ),
    domain=(
        *members("accounts", ids("account_ids", "Accounts that log the user in.", "account")),
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
        ID, SCOPE_ID, SCOPE_SHOWN, NAME, DESCRIPTION,
        Field(name="member_ids", says="Its users.", shape=Shape.TEXTS, refers="user"),
        Field(name="members", says="Its users, each with its scope.", shape=Shape.OBJECTS),
        *RECORD,
    ),
    domain=members("members", ids("member_ids", "Users of any scope; never groups.", "user")),
    columns=("id", "name", "description", "scope_id"),
)  # fmt: skip

ROLE = Resource(
    type="role",
    plural="roles",
    prefixes=("r",),
    says="What is allowed, to whom, where.",
    scopes=(GLOBAL, ORG, PROJECT),
    fields=(
        ID, SCOPE_ID, SCOPE_SHOWN, NAME, DESCRIPTION,
        Field(name="principal_ids", says="Users and groups that have it.", shape=Shape.TEXTS),
        Field(name="principals", says="The same, each with its type and scope.", shape=Shape.OBJECTS),
        Field(name="grant_strings", says="What it allows.", shape=Shape.TEXTS),
        Field(name="grants", says="The same: raw, canonical, an object; a warning if idle.", shape=Shape.OBJECTS),
        Field(name="grant_scope_ids", says="Where it counts: this, children, descendants, ids.", shape=Shape.TEXTS),
        *RECORD,
    ),
    domain=(
        *members("principals", ids("principal_ids", "Users and groups.", None)),
        *members("grants", ids("grant_strings", "Such as ids=*;type=target;actions=authorize-session.", None)),
        *members("grant-scopes", ids("grant_scope_ids", "this, children, descendants, or ids of scopes.", None)),
    ),
    columns=("id", "name", "grant_strings", "grant_scope_ids", "scope_id"),
)  # fmt: skip

"""What there is to reach, and what carries people there: hosts, targets, aliases, workers."""

from acc.wire.directory.words import (
    COLLECTIONS,
    DESCRIPTION,
    GLOBAL,
    ID,
    NAME,
    NAMED,
    PROJECT,
    RECORD,
    SCOPE_ID,
    SCOPE_SHOWN,
    TYPE,
    ids,
    members,
)
from acc.wire.resources import Action, Exposure, Field, Given, Resource, Shape

HOST_CATALOG = Resource(
    type="host-catalog",
    plural="host-catalogs",
    prefixes=("hcst",),
    says="Collections of hosts.",
    scopes=(PROJECT,),
    fields=(ID, SCOPE_ID, SCOPE_SHOWN, TYPE, NAME, DESCRIPTION, *RECORD, COLLECTIONS),
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
        ID, _HOST_CATALOG_ID, SCOPE_SHOWN, TYPE, NAME, DESCRIPTION,
        Field(name="host_ids", says="Its hosts.", shape=Shape.TEXTS, refers="host"),
        *RECORD,
    ),
    domain=members("hosts", ids("host_ids", "Hosts of the same catalog.", "host")),
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
        ID, _HOST_CATALOG_ID, SCOPE_SHOWN, TYPE, NAME, DESCRIPTION,
        Field(
            name="address", says="A name or an IP address, without a port.", given=Given.ALWAYS, required=True,
            inside="attributes",
        ),
        Field(name="host_set_ids", says="The sets that it is in.", shape=Shape.TEXTS, refers="host-set"),
        *RECORD,
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
        ID, SCOPE_ID, SCOPE_SHOWN, TYPE, NAMED, DESCRIPTION,
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
        *RECORD,
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
                SCOPE_SHOWN,
                Field(name="user_id", says="Whose session it is.", refers="user"),
                Field(name="host_id", says="The host that was chosen.", refers="host"),
                Field(name="host_set_id", says="The set that it was chosen from.", refers="host-set"),
                TYPE,
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
        *members("host-sources", ids("host_source_ids", "Host sets of the same project.", "host-set")),
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
        ID, SCOPE_ID, SCOPE_SHOWN, TYPE, NAME, DESCRIPTION,
        Field(name="value", says="The name, as people type it; case does not count.", given=Given.ALWAYS,
              required=True),
        Field(name="destination_id", says="The target that it leads to.", given=Given.ALWAYS, refers="target"),
        Field(
            name="authorize_session_arguments", says="What is asked for with it: host_id.", shape=Shape.OBJECT,
            given=Given.ALWAYS, inside="attributes",
        ),
        *RECORD,
    ),
    columns=("id", "value", "destination_id", "description"),
)  # fmt: skip

WORKER = Resource(
    type="worker",
    plural="workers",
    prefixes=("w",),
    says="What carries connections.",
    scopes=(GLOBAL,),
    verbs=("read", "update", "delete", "list"),
    fields=(
        ID, SCOPE_ID, SCOPE_SHOWN, TYPE, NAMED, DESCRIPTION,
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
        *RECORD,
    ),
    domain=(
        Action(
            name="create:controller-led",
            says="Make a worker, and the token that enrols it.",
            takes=(
                SCOPE_ID,
                Field(name="name", says="What it will be called.", given=Given.ONCE, required=True),
                Field(name="description", says="Words for people.", given=Given.ONCE),
            ),
            on_collection=True,
        ),
        *members(
            "worker-tags",
            Field(name="api_tags", says="Tags, each with its values.", shape=Shape.TAGS, required=True),
        ),
    ),
    columns=("id", "name", "address", "active_connection_count", "last_status_time"),
)  # fmt: skip

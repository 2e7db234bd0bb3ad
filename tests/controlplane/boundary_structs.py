"""What Boundary's Go SDK can read: the structs of `api/<resource>/*.gen.go`, and `encoding/json`'s rule for them.

Go ignores what a struct does not name, takes null for anything, and fails at what has another type. So does `decode`.
"""

import re
from collections.abc import Mapping

Fields = Mapping[str, str]


def _struct(*parts: Fields) -> Fields:
    """A field's type by its name, from the names of each type's fields."""
    return {name: go_type for part in parts for go_type, names in part.items() for name in names.split()}


_MADE = {
    "string": "id",
    "ScopeInfo": "scope",
    "time": "created_time updated_time",
    "[]string": "authorized_actions",
}
_NAMED = {"string": "name description", "uint32": "version"}
_TYPED = {"string": "type", "map": "attributes"}
_HOLDING = {"map[]string": "authorized_collection_actions"}

STRUCTS: Mapping[str, Fields] = {
    "ScopeInfo": _struct({"string": "id type name description parent_scope_id"}),
    "Scope": _struct(_MADE, _NAMED, _HOLDING, {"string": "scope_id type primary_auth_method_id storage_policy_id"}),
    "AuthMethod": _struct(_MADE, _NAMED, _TYPED, _HOLDING, {"string": "scope_id", "bool": "is_primary"}),
    "Account": _struct(_MADE, _NAMED, _TYPED, {"string": "auth_method_id", "[]string": "managed_group_ids"}),
    "User": _struct(
        _MADE,
        _NAMED,
        {"string": "scope_id login_name full_name email primary_account_id"},
        {"[]string": "account_ids", "[]Principal": "accounts"},
    ),
    "Group": _struct(_MADE, _NAMED, {"string": "scope_id", "[]string": "member_ids", "[]Principal": "members"}),
    "Role": _struct(
        _MADE,
        _NAMED,
        {"string": "scope_id", "[]string": "grant_scope_ids principal_ids grant_strings"},
        {"[]Principal": "principals", "[]Grant": "grants"},
    ),
    "Principal": _struct({"string": "id type scope_id"}),
    "Grant": _struct({"string": "raw canonical", "GrantJson": "json"}),
    "GrantJson": _struct({"string": "id type", "[]string": "ids actions"}),
    "HostCatalog": _struct(_MADE, _NAMED, _TYPED, _HOLDING, {"string": "scope_id plugin_id", "map": "plugin secrets"}),
    "HostSet": _struct(
        _MADE,
        _NAMED,
        _TYPED,
        {"string": "host_catalog_id", "[]string": "host_ids preferred_endpoints", "int32": "sync_interval_seconds"},
    ),
    "Host": _struct(
        _MADE,
        _NAMED,
        _TYPED,
        {"string": "host_catalog_id external_id external_name", "[]string": "host_set_ids ip_addresses dns_names"},
    ),
    "Target": _struct(
        _MADE,
        _NAMED,
        _TYPED,
        {"string": "scope_id address worker_filter egress_worker_filter ingress_worker_filter"},
        {"uint32": "session_max_seconds", "int32": "session_connection_limit"},
        {"[]string": "host_source_ids", "[]HostSource": "host_sources", "[]TargetAlias": "aliases"},
    ),
    "HostSource": _struct({"string": "id host_catalog_id"}),
    "TargetAlias": _struct({"string": "id value scope_id", "map": "attributes"}),
    "Alias": _struct(_MADE, _NAMED, _TYPED, {"string": "scope_id value destination_id"}),
    "SessionAuthorization": _struct(
        {"string": "session_id target_id user_id host_set_id host_id type authorization_token endpoint"},
        {"ScopeInfo": "scope", "time": "created_time", "[]map": "credentials", "uint32": "default_client_port"},
    ),
    "Session": _struct(
        _MADE,
        {"string": "target_id type auth_token_id user_id host_set_id host_id scope_id endpoint status certificate"},
        {"string": "termination_reason", "uint32": "version", "time": "expiration_time"},
        {"[]SessionState": "states", "[]Connection": "connections"},
    ),
    "SessionState": _struct({"string": "status", "time": "start_time end_time"}),
    "Connection": _struct(
        {"string": "client_tcp_address endpoint_tcp_address closed_reason"},
        {"uint32": "client_tcp_port endpoint_tcp_port", "int64,string": "bytes_up bytes_down"},
    ),
    "AuthToken": _struct(
        _MADE,
        {"string": "scope_id token user_id auth_method_id account_id"},
        {"time": "approximate_last_used_time expiration_time"},
    ),
    "Worker": _struct(
        _MADE,
        _NAMED,
        {"string": "scope_id address type release_version", "time": "last_status_time"},
        {"string": "worker_generated_auth_token controller_generated_activation_token local_storage_state"},
        {"map[]string": "canonical_tags config_tags api_tags", "[]string": "directly_connected_downstream_workers"},
        {"uint32": "active_connection_count"},
    ),
    "AuthenticateResult": _struct({"string": "command", "AuthToken": "attributes"}),
    "ListResult": _struct(
        {"[]map": "items", "uint32": "est_item_count", "[]string": "removed_ids", "string": "list_token response_type"}
    ),
    "Error": _struct({"string": "kind op message", "ErrorDetails": "details"}),
    "ErrorDetails": _struct({"[]FieldError": "request_fields", "[]map": "wrapped_errors"}),
    "FieldError": _struct({"string": "name description"}),
}

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def decode(value: object, go_type: str, where: str = "") -> None:
    """Fails where Go could not put `value` into a variable of that type."""
    match value:
        case None:
            pass
        case list() if go_type.startswith("[]"):
            for place, one in enumerate(value):
                decode(one, go_type.removeprefix("[]"), f"{where}[{place}]")
        case dict() if go_type in STRUCTS:
            for name, of_field in STRUCTS[go_type].items():
                decode(value.get(name), of_field, f"{where}.{name}")
        case dict() if go_type == "map":
            pass
        case dict() if go_type.startswith("map"):
            for name, one in value.items():
                decode(one, go_type.removeprefix("map"), f"{where}.{name}")
        case _:
            assert _fits(value, go_type), f"{where}: {value!r} is no {go_type}"


def _fits(value: object, go_type: str) -> bool:
    match go_type, value:
        case "bool", bool():
            return True
        case _, bool():
            return False
        case "uint32", int():
            return 0 <= value < 2**32
        case "int32", int():
            return -(2**31) <= value < 2**31
        case "string", str():
            return True
        case "time", str():
            return _TIME.fullmatch(value) is not None
        case "int64,string", str():
            return re.fullmatch(r"-?\d{1,19}", value) is not None
        case _:
            return False

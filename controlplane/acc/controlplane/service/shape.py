"""How values look in JSON: times as RFC 3339 in UTC, and nothing for what has no value."""

from datetime import UTC, datetime

Json = dict[str, object]


def rfc3339(time: datetime) -> str:
    """`time` as Boundary writes it, in UTC with microseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def present(**fields: object) -> Json:
    """The fields that have a value; times in their text form."""
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None
    }

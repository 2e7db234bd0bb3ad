"""How values are read: in a table, in a block, and far from now."""

from datetime import UTC, datetime

import pytest

from acc.cli.resource import cells
from acc.wire.directory.machines import TARGET
from acc.wire.directory.people import ROLE
from acc.wire.directory.records import SESSION

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2026-11-24T12:00:00Z", "0s ago"),
        ("2026-11-24T11:59:18.250Z", "41s ago"),
        ("2026-11-24T11:01:00Z", "59m ago"),
        ("2026-11-24T20:00:00Z", "in 8h"),
        ("2026-11-01T12:00:00Z", "23d ago"),
        ("2026-11-24T14:00:00+02:00", "0s ago"),
        ("soon", "soon"),
    ],
)
def test_a_time_is_a_distance(time: str, said: str) -> None:
    assert cells.distance(time, NOW) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (22, "22"),
        (["a", "b"], "a, b"),
        ({"region": ["eu", "us"]}, "region=(eu, us)"),
        ([{"id": "u_1", "name": "ann"}], "id=u_1 name=ann"),
    ],
)
def test_a_value_fits_into_a_line(value: object, said: str) -> None:
    assert cells.line(value) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("id", "id"),
        ("name", "name"),
        ("login_name", "login name"),
        ("target_name", "target"),
        ("scope_id", "scope"),
        ("created_time", "created"),
        ("default_port", "port"),
    ],
)
def test_a_heading_leaves_out_what_goes_without_saying(name: str, said: str) -> None:
    assert cells.title(name) == said


def test_a_pipe_gets_what_the_api_said() -> None:
    item: dict[str, object] = {"scope_id": "p_1", "scope": {"name": "prod"}, "created_time": "2026-11-24T11:00:00Z"}

    assert [cells.plain(item, SESSION, name) for name in ("scope_id", "created_time")] == [
        "p_1",
        "2026-11-24T11:00:00Z",
    ]
    assert [cells.readable(item, SESSION, name, NOW) for name in ("scope_id", "created_time")] == ["prod", "1h ago"]


def test_what_stands_inside_an_object_is_found() -> None:
    assert cells.plain({"attributes": {"default_port": 22}}, TARGET, "default_port") == "22"


def test_a_block_says_nothing_twice_and_hides_nothing() -> None:
    item: dict[str, object] = {
        "id": "r_1",
        "scope_id": "p_1",
        "scope": {"id": "p_1", "name": "prod"},
        "principal_ids": ["u_1"],
        "principals": [{"id": "u_1", "type": "user"}],
        "not_described": 1,
    }

    assert cells.lines_of(item, ROLE, None) == [
        ("id", "r_1"),
        ("scope", "prod (p_1)"),
        ("principal ids", "u_1"),
        ("not described", "1"),
    ]

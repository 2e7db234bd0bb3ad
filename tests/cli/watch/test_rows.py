"""Rows: what the view makes of an item of the API."""

import pytest

from acc.cli.watch.rows import parse
from acc.wire.errors import AccError, Code

ITEM: dict[str, object] = {
    "id": "s_1234567890",
    "user_id": "u_1",
    "user_name": "admin",
    "target_id": "ttcp_1",
    "target_name": "web-1",
    "endpoint": "tcp://10.0.0.5:22",
    "workers": [{"id": "w_1", "name": "worker-1"}, {"id": "w_2", "name": "worker-2"}],
    "created_time": "1970-01-01T00:16:40.000000Z",
    "status": "active",
    "open_connections": 2,
    "bytes_up": 5,
    "bytes_down": 7,
    "authorized_actions": ["read:self", "cancel:self"],
}


def test_an_item_becomes_a_session() -> None:
    session = parse(ITEM)

    assert (session.user, session.target, session.host) == ("admin", "web-1", "10.0.0.5:22")
    assert session.workers == "worker-1, worker-2"
    assert (session.since, session.bytes_up, session.bytes_down) == (1000.0, 5, 7)
    assert session.cancellable


def test_without_names_there_are_ids() -> None:
    nameless = {key: value for key, value in ITEM.items() if key not in ("user_name", "target_name")}
    session = parse(nameless)

    assert (session.user, session.target) == ("u_1", "ttcp_1")


def test_a_controller_that_knows_no_sums_yet_is_enough() -> None:
    older = {key: value for key, value in ITEM.items() if key not in ("bytes_up", "bytes_down", "workers")}

    assert (parse(older).bytes_up, parse(older).workers) == (0, "")


@pytest.mark.parametrize("actions", [[], ["read"], ["no-op", "read:self"]])
def test_what_one_may_only_read_cannot_be_cancelled(actions: list[str]) -> None:
    assert not parse(ITEM | {"authorized_actions": actions}).cancellable


def test_names_cannot_move_the_cursor() -> None:
    assert parse(ITEM | {"target_name": "a\x1b[2Jb"}).target == "a\\x1b[2Jb"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 7}, {"created_time": "yesterday"}, {"bytes_up": -1}, {"bytes_down": "7"}, {"workers": "worker-1"},
        {"workers": ["worker-1"]}, {"authorized_actions": {}},
    ],
)  # fmt: skip
def test_an_item_of_another_shape_is_no_session(wrong: dict[str, object]) -> None:
    with pytest.raises(AccError) as refused:
        parse(ITEM | wrong)

    assert refused.value.code is Code.HTTP_PEER

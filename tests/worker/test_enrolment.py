"""Enrolment: the token as text, and the trade for an identity with a real controller."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.controlplane.link.ca import make_authority
from acc.controlplane.link.workers import EnrolmentToken as Issued
from acc.wire.errors import AccError, Code
from acc.worker import statedir
from acc.worker.enrolment import MAX_TOKEN, enrol, parse_token
from acc.worker.identity import load_identity
from acc.worker.statedir import StateDir, open_state
from acc.worker.ticketkeys import TicketKeys
from tests.worker.conftest import Cluster, Process, ended, free_port
from tests.worker.conftest import enrol as enrol_by_command

AUTHORITY = make_authority("cluster1")
SECRET = "a secret that must not be seen"


def issue(*controllers: str) -> str:
    known = controllers or ("127.0.0.1:9201",)
    return Issued(controllers=known, ca_der=AUTHORITY.der, cluster_id="cluster1", secret=SECRET).text()


def pack(document: object) -> str:
    return "acce1." + base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def unpack(text: str) -> dict[str, object]:
    body = text.strip().removeprefix("acce1.")
    document: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return document


def refused(text: str) -> None:
    with pytest.raises(AccError) as caught:
        parse_token(text)
    assert caught.value.code is Code.CONFIG
    assert SECRET not in str(caught.value)


def test_a_token_says_what_the_controller_wrote() -> None:
    token = parse_token(issue("c1:9201", "[::1]:9201") + "\n")
    assert token.controllers == ("c1:9201", "[::1]:9201")
    assert token.secret == SECRET
    assert token.cluster == "cluster1"
    assert token.ca == AUTHORITY.certificate


def test_a_token_does_not_show_its_secret() -> None:
    assert SECRET not in repr(parse_token(issue()))


@pytest.mark.parametrize(
    "change",
    [
        {"controllers": []},
        {"controllers": ["c1"]},
        {"controllers": ["c1:9201", 7]},
        {"controllers": ["c1:9201"] * 17},
        {"secret": ""},
        {"secret": "s" * 129},
        {"secret": 7},
        {"ca": ""},
        {"ca": "AAAA"},
        {"ca": "no base64"},
        {"cluster": ""},
        {"cluster": "two words"},
    ],
    ids=str,
)
def test_a_token_with_a_part_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    refused(pack(unpack(issue()) | change))


@pytest.mark.parametrize("key", ["controllers", "secret", "ca", "cluster"])
def test_a_token_without_a_part_is_refused(key: str) -> None:
    document = unpack(issue())
    del document[key]
    refused(pack(document))


@given(length=st.integers(0, len(issue()) - 1))
def test_a_part_of_a_token_is_refused(length: int) -> None:
    refused(issue()[:length])


@given(text=st.one_of(st.text(), st.text(alphabet="ABab01-_=").map("acce1.".__add__)))
def test_what_is_no_token_is_refused(text: str) -> None:
    refused(text)


def test_a_token_that_is_too_long_is_refused() -> None:
    refused(issue() + "A" * MAX_TOKEN)


def test_enrolment_gives_an_identity_and_the_keys_of_tickets(
    cluster: Cluster, controller: Process, tmp_path: Path
) -> None:
    enrol_by_command(cluster, tmp_path / "state", "enrolled")
    state = open_state(tmp_path / "state")
    enrolled = load_identity(state).enrolled
    assert enrolled.worker_id.startswith("w_")
    assert enrolled.address == "127.0.0.1:9202"
    assert enrolled.controllers == (cluster.link,)
    assert len(TicketKeys(state)) == 1
    state.close()


def test_a_token_works_once(cluster: Cluster, controller: Process, tmp_path: Path) -> None:
    token = cluster.token("once")
    arguments = ("acc-worker", "enroll", "--address", "127.0.0.1:9202", "--state")
    with ended(Process(*arguments, str(tmp_path / "one"), env=cluster.env, text=token)) as first:
        assert first.wait() == 0
    with ended(Process(*arguments, str(tmp_path / "two"), env=cluster.env, text=token)) as second:
        assert second.wait() == Code.NOT_ALLOWED.exit_status
        assert "unknown, used or expired" in str(second.lines)
    assert not (tmp_path / "two" / statedir.WORKER).exists()


def test_a_directory_is_enrolled_once(cluster: Cluster, controller: Process, tmp_path: Path) -> None:
    enrol_by_command(cluster, tmp_path / "state", "again")
    arguments = ("acc-worker", "enroll", "--address", "127.0.0.1:9202", "--state", str(tmp_path / "state"))
    with ended(Process(*arguments, env=cluster.env, text=cluster.token("again"))) as again:
        assert again.wait() == Code.CONFIG.exit_status
        assert "enrolled already" in str(again.lines)


@pytest.mark.asyncio
async def test_a_controller_with_another_ca_is_not_trusted(
    cluster: Cluster, controller: Process, state: StateDir
) -> None:
    with pytest.raises(AccError) as caught:
        await enrol(state, parse_token(issue(cluster.link)), address="127.0.0.1:9202", name="")
    assert caught.value.code is Code.UNTRUSTED
    assert list(state.path.iterdir()) == []


@pytest.mark.asyncio
async def test_a_controller_that_is_away_is_said(state: StateDir) -> None:
    with pytest.raises(AccError) as caught:
        await enrol(state, parse_token(issue(f"127.0.0.1:{free_port()}")), address="127.0.0.1:9202", name="")
    assert caught.value.code is Code.CONTROLLER_UNREACHABLE


@pytest.mark.asyncio
async def test_the_next_controller_is_asked(cluster: Cluster, controller: Process, state: StateDir) -> None:
    document = unpack(cluster.token("next"))
    token = parse_token(pack(document | {"controllers": [f"127.0.0.1:{free_port()}", cluster.link]}))
    enrolled = await enrol(state, token, address="127.0.0.1:9202", name="")
    assert enrolled.worker_id.startswith("w_")

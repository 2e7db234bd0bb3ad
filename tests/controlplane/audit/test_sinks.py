"""Where events go besides the database: every line whole and in order, and no sink can stop the controller."""

import asyncio
import json
import logging
import os
import signal
import socket
import ssl
import stat
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.audit.sinks import MAX_DATAGRAM, MAX_QUEUED, AuditSinks, read_sinks, shipping
from acc.controlplane.cluster import load_cluster
from acc.wire.errors import AccError, Code
from tests.controlplane.conftest import run_sql
from tests.controlplane.system import (
    ADMIN,
    PASSWORD,
    PROGRAM,
    Controller,
    environment,
    logged,
    read_event,
    running_controller,
    wait_until,
    with_db,
)


def event(name: str, **details: str) -> AuditEvent:
    return AuditEvent(action="read", resource_type="target", resource_name=name, details=details)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def names(path: Path) -> list[object]:
    return [line["resource_name"] for line in lines(path)]


def types(path: Path) -> list[object]:
    return [line["resource_type"] for line in lines(path)]


def login(client: httpx.Client) -> None:
    method = client.get("/v1/auth-methods").json()["items"][0]["id"]
    body = {"command": "login", "attributes": {"login_name": ADMIN, "password": PASSWORD}}
    token = client.post(f"/v1/auth-methods/{method}:authenticate", json=body).json()["attributes"]["token"]
    client.headers["authorization"] = f"Bearer {token}"


@contextmanager
def receiver(family: int, address: object) -> Generator[socket.socket]:
    """A syslog daemon, as far as datagrams go."""
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        bound.bind(address)
        bound.settimeout(5)
        yield bound


def remote(daemon: socket.socket) -> AuditSinks:
    return read_sinks(f"syslog:udp://127.0.0.1:{daemon.getsockname()[1]}")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def shipped(cluster_database: str, log: Path) -> Generator[Controller]:
    """A controller whose events go to `log`."""
    with running_controller(cluster_database, ACC_AUDIT_SINKS=f"file:{log}") as running:
        yield running


def test_a_line_is_what_the_api_shows_of_the_event(shipped: Controller, log: Path) -> None:
    with shipped.client() as client:
        login(client)
        client.get("/v1/users/self")
        wait_until(lambda: len(lines(log)) == 3)
        written = lines(log)
        items = client.get("/v1/audit-events", params={"recursive": "true"}).json()["items"]

    shown = {item["id"]: item for item in items}
    assert [line["action"] for line in written] == ["list", "authenticate", "read"]
    assert [line | {"authorized_actions": shown[line["id"]]["authorized_actions"]} for line in written] == [
        shown[line["id"]] for line in written
    ]


def test_a_file_is_its_owners_only(shipped: Controller, log: Path) -> None:
    with shipped.client() as client:
        client.get("/v1/auth-methods")
    wait_until(log.exists)

    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_file_that_is_renamed_gets_no_more_and_a_new_one_does(tmp_path: Path, log: Path) -> None:
    with shipping(read_sinks(f"file:{log}")) as shipper:
        shipper.offer(event("first"))
        wait_until(lambda: names(log) == ["first"])
        log.rename(tmp_path / "audit.log.1")
        shipper.offer(event("second"))
        wait_until(lambda: names(log) == ["second"])

    assert names(tmp_path / "audit.log.1") == ["first"]


def test_a_file_that_rotation_puts_another_in_place_of_gets_no_more(tmp_path: Path, log: Path) -> None:
    with shipping(read_sinks(f"file:{log}")) as shipper:
        shipper.offer(event("first"))
        wait_until(lambda: names(log) == ["first"])
        log.rename(tmp_path / "audit.log.1")
        log.touch()
        shipper.offer(event("second"))
        wait_until(lambda: names(log) == ["second"])

    assert names(tmp_path / "audit.log.1") == ["first"]


def test_what_is_on_its_way_is_written_before_the_end(log: Path) -> None:
    with shipping(read_sinks(f"file:{log}")) as shipper:
        shipper.offer(event("first"))
        shipper.offer(event("second"))

    assert names(log) == ["first", "second"]


def test_a_sink_that_fails_stops_nothing_and_catches_up_in_order(cluster_database: str, tmp_path: Path) -> None:
    log = tmp_path / "later" / "audit.log"
    with running_controller(cluster_database, ACC_AUDIT_SINKS=f"file:{log}") as own, own.client() as client:
        assert client.get("/v1/auth-methods").status_code == 200
        failed = logged(own, "audit sink fails")
        assert client.get("/v1/scopes").status_code == 401
        log.parent.mkdir()
        logged(own, "audit sink works again")
        wait_until(lambda: len(types(log)) == 2)

    assert (failed["sink"], failed["level"]) == (f"file:{log}", "warning")
    assert types(log) == ["auth-method", "scope"]


def test_the_local_syslog_gets_lines_in_its_own_format(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with receiver(socket.AF_UNIX, path) as daemon, shipping(read_sinks(f"syslog:{path}")) as shipper:
        shipper.offer(event("web-1"))
        head, _, line = daemon.recv(65536).decode().partition(": ")

    assert head == f"<86>acc-controller[{os.getpid()}]"
    assert json.loads(line)["resource_name"] == "web-1"


def test_a_remote_syslog_gets_lines_as_rfc_5424_has_them_with_refusals_as_notices() -> None:
    with receiver(socket.AF_INET, ("127.0.0.1", 0)) as daemon, shipping(remote(daemon)) as shipper:
        shipper.offer(AuditEvent(action="read", resource_type="target", outcome="not_allowed"))
        head, _, line = daemon.recv(65536).decode().partition(" audit - ")

    assert head.startswith("<85>1 2")
    assert head.endswith(f"Z {socket.gethostname()} acc-controller {os.getpid()}")
    assert json.loads(line)["outcome"] == "not_allowed"


def test_a_message_too_long_for_syslog_goes_without_its_details(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with receiver(socket.AF_UNIX, path) as daemon, shipping(read_sinks(f"syslog:{path}")) as shipper:
        shipper.offer(event("web-1", filler="x" * MAX_DATAGRAM))
        line = daemon.recv(65536).decode().partition(": ")[2]

    assert json.loads(line)["details"] == {"truncated": True}


def test_a_syslog_that_comes_back_gets_what_waited(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with shipping(read_sinks(f"syslog:{path}")) as shipper:
        with receiver(socket.AF_UNIX, str(path)) as daemon:
            shipper.offer(event("first"))
            daemon.recv(65536)
        path.unlink()
        shipper.offer(event("second"))
        with receiver(socket.AF_UNIX, str(path)) as daemon:
            line = daemon.recv(65536).decode().partition(": ")[2]

    assert json.loads(line)["resource_name"] == "second"


def test_stdout_has_the_lines_and_nothing_else(cluster_database: str) -> None:
    ca = asyncio.run(with_db(cluster_database, load_cluster)).authority.pem
    process = subprocess.Popen(
        [*PROGRAM, "serve"],
        env=environment(cluster_database, ACC_AUDIT_SINKS="stdout"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    api = read_event(process, "ready")["api"]
    trusting = ssl.create_default_context(cadata=ca)
    assert httpx.get(f"https://{api}/v1/auth-methods", verify=trusting, trust_env=False).status_code == 200
    process.send_signal(signal.SIGTERM)
    written, _ = process.communicate(timeout=5)

    assert [json.loads(line)["resource_type"] for line in written.splitlines()] == ["auth-method"]


def test_a_sink_that_nobody_reads_never_makes_a_request_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with shipping(read_sinks(f"file:{fifo}")) as shipper, caplog.at_level(logging.WARNING):
        offered = list(map(shipper.offer, [event("web-1")] * (MAX_QUEUED + 2)))
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    os.close(reader)
    assert len(offered) == MAX_QUEUED + 2
    assert caplog.text.count("audit sink loses events") == 1


@pytest.mark.parametrize(
    "text", ["nowhere", "file:", "file:relative", "syslog", "syslog:udp://host", "syslog:tcp://h:1", "stdout:x"]
)
def test_a_sink_that_makes_no_sense_is_named(text: str) -> None:
    with pytest.raises(AccError, match=r"audit\.sinks") as refused:
        read_sinks(f"stdout, {text}")
    assert refused.value.code is Code.CONFIG


def test_sinks_are_read_from_one_line() -> None:
    sinks = read_sinks("stdout, file:/var/log/acc/audit.log,syslog:/dev/log,syslog:udp://log.example:514")

    assert [name.partition(":")[0] for name, _ in sinks.sinks] == ["stdout", "file", "syslog", "syslog"]
    assert read_sinks("").sinks == ()


def test_an_event_is_shipped_only_once_it_is_stored(shipped: Controller, log: Path) -> None:
    run_sql(shipped.database, "alter table audit_events add constraint none_fits check (action = 'nothing') not valid")
    with shipped.client() as client:
        assert client.get("/v1/auth-methods").status_code == 503
        run_sql(shipped.database, "alter table audit_events drop constraint none_fits")
        assert client.get("/v1/scopes").status_code == 401

    wait_until(log.exists)
    wait_until(lambda: types(log) == ["scope"])

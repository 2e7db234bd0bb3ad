"""Commands on the controller's own machine: each that decides something is on record, and goes where events go."""

import asyncio
import json
import os
import pwd
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from acc.controlplane.store.db import Database, Row
from acc.wire.errors import Code
from tests.controlplane.conftest import run_sql
from tests.controlplane.system import PASSWORD, run, with_db

ME = f"{pwd.getpwuid(os.getuid()).pw_name} (local)"
TOKEN = ("worker-token", "--name", "w1", "--controller", "c.example:9201")


def newest(database: str) -> Row:
    """The last event that the database holds."""

    async def work(db: Database) -> Sequence[Row]:
        return await db.fetch(
            "select action, outcome, resource_name, user_name, client_address, details from audit_events"
            " order by created_time desc limit 1"
        )

    return asyncio.run(with_db(database, work))[0]


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def test_a_second_init_is_on_record_as_refused(cluster_database: str) -> None:
    done = run(cluster_database, "init", "--admin", "second", ACC_ADMIN_PASSWORD=PASSWORD)
    event = newest(cluster_database)

    assert done.returncode == Code.CONFLICT.exit_status
    assert (event["action"], event["outcome"], event["user_name"], event["client_address"]) == (
        "init",
        "conflict",
        ME,
        "local",
    )


def test_a_worker_token_that_cannot_be_is_on_record(cluster_database: str) -> None:
    run(cluster_database, "worker-token", "--name", "no spaces", "--controller", "c.example:9201")
    event = newest(cluster_database)

    assert (event["action"], event["outcome"], event["resource_name"]) == (
        "create:controller-led",
        "bad_name",
        "no spaces",
    )


def test_a_recovery_without_a_password_is_on_record(cluster_database: str) -> None:
    run(cluster_database, "recover-admin", "--login-name", "rescuer")
    event = newest(cluster_database)

    assert (event["action"], event["outcome"], event["resource_name"]) == ("recover-admin", "config", "rescuer")


def test_a_migration_that_had_nothing_to_do_is_on_record(cluster_database: str) -> None:
    run(cluster_database, "migrate")
    event = newest(cluster_database)

    assert (event["action"], event["outcome"], json.loads(event["details"])) == ("migrate", "ok", {"applied": []})


def test_what_the_program_did_not_foresee_is_on_record_too(cluster_database: str) -> None:
    run_sql(cluster_database, "drop table enrolment_tokens cascade")
    done = run(cluster_database, *TOKEN)
    event = newest(cluster_database)

    assert done.returncode == 1
    assert (event["action"], event["outcome"]) == ("create:controller-led", "internal")


def test_a_refusal_that_no_database_of_ours_can_keep_is_said_in_the_log(empty_database: str, log: Path) -> None:
    run_sql(empty_database, "create table somebodys (id integer)")
    done = run(empty_database, "init", "--admin", "admin", ACC_ADMIN_PASSWORD=PASSWORD, ACC_AUDIT_SINKS=f"file:{log}")

    assert done.returncode == Code.CONFLICT.exit_status
    assert '"event": "audit event not stored"' in done.stderr
    assert not log.exists()


def test_its_event_goes_to_the_file_that_the_settings_name(cluster_database: str, log: Path) -> None:
    run(cluster_database, *TOKEN, ACC_AUDIT_SINKS=f"file:{log}")
    run(cluster_database, "recover-admin", "--login-name", "x", ACC_AUDIT_SINKS=f"file:{log}")

    written = lines(log.read_text())
    assert [(one["action"], one["outcome"]) for one in written] == [
        ("create:controller-led", "ok"),
        ("recover-admin", "config"),
    ]
    assert written[0]["created_time"]


def test_the_beginning_of_a_cluster_goes_there_too(empty_database: str, log: Path) -> None:
    run(empty_database, "init", "--admin", "admin", ACC_ADMIN_PASSWORD=PASSWORD, ACC_AUDIT_SINKS=f"file:{log}")

    [event] = lines(log.read_text())
    assert (event["action"], event["outcome"], event["user_name"]) == ("init", "ok", ME)


def test_its_event_goes_to_syslog(cluster_database: str, tmp_path: Path) -> None:
    path = str(tmp_path / "syslog")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(path)
        daemon.settimeout(5)
        run(cluster_database, *TOKEN, ACC_AUDIT_SINKS=f"syslog:{path}")
        message = daemon.recv(65536)

    assert b'"action":"create:controller-led"' in message


def test_stdout_stays_for_what_was_asked_for_and_its_event_goes_to_stderr(cluster_database: str) -> None:
    done = run(cluster_database, *TOKEN, ACC_AUDIT_SINKS="stdout")

    assert done.stdout.count("\n") == 1
    assert [one["action"] for one in lines(done.stderr)] == ["create:controller-led"]


def test_a_sink_that_is_none_stops_a_command_before_it_does_anything(cluster_database: str) -> None:
    done = run(cluster_database, *TOKEN, ACC_AUDIT_SINKS="paper")

    assert (done.returncode, done.stdout) == (Code.CONFIG.exit_status, "")
    assert newest(cluster_database)["action"] == "init"

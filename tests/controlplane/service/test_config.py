"""The controller's settings, as its operator meets them."""

from pathlib import Path

import pytest

from acc.controlplane.service.secret import Secret
from acc.wire.errors import AccError, Code
from tests.controlplane.system import environment, read_event, run, start

URL = "postgresql://acc:secretword@127.0.0.1:1/acc"


def check(file: Path, database: str = URL, **settings: str) -> tuple[int, str]:
    done = run(database, "--config", str(file), "config", "check", **settings)
    assert "secretword" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "controller.toml"


def test_config_check_prints_what_is_in_force_and_who_says_it(file: Path, database: str) -> None:
    file.write_text('public.names = ["acc.example", "10.0.0.1"]\n[database]\npool = 20\n')
    status, said = check(file, database, ACC_API_LISTEN="127.0.0.1:7")

    assert status == 0
    assert f"database.pool = 20  # {file}\n" in said
    assert f'public.names = ["acc.example", "10.0.0.1"]  # {file}\n' in said
    assert 'api.listen = "127.0.0.1:7"  # ACC_API_LISTEN\n' in said
    assert "limits.token = 3000  # default\n" in said
    assert "database.url = (secret)  # ACC_DATABASE_URL\n" in said
    assert 'admin.password = ""  # default\n' in said


def test_an_unknown_key_stops_it_with_the_nearest_known_one(file: Path) -> None:
    file.write_text("[database]\nurll = 'postgresql://x'\n")
    status, said = check(file)

    assert status == Code.CONFIG.exit_status
    assert "did you mean 'database.url'?" in said


def test_a_variable_that_no_program_reads_is_named_with_the_nearest_that_one_does(file: Path, database: str) -> None:
    file.write_text("")
    status, said = check(file, database, ACC_LIMITS_TOKN="5", ACC_API_LISEN="127.0.0.1:7")

    assert status == 0
    assert "no program of acc reads ACC_LIMITS_TOKN; did you mean 'ACC_LIMITS_TOKEN'?" in said
    assert "no program of acc reads ACC_API_LISEN; did you mean 'ACC_API_LISTEN'?" in said


def test_what_others_may_have_in_the_environment_is_not_spoken_of(file: Path, database: str) -> None:
    file.write_text('admin.password = "env:ACC_MY_PASSWORD"\n')
    others = {"ACC_TOKEN": "at_x", "ACC_ADDR": "https://x", "ACC_CACERT": "/x", "ACC_MY_PASSWORD": "secretword"}
    status, said = check(file, database, ACCESS="yes", **others)

    assert status == 0
    assert "no program" not in said


def test_a_variable_that_no_program_reads_is_warned_of_at_the_start(cluster_database: str) -> None:
    process = start(cluster_database, ACC_LIMITS_TOKN="5")
    try:
        assert read_event(process, "unknown variable")["variable"] == "ACC_LIMITS_TOKN"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("api", "health"),
    [
        ("127.0.0.1:9200", "127.0.0.1:9200"),
        ("0.0.0.0:9200", "127.0.0.1:9200"),
        ("127.0.0.1:9200", "0.0.0.0:9200"),
        ("[::]:9200", "[::1]:9200"),
    ],
)
def test_two_listeners_at_one_address_are_refused(file: Path, database: str, api: str, health: str) -> None:
    file.write_text("")
    status, said = check(file, database, ACC_API_LISTEN=api, ACC_HEALTH_LISTEN=health)

    assert status == Code.CONFIG.exit_status
    assert "api.listen (ACC_API_LISTEN) and health.listen (ACC_HEALTH_LISTEN) are both 9200" in said


@pytest.mark.parametrize(
    ("api", "health"),
    [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("127.0.0.1:9200", "127.0.0.2:9200"),
        ("127.0.0.1:9200", "127.0.0.1:9300"),
        ("0.0.0.0:9200", "[::]:9200"),
    ],
)
def test_listeners_that_do_not_meet_may_be_there_together(file: Path, database: str, api: str, health: str) -> None:
    file.write_text("")
    status, _ = check(file, database, ACC_API_LISTEN=api, ACC_HEALTH_LISTEN=health)

    assert status == 0


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    status, said = check(file)

    assert status == Code.CONFIG.exit_status
    assert f"cannot read {file}" in said


def test_a_secret_may_be_in_a_file_of_its_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL + "\n")
    file.write_text(f'database.url = "file://{tmp_path}/url"\n')
    done = run("", "--config", str(file), "ca", ACC_DATABASE_URL=f"file://{tmp_path}/url")

    assert done.returncode == Code.UNAVAILABLE.exit_status
    assert "secretword" not in done.stderr


@pytest.mark.parametrize("named", ["file:///nowhere/url", "file://relative", "env:ACC_NOT_SET", "secretword"])
def test_a_secret_that_is_not_where_it_is_said_to_be_stops_it(file: Path, named: str) -> None:
    file.write_text("")
    status, _ = check(file, named)

    assert status == Code.CONFIG.exit_status


def test_a_certificate_without_a_key_stops_it(file: Path) -> None:
    file.write_text("tls.certificate = '/etc/acc/api.pem'\n")
    status, said = check(file)

    assert status == Code.CONFIG.exit_status
    assert "tls.key" in said


def test_a_secret_shows_nothing_of_itself() -> None:
    assert "secretword" not in repr(Secret("secretword"))
    assert Secret("env:NAME").reveal(environment("", NAME="secretword")) == "secretword"


def test_a_file_that_is_longer_than_a_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secretword" * 1000)
    with pytest.raises(AccError, match="more than a secret") as refused:
        Secret(f"file://{tmp_path}/secret").reveal({})

    assert "secretword" not in str(refused.value)

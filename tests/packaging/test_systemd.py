"""The systemd units: what systemd thinks of them, and that they are as closed as they can be."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from acc.controlplane.service.config import DRAIN_SECONDS
from acc.wire.errors import Code
from tests.conftest import PROGRAMS
from tests.packaging.distribution import ROOT

UNITS = sorted((ROOT / "packaging/systemd").glob("*.service"))
CLOSED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "MemoryDenyWriteExecute": "yes",
    "UMask": "0077",
}

units = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)


def service(unit: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read(unit)
    return parser["Service"]


def test_each_server_has_a_unit_and_a_user() -> None:
    users = (ROOT / "packaging/systemd/acc.sysusers.conf").read_text()

    assert [unit.stem for unit in UNITS] == ["acc-controller", "acc-worker"]
    assert [f"u {service(unit)['User']} -" in users for unit in UNITS] == [True, True]


@units
def test_it_starts_a_program_of_ours_as_a_user_of_its_own(unit: Path) -> None:
    assert service(unit)["ExecStart"].split()[:2] == [f"/usr/bin/{unit.stem}", "serve"]
    assert service(unit)["User"] == unit.stem


@units
def test_it_closes_what_the_program_does_not_need(unit: Path) -> None:
    assert {name: service(unit)[name] for name in CLOSED} == CLOSED


def test_the_worker_s_state_is_the_directory_that_it_may_write_to() -> None:
    worker = service(ROOT / "packaging/systemd/acc-worker.service")

    assert worker["ExecStart"].endswith(f" --state %S/{worker['StateDirectory']}")


@units
def test_what_trying_again_does_not_mend_is_not_tried_again(unit: Path) -> None:
    assert service(unit)["RestartPreventExitStatus"] == str(Code.CONFIG.exit_status)


def test_the_audit_log_s_file_is_where_the_controller_may_write() -> None:
    directory = service(ROOT / "packaging/systemd/acc-controller.service")["LogsDirectory"]

    assert f"`file:/var/log/{directory}/" in (ROOT / "docs/audit.md").read_text()


def test_the_controller_may_drain_as_long_as_its_settings_allow() -> None:
    most = 600
    assert DRAIN_SECONDS.kind.check(most) == most
    with pytest.raises(ValueError):  # noqa: PT011  it has no words
        DRAIN_SECONDS.kind.check(most + 1)
    assert int(service(ROOT / "packaging/systemd/acc-controller.service")["TimeoutStopSec"]) > most


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
@units
def test_systemd_finds_nothing_wrong_with_it(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/usr/bin/", f"{PROGRAMS}/"))
    said = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, timeout=60, check=False)

    assert (said.returncode, said.stderr) == (0, "")

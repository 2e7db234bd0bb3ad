"""What a run stands on: a temporary directory, processes that end with it, free ports, a certificate.

Rule: everything listens on 127.0.0.1. Every process is started on a leash (see driver.c), so that it ends even if
this one is killed, and is ended and waited for when the ground is left.
"""

import datetime as dt
import ipaddress
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
PACKAGES = {
    "cc": "gcc",
    "nc": "netcat-openbsd",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "socat": "socat",
    "haproxy": "haproxy",
}
"""The programs that are needed, and the Debian packages that have them."""

LISTENS_WITHIN = 10.0
ENDS_WITHIN = 5.0
SYSTEM_PATHS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where sshd and haproxy are, which a person's PATH may lack."""


class Broken(Exception):
    """Something did not work: the benchmark has no figure to give, and says why."""


def missing_packages() -> list[str]:
    """The packages to install, in the order of the alphabet."""
    return sorted({package for program, package in PACKAGES.items() if _which(program) is None})


def program(name: str) -> str:
    """The absolute path of a program."""
    found = _which(name)
    if found is None:
        raise Broken(f"{name} is not installed")
    return found


def _which(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_PATHS}")


class Ground:
    """A temporary directory and the processes that live no longer than it."""

    def __init__(self, directory: Path, ending: ExitStack) -> None:
        self.directory = directory
        self._ending = ending
        self.driver = directory / "driver"
        source = Path(__file__).with_name("driver.c")
        compile_ = [
            program("cc"),
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-o",
            str(self.driver),
            str(source),
            "-lpthread",
        ]
        subprocess.run(compile_, check=True, timeout=60)

    def start(self, name: str, command: list[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Runs a server until the ground is left. Its stderr goes to NAME.log in the directory."""
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(self.driver), "leash", *command],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._ending.callback(_end, process)
        return process

    def log(self, name: str) -> str:
        """The last words of a server."""
        return (self.directory / f"{name}.log").read_text(errors="replace")[-2000:]

    def write(self, name: str, text: str) -> Path:
        """A private file in the directory."""
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def certificate(self) -> tuple[Path, Path]:
        """A self-signed P-256 certificate for 127.0.0.1: itself, and together with its key."""
        pem, key = _self_signed()
        return self.write("cert.pem", pem), self.write("both.pem", pem + key)


@contextmanager
def ground() -> Generator[Ground]:
    """A ground that is gone, with all that ran on it, after the block."""
    with tempfile.TemporaryDirectory(prefix="acc-bench-") as directory, ExitStack() as ending:
        yield Ground(Path(directory), ending)


def raise_descriptor_limit() -> None:
    """As many open files as the system allows: thousands of tunnels are held here, and in the servers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_listening(port: int) -> None:
    """Returns once something accepts connections on the port."""
    deadline = time.monotonic() + LISTENS_WITHIN
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex((HOST, port)):
                return
        time.sleep(0.02)
    raise Broken(f"nothing listens on port {port}")


def read_line(process: subprocess.Popen[bytes], seconds: float) -> str:
    """The first line that a process writes to its stdout."""
    assert process.stdout is not None
    data, deadline = b"", time.monotonic() + seconds
    while not data.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
        if not part:
            raise Broken(f"{process.args[2]!r} did not get ready")  # type: ignore[index]  # args is the list above
        data += part
    return data.decode()


def cpu_seconds(pid: int) -> float:
    """The CPU time of all threads of a process, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)  # the clock that clock_getcpuclockid(3) gives for a process


def pss_kib(pid: int) -> int:
    """Memory of a process, what it shares counted in proportion."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise Broken(f"process {pid} has no memory")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _self_signed() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()

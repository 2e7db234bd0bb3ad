"""The peers: what else carries a byte stream to a host, each set up as well as its manual allows.

- direct: `nc`, no encryption and no relay: what the machine can do;
- `ssh -W` through an sshd of ours, with OpenSSH's default cipher and with the fastest one;
- socat on both ends with TLS, and large buffers, which are its best here;
- HAProxy as the TLS relay, with socat as its client. One thread, as one acc-worker is one thread, and no session
  tickets, as the worker gives none.

TLS peers have a P-256 certificate, as acc has, and the client verifies it.
"""

import getpass
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.ground import HOST, Ground, free_port, program, read_line, wait_listening
from bench.ways import Way

DIRECT, SSH, SSH_GCM, SOCAT, HAPROXY = "direct (nc)", "ssh -W", "ssh -W, aes128-gcm", "socat TLS", "HAProxy TLS"
GCM = "aes128-gcm@openssh.com"
BUFFER = "131072"


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running sshd on loopback; `options` make ssh trust it, and be trusted by it."""

    port: int
    options: tuple[str, ...]

    def ssh(self, *arguments: str) -> tuple[str, ...]:
        """An ssh command with nothing of the person's own configuration."""
        return (program("ssh"), "-F", "none", *self.options, *arguments)


@dataclass(frozen=True, slots=True)
class Haproxy:
    """A running HAProxy: a TLS relay to the backend, and a TLS listener that refuses every HTTP request."""

    pid: int
    relay: int
    refusing: int


def backend(ground: Ground) -> int:
    """Starts the driver's backend and returns its port."""
    return int(read_line(ground.start("backend", [str(ground.driver), "backend"]), 5))


def direct(port: int) -> Way:
    return Way(DIRECT, (program("nc"), "-N", HOST, str(port)))


def sshd(ground: Ground) -> Sshd:
    """Starts an sshd with keys of its own, for the person who runs this."""
    if not os.geteuid():
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own, which only its start script makes
    for name in ("host", "user"):
        keygen = [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(ground.directory / name)]
        subprocess.run(keygen, check=True, timeout=10)
    port = free_port()
    config = ground.write(
        "sshd_config",
        f"Port {port}\n"
        f"ListenAddress {HOST}\n"
        f"HostKey {ground.directory}/host\n"
        f"AuthorizedKeysFile {ground.directory}/user.pub\n"
        "PidFile none\n"
        "UsePAM no\n"
        "StrictModes no\n"
        "PasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\n"
        "MaxStartups 100\n"
        "LogLevel ERROR\n",
    )
    public = (ground.directory / "host.pub").read_text()
    known = ground.write("known_hosts", f"* {public}")
    ground.start("sshd", [program("sshd"), "-D", "-e", "-f", str(config)])
    wait_listening(port)
    options = {
        "IdentityFile": ground.directory / "user",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": known,
        "BatchMode": "yes",
        "LogLevel": "ERROR",
        "User": getpass.getuser(),
        "Port": port,
    }
    return Sshd(port, tuple(word for name, value in options.items() for word in ("-o", f"{name}={value}")))


def ssh_stdio(name: str, server: Sshd, port: int, *options: str) -> Way:
    """`ssh -W`, which is what `ssh -J` runs."""
    return Way(name, server.ssh(*options, "-W", f"{HOST}:{port}", HOST))


def socat(ground: Ground, port: int, certificate: Path, both: Path) -> Way:
    """Starts socat as the TLS server in front of the backend, and reaches it with another."""
    listening = free_port()
    server = f"OPENSSL-LISTEN:{listening},bind={HOST},reuseaddr,fork,cert={both},verify=0,nodelay"
    ground.start("socat", [program("socat"), "-b", BUFFER, "-t", "30", server, f"TCP:{HOST}:{port},nodelay"])
    wait_listening(listening)
    return _socat_client(SOCAT, listening, certificate)


def haproxy(ground: Ground, port: int, both: Path) -> Haproxy:
    """Starts HAProxy in front of the backend."""
    relay, refusing = free_port(), free_port()
    tls = f"ssl crt {both} ssl-min-ver TLSv1.3 no-tls-tickets"
    config = ground.write(
        "haproxy.cfg",
        "global\n  nbthread 1\n  maxconn 5000\n"
        "defaults\n  timeout connect 5s\n  timeout client 10m\n  timeout server 10m\n  timeout http-request 10s\n"
        f"frontend relay\n  mode tcp\n  bind {HOST}:{relay} {tls}\n  default_backend target\n"
        f"frontend refusing\n  mode http\n  bind {HOST}:{refusing} {tls}\n"
        "  option httpclose\n  http-request deny deny_status 403\n"
        f"backend target\n  mode tcp\n  server target {HOST}:{port}\n",
    )
    process = ground.start("haproxy", [program("haproxy"), "-db", "-f", str(config)])
    wait_listening(relay)
    wait_listening(refusing)
    return Haproxy(process.pid, relay, refusing)


def through_haproxy(server: Haproxy, certificate: Path) -> Way:
    way = _socat_client(HAPROXY, server.relay, certificate)
    return Way(way.name, way.command, servers=(server.pid,))


def _socat_client(name: str, port: int, certificate: Path) -> Way:
    address = f"OPENSSL:{HOST}:{port},cafile={certificate},nodelay"
    return Way(name, (program("socat"), "-b", BUFFER, "-t", "30", "STDIO", address))

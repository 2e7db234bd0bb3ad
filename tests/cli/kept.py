"""`acc proxy` with a ticket that is kept, for a worker that the test plays itself."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import clean_environment
from tests.wire.pair import Certificate

NAME = "web-1"
STORE = """
import json, sys
from acc.cli import profile, tickets
tickets.store(profile.load(), tickets.Destination("web-1"), tickets.parse(json.load(sys.stdin)))
"""


def keep_ticket(home: Path, certificate: Certificate, port: int) -> dict[str, str]:
    """Puts a ticket for NAME and a worker on `port` where `acc proxy` looks; returns the environment for it."""
    home.mkdir()
    env = clean_environment(home) | {"ACC_ADDR": "https://127.0.0.1:1", "ACC_TOKEN": "at_1_x"}
    body = {
        "authorization_token": "acct1.a.b",
        "workers": [{"address": f"127.0.0.1:{port}", "server_name": "localhost"}],
        "worker_ca": certificate.pem,
        "expires_at": 4_000_000_000,
        "session_id": "s_1",
    }
    subprocess.run([sys.executable, "-c", STORE], input=json.dumps(body), env=env, text=True, check=True, timeout=30)
    return env


def proxy_command(*options: str, before: str = "") -> list[str]:
    """The command line of `acc proxy NAME` in a fresh interpreter, after the statements `before`."""
    program = f"{before}\nfrom acc.cli.__main__ import main\nmain()"
    return [sys.executable, *options, "-c", program, "proxy", NAME]

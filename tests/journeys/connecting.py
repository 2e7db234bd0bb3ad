"""`acc connect`, as a program that somebody leaves running."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.journeys.client import ACC, Client


@contextmanager
def connecting(client: Client, target: str) -> Iterator[int]:
    """`acc connect`, running; its local port."""
    process = subprocess.Popen(
        [ACC, "connect", target], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=client.env, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
        print(errors)

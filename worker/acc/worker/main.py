"""The commands of `acc-worker`.

Rule: a secret is read from stdin or from a file, never from the command line.
"""

from pathlib import Path
from typing import TextIO

import click
import uvloop

from acc.worker import log
from acc.worker.config import DEFAULT_HOLD, DEFAULT_LISTEN, MAX_HOLD, Config, parse_listen
from acc.worker.enrolment import MAX_TOKEN, enrol, parse_enrolment_address, parse_token
from acc.worker.serve import serve as run_worker
from acc.worker.statedir import create_state

STATE = click.option(
    "--state",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The directory that holds the worker's key and everything it must remember.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="acc-access", prog_name="acc-worker")
def worker() -> None:
    """Carry tunnels between people and targets.

    Begin with `acc-worker enroll`, fed with what `acc-controller worker-token` printed, then `acc-worker serve`.
    """


@worker.command()
@STATE
@click.option("--address", required=True, metavar="HOST:PORT", help="Where clients will dial this worker.")
@click.option("--name", default="", help="What to call it in its signing request; the token names the worker.")
@click.option("--token-file", type=click.File(), default="-", help="Holds the enrolment token. Without it, stdin does.")
def enroll(state: Path, address: str, name: str, token_file: TextIO) -> None:
    """Trade a one-time enrolment token for an identity."""
    log.start_logging()
    token = parse_token(token_file.read(MAX_TOKEN + 2))
    directory = create_state(state)
    enrolled = uvloop.run(enrol(directory, token, address=parse_enrolment_address(address), name=name))
    directory.close()
    log.event("enrolled", worker=enrolled.worker_id, address=enrolled.address)


@worker.command()
@STATE
@click.option("--listen", default=DEFAULT_LISTEN, metavar="HOST:PORT", show_default=True, help="Where to listen.")
@click.option(
    "--hold",
    default=DEFAULT_HOLD,
    type=click.IntRange(1, MAX_HOLD),
    metavar="SECONDS",
    show_default=True,
    help="How long a tunnel that lost its client is kept for a resume.",
)
def serve(state: Path, listen: str, hold: int) -> None:
    """Serve tunnels until SIGTERM, then drain and leave."""
    log.start_logging()
    uvloop.run(run_worker(Config(state=state, listen=parse_listen(listen), hold=hold)))

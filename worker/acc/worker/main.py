"""The commands of `acc-worker`.

Rule: a secret is read from stdin or from a file, never from the command line.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO, TypeVar

import click
import uvloop

from acc.wire.settings import Key
from acc.worker import log
from acc.worker.config import DEFAULT_FILE, HEALTH_LISTEN, HOLD, LISTEN, STATE, read_config, read_settings
from acc.worker.enrolment import MAX_TOKEN, enrol, parse_enrolment_address, parse_token
from acc.worker.serve import serve as run_worker
from acc.worker.statedir import create_state

Command = TypeVar("Command", bound=Callable[..., None])  # click decorates functions of any parameters

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The settings, as TOML.  [default: {DEFAULT_FILE}, where there is one]",
)


def _setting(key: Key[object], metavar: str) -> Callable[[Command], Command]:
    """The option that overrides `key`."""
    shown = f"  [default: {key.default}]" if key.default is not None else ""
    return click.option(key.override, metavar=metavar, help=key.about + shown)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="acc-access", prog_name="acc-worker")
def worker() -> None:
    """Carry tunnels between people and targets.

    Begin with `acc-worker enroll`, fed with what `acc-controller worker-token` printed, then `acc-worker serve`.
    """


@worker.command()
@click.option(
    "--state",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The directory that holds the worker's key and everything it must remember.",
)
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
@CONFIG
@_setting(STATE, "DIRECTORY")
@_setting(LISTEN, "HOST:PORT")
@_setting(HOLD, "SECONDS")
@_setting(HEALTH_LISTEN, "HOST:PORT")
def serve(config: Path | None, **options: str | None) -> None:
    """Serve tunnels until SIGTERM, then drain and leave.

    Each option is a key of the settings file too, and the option wins.
    """
    log.start_logging()
    given = {f"--{name}": text for name, text in options.items() if text is not None}
    uvloop.run(run_worker(read_config(read_settings(config, given))))

"""The `acc-controller` command.

What a person asks for goes to stdout, everything else to stderr. An error ends the program with the exit status of
its code and two lines: what happened, and what to do.
"""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
import uvloop

from acc.controlplane.audit.attempt import note_details
from acc.controlplane.audit.local import recorded_locally
from acc.controlplane.audit.record import AuditEvent, printable
from acc.controlplane.audit.sinks import STDERR, read_sinks
from acc.controlplane.audit.trail import transact
from acc.controlplane.bootstrap import NewCluster, beginning, init_cluster
from acc.controlplane.cluster import load_cluster
from acc.controlplane.directory.passwords import Passwords
from acc.controlplane.link.workers import EnrolmentToken, create_enrolment_secret
from acc.controlplane.recovery import Recovered
from acc.controlplane.recovery import recover_admin as recover
from acc.controlplane.serve import serve as run_server
from acc.controlplane.service.config import DEFAULT_FILE, Config, read_config, read_settings, show
from acc.controlplane.service.log import start_logging, warning
from acc.controlplane.service.variables import strange_variables
from acc.controlplane.store.db import Database, Sql, open_database
from acc.controlplane.store.migrate import Change, check_schema
from acc.controlplane.store.migrate import migrate as apply_migrations
from acc.controlplane.trial import Bad, Good, try_out
from acc.wire.errors import AccError, Code
from acc.wire.names import join_address, split_address
from acc.wire.settings import Settings

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (recognised, not bound)

P = ParamSpec("P")
T = TypeVar("T")


def _run(work: Coroutine[object, object, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _explained(command: Callable[P, None]) -> Callable[P, None]:
    """Ends the program with an error's two lines and exit status."""

    @wraps(command)
    def explained(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except AccError as error:
            what, hint = error.lines()
            click.echo(f"acc-controller: {what}\n{hint}", err=True)
            sys.exit(error.code.exit_status)

    return explained


async def _with_database(config: Config, work: Callable[[Database], Awaitable[T]]) -> T:
    async with open_database(config.database_url, pool=config.database_pool) as db:
        return await work(db)


def _decided(config: Config, event: AuditEvent, work: Callable[[Database], Awaitable[T]]) -> T:
    """What `work` gives on the database; whatever comes of it is on record, as `event`."""
    sinks = read_sinks(config.audit_sinks, STDERR)

    async def recorded(db: Database) -> T:
        async with recorded_locally(db, sinks, event):
            return await work(db)

    return _run(_with_database(config, recorded))


@click.group()
@click.version_option(package_name="acc-access")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The settings, as TOML; the environment wins.  [default: {DEFAULT_FILE}, where there is one]",
)
@click.pass_context
def controller(context: click.Context, config: Path | None) -> None:
    """The controller of acc. Settings come from a file, and from the environment: ACC_DATABASE_URL and others."""
    context.obj = config
    start_logging()


def _settings() -> Settings:
    """What the file that was named and the environment say."""
    return read_settings(click.get_current_context().find_object(Path), os.environ)


def _config() -> Config:
    return read_config(_settings(), os.environ)


@controller.group("config")
def config_group() -> None:
    """See the settings, and whether they can be used."""


@config_group.command()
@_explained
def check() -> None:
    """Print what is in force and where it is said, and try what it names: database, sinks, certificate.

    Secrets are not shown, and nothing is changed. Run it as the user that the controller runs as.
    """
    settings = _settings()
    config = read_config(settings, os.environ)
    click.echo(show(settings))
    for said in strange_variables(settings, os.environ).values():
        click.echo(f"acc-controller: {said}", err=True)

    async def work() -> bool:
        usable = True
        async for finding in try_out(config):
            match finding:
                case Good():
                    click.echo(f"good: {finding}")
                case Bad():
                    click.echo(f"acc-controller: {finding}", err=True)
                    usable = False
        return usable

    if not _run(work()):
        sys.exit(Code.CONFIG.exit_status)


@controller.command()
@click.option("--admin", required=True, metavar="NAME", help="Login name of the first administrator.")
@_explained
def init(admin: str) -> None:
    """Make a database the database of a new cluster.

    The administrator's password is the setting admin.password: the environment variable ACC_ADMIN_PASSWORD.
    """
    config = _config()

    async def work(db: Database) -> NewCluster:
        return await init_cluster(db, admin=admin, password_hash=await _hashed(_admin_password(config)))

    made = _decided(config, beginning(), work)
    click.echo(f"cluster {made.cluster}")
    click.echo(f"auth method {made.auth_method}")
    click.echo(f"administrator {made.user}")
    click.echo(f"project {made.project}")


@controller.command()
@click.option("--login-name", required=True, metavar="NAME", help="Who shall be an administrator.")
@_explained
def recover_admin(login_name: str) -> None:
    """Break the glass: make somebody an administrator again, with nothing but the database's URL.

    An account of that name gets the password that is the setting admin.password, ACC_ADMIN_PASSWORD, and its logins
    end; if there is none, it is made. Its user gets a role that allows everything. It is written down.
    """
    config = _config()

    async def work(db: Database) -> Recovered:
        await check_schema(db)
        password_hash = await _hashed(_admin_password(config))
        return await recover(db, login_name=login_name, password_hash=password_hash)

    event = AuditEvent(action="recover-admin", resource_type="user", resource_name=printable(login_name))
    recovered = _decided(config, event, work)
    click.echo(f"administrator {recovered.user_id}")
    click.echo(f"role {recovered.role_id}")


@controller.command()
@click.option(
    "--contract",
    "changes",
    flag_value=(Change.EXPAND, Change.CONTRACT),
    default=(Change.EXPAND,),
    type=click.UNPROCESSED,
    help="Remove too what only older controllers use. Stop or replace those first.",
)
@_explained
def migrate(changes: tuple[Change, ...]) -> None:
    """Bring the database's schema up to date, so that older controllers can serve on.

    Safe to repeat, and to run in several places at once.
    """

    async def work(db: Database) -> list[str]:
        applied = await apply_migrations(db, changes)
        note_details(applied=[*applied])
        return applied

    for name in _decided(_config(), AuditEvent(action="migrate", resource_type="scope"), work):
        click.echo(name)


@controller.command()
@_explained
def serve() -> None:
    """Serve the API and the worker link until SIGTERM or SIGINT."""
    settings = _settings()
    for name, said in strange_variables(settings, os.environ).items():
        warning("unknown variable", variable=name, reason=said)
    _run(run_server(read_config(settings, os.environ)))


@controller.command()
@_explained
def ca() -> None:
    """Print the certificate of the cluster's CA."""

    async def work(db: Database) -> str:
        return (await load_cluster(db)).authority.pem

    click.echo(_run(_with_database(_config(), work)), nl=False)


@controller.command()
@click.option("--name", required=True, metavar="NAME", help="What the worker will be called.")
@click.option("--valid-for", default="1h", show_default=True, metavar="TIME", help="A number and s, m, h or d.")
@click.option(
    "--controller", "controllers", multiple=True, metavar="HOST:PORT", help="Where the worker finds the worker link."
)
@_explained
def worker_token(name: str, valid_for: str, controllers: tuple[str, ...]) -> None:
    """Print a token that enrols one worker, once."""
    config = _config()

    async def work(db: Database) -> EnrolmentToken:
        seconds = _seconds(valid_for)
        found = controllers or (_worker_link(config),)
        for address in found:
            if split_address(address) is None:
                raise AccError(Code.CONFIG, f"--controller: {address!r} is not host:port")
        cluster = await load_cluster(db)

        async def create(sql: Sql) -> str:
            return await create_enrolment_secret(sql, name=name, valid_seconds=seconds)

        secret = await transact(db, create)
        return EnrolmentToken(controllers=found, ca_der=cluster.authority.der, cluster_id=cluster.id, secret=secret)

    event = AuditEvent(action="create:controller-led", resource_type="worker", resource_name=printable(name))
    click.echo(_decided(config, event, work).text())


def _admin_password(config: Config) -> str:
    password = config.admin_password.reveal(os.environ)
    if not password:
        raise AccError(Code.CONFIG, "admin.password (ACC_ADMIN_PASSWORD) is not set")
    return password


async def _hashed(password: str) -> str:
    with closing(Passwords()) as passwords:
        return await passwords.hash(password)


def _seconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None or not int(match[1]):
        raise AccError(Code.CONFIG, f"--valid-for: {text!r} is not a number and s, m, h or d")
    return int(match[1]) * _UNITS[match[2]]


def _worker_link(config: Config) -> str:
    """Where workers dial: the address that is listened on if it is named, else the first public name."""
    listen = config.worker_link
    if not listen.port:
        raise AccError(Code.CONFIG, "ACC_WORKER_LISTEN has port 0: say --controller HOST:PORT")
    host = listen.host if listen.host not in _ANY_ADDRESS else config.public_names[0]
    return join_address(host, listen.port)

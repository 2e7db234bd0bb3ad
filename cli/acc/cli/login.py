"""`acc login`, `acc logout`, `acc whoami`: who a person is to a controller.

Rule: a password is typed without echo, or read from where an option says, and never an argument. A login leaves behind
the profile, a copy of the CA beside it, and the token in the keyring or in a file; a logout leaves nothing of its
controller.
"""

import getpass
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass

import click

from acc.cli import credentials, directories, offers, profile, terminal, tickets
from acc.cli.controller import Controller, Item, inner, text
from acc.cli.profile import Profile
from acc.cli.resource import cells, secrets
from acc.wire.directory.records import AUTH_TOKEN
from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True)
class Login:
    """What the controller gave for a password. The token shows in no repr."""

    token_id: str
    user_id: str
    token: str

    def __repr__(self) -> str:
        return f"Login({self.token_id})"


@click.command()
@click.option("--addr", metavar="URL", help="The controller, https://host:port; else ACC_ADDR or the last login's.")
@click.option("--cacert", metavar="FILE", help="The CA that signs it; else ACC_CACERT, or what the system trusts.")
@click.option("--login-name", metavar="NAME", help="Asked for where it is not given.")
@click.option("--password-file", metavar="FILE", help="Read the password from this file; - is stdin.")
@click.option("--password-env", metavar="VARIABLE", help="Read the password from this environment variable.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin; the same as --password-file -.")
@click.option("--json", "as_json", is_flag=True, help="Print who is logged in as JSON.")
def login(
    addr: str | None,
    cacert: str | None,
    login_name: str | None,
    password_file: str | None,
    password_env: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Log in to a controller.

    The password is asked for, unless an option says where it is. The token goes to the system's keyring; where there
    is none, to a file that only you can read.
    """
    chosen = _chosen(addr, cacert)
    _readable(chosen.cacert)
    if password_stdin and password_file is not None:
        raise click.UsageError("give the password once: on stdin or in a file")
    path = "-" if password_stdin else password_file
    name = login_name or _ask_name(stdin_is_free=path != "-")
    password = secrets.given("password", password_env, path) or _ask_password(name, chosen.addr)
    with Controller(chosen, None) as controller:
        answer = authenticate(controller, name, password)
    chosen.login_name = name
    chosen.user_id = answer.user_id
    _keep(chosen, answer.token)
    if os.environ.get("ACC_TOKEN"):
        terminal.note("ACC_TOKEN is set and wins over this login")
    if as_json:
        terminal.show_json({"addr": chosen.addr, "login_name": name, "user_id": answer.user_id})
    else:
        click.echo(f"logged in to {chosen.addr} as {name}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was forgotten as JSON.")
def logout(as_json: bool) -> None:
    """Revoke the login and forget it here, with its cached tickets. Other controllers' tickets stay.

    What is stored here is removed even if the controller cannot be asked; the exit status then says so.
    """
    chosen = profile.load()
    refused: AccError | None = None
    try:
        with Controller.of(chosen) as controller:
            controller.delete("/v1/auth-tokens/self")
    except AccError as error:
        refused = error
    _forget_what_was_kept(chosen)
    kept = profile.stored()
    if kept is not None and kept.addr == chosen.addr:
        credentials.forget(kept)
        profile.forget()
    if refused is not None and refused.code is not Code.LOGIN_REQUIRED:
        raise AccError(refused.code, f"forgotten here, but not revoked: {refused.detail}")
    if os.environ.get("ACC_TOKEN"):
        terminal.note("ACC_TOKEN is still set; the token in it is revoked")
    if as_json:
        terminal.show_json({"addr": chosen.addr, "login_name": chosen.login_name, "user_id": chosen.user_id})
    elif refused is not None:
        click.echo(f"there was no login to {chosen.addr}")
    else:
        click.echo(f"logged out of {chosen.addr}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the user as the API gives it.")
def whoami(as_json: bool) -> None:
    """Say who is logged in, and where."""
    chosen = profile.load()
    with Controller.of(chosen) as controller:
        user = controller.get("/v1/users/self")
        token = controller.get("/v1/auth-tokens/self")
    if as_json:
        terminal.show_json(user)
        return
    at = cells.now() if sys.stdout.isatty() else None
    name = user.get("login_name") or user.get("name") or chosen.login_name
    terminal.show_rows(
        ("LOGIN NAME", "USER", "CONTROLLER", "UNTIL"),
        [(str(name), text(user, "id"), chosen.addr, cells.readable(token, AUTH_TOKEN, "expiration_time", at))],
    )


def _chosen(addr: str | None, cacert: str | None) -> Profile:
    """The controller that the options name, or the environment, or the last login, in this order."""
    found = profile.load(addr or "")
    return Profile(found.addr, found.cacert if cacert is None else os.path.abspath(cacert))


def _readable(cacert: str | None) -> None:
    if cacert is not None and not os.access(cacert, os.R_OK):
        raise AccError(Code.CONFIG, f"the CA file {cacert} cannot be read")


def _ask_name(*, stdin_is_free: bool) -> str:
    if not stdin_is_free or not sys.stdin.isatty():
        raise click.UsageError("give --login-name; there is nobody to ask")
    answer: str = click.prompt("Login name", default=getpass.getuser(), err=True)
    return answer


def _ask_password(name: str, addr: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(
            "use --password-file, --password-env or --password-stdin; there is no terminal to ask on"
        )
    answer: str = click.prompt(f"Password of {name} on {addr}", hide_input=True, err=True)
    return answer


def authenticate(controller: Controller, name: str, password: str) -> Login:
    """Trade a password for a token. Raises LOGIN_FAILED where the two do not belong together."""
    methods = controller.items("/v1/auth-methods", scope_id="global")
    passwords = [method for method in methods if method.get("type") == "password"]
    if not passwords:
        raise AccError(Code.CONFIG, "the controller offers no login with a password")
    primary = next((method for method in passwords if method.get("is_primary")), passwords[0])
    credentials_given: Item = {"login_name": name, "password": password}
    answer = controller.post(
        f"/v1/auth-methods/{text(primary, 'id')}:authenticate",
        {"command": "login", "attributes": credentials_given},
    )
    attributes = inner(answer, "attributes")
    return Login(text(attributes, "id"), text(attributes, "user_id"), text(attributes, "token"))


def _keep(chosen: Profile, token: str) -> None:
    """Store the login. The profile changes first and without a token, so that no crash pairs an old one with it."""
    before = profile.stored()
    if before is not None:
        credentials.forget(before)
        _forget_what_was_kept(before)
    if chosen.cacert is not None:
        with open(chosen.cacert, encoding="utf-8") as file:
            directories.write(profile.cacert_path(), file.read(directories.MAX_FILE))
        chosen.cacert = profile.cacert_path()
    profile.save(chosen)
    chosen.token_store = credentials.store(chosen.addr, token)
    profile.save(chosen)
    if chosen.token_store == "file":  # noqa: S105  the name of a place, not a secret
        terminal.note(f"no keyring can be used here; the token is in {credentials.path()}, readable only by you")


def _forget_what_was_kept(of: Profile) -> None:
    """Tickets, and names that were seen."""
    for directory in (tickets.directory(of), offers.directory(of)):
        with suppress(FileNotFoundError):
            shutil.rmtree(directory)

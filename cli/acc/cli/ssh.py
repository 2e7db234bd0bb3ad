"""`acc ssh-config` and `acc ssh`: how ssh comes to run `acc proxy`.

Rule: ssh hands the ProxyCommand to the person's shell after it has replaced `%h`, so everything in that line is
quoted for a shell and then for ssh (`%` doubled), and `%h` can only be a name by acc's grammar: the block lists
such names, and `acc proxy` checks again. ssh writes `%h` in lower case, so a name with capitals is spelled out.

Refuses target names outside the grammar, host patterns with anything but letters, digits and `.-_*?`, and an
installation path that no ssh_config can spell.
"""

import os
import re
import shlex
import shutil
import sys
from collections import Counter

import click

from acc.cli import profile, terminal
from acc.cli.controller import Controller
from acc.cli.kinds import TARGET, Kind
from acc.cli.targets import Target, fetch, parse
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name

_PATTERN = re.compile(r"[A-Za-z0-9._*?-]{1,253}", re.ASCII)


@click.command("ssh-config")
@click.option("--all-hosts", metavar="PATTERN", help="One block for every host that matches, such as '*.acc'.")
def ssh_config(all_hosts: str | None) -> None:
    """Print an ssh_config block that makes `ssh NAME` work.

    \b
    acc ssh-config > ~/.ssh/acc_config
    and, as the first line of ~/.ssh/config:
    Include acc_config
    """
    if all_hosts is None:
        with Controller.of(profile.load()) as controller:
            hosts = _hosts([parse(item) for item in fetch(controller)])
    elif _PATTERN.fullmatch(all_hosts):
        hosts = [all_hosts]
    else:
        raise AccError(Code.BAD_NAME, f"{all_hosts[:100]!r} is not a host pattern")
    click.echo("# Written by `acc ssh-config`; write it again when your targets change.")
    for host in hosts:
        spelled = "%h" if host == host.lower() or all_hosts else host
        click.echo(f"\nHost {host}\n    ProxyCommand {proxy_command(spelled)}")


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--host", type=Kind("host"), metavar="HOST", help="One of the target's hosts, by name or id, where it has several."
)
@click.argument("name", type=TARGET)
@click.argument("ssh_args", nargs=-1, type=click.UNPROCESSED)
def ssh(host: str | None, name: str, ssh_args: tuple[str, ...]) -> None:
    """Run ssh to a target, with more arguments for ssh after it.

    NAME may be user@NAME. `acc ssh web-1 -l root uptime` is `ssh web-1 -l root uptime` through acc.
    """
    target = name.rpartition("@")[2]
    if not is_name(target) or name.startswith("-"):
        raise AccError(Code.BAD_NAME, repr(name[:100]))
    if host is not None and not is_name(host):
        raise AccError(Code.BAD_NAME, repr(host[:100]))
    program = shutil.which("ssh")
    if program is None:
        raise AccError(Code.CONFIG, "there is no ssh on the PATH; install OpenSSH's client")
    chosen = f" --host {host}" if host is not None else ""
    sys.stdout.flush()
    os.execv(program, ["ssh", "-o", f"ProxyCommand={proxy_command(target)}{chosen}", name, *ssh_args])  # noqa: S606  no shell wanted


def proxy_command(host: str) -> str:
    """The value of ProxyCommand for `host`: the `acc` that runs now, by its absolute path."""
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "acc")
    started_as = os.path.abspath(sys.argv[0])
    program = started_as if os.path.basename(started_as) == "acc" else beside
    if not os.access(program, os.X_OK):
        raise AccError(Code.CONFIG, f"acc is not installed at {program}")
    if not program.isprintable():
        raise AccError(Code.CONFIG, f"ssh_config cannot spell the path {program!r}")
    quoted = shlex.quote(program.replace("%", "%%"))
    return f"{quoted} proxy {host}"


def _hosts(targets: list[Target]) -> list[str]:
    """What to call each target: its name, or its id where the name says nothing certain to ssh."""
    times = Counter(target.name.lower() for target in targets)
    hosts: list[str] = []
    for target in sorted(targets, key=lambda target: (target.name, target.target_id)):
        if not is_name(target.name) or not is_name(target.target_id):
            terminal.note(f"left out {target.name!r}: {Code.BAD_NAME.title}")
        elif times[target.name.lower()] > 1:
            terminal.note(f"{target.name} is the name of several targets; use {target.target_id}")
            hosts.append(target.target_id)
        else:
            hosts.append(target.name)
    return hosts

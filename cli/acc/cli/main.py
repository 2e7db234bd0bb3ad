"""The commands of `acc`, each imported only when it is run.

Rule: this module imports click and nothing else that is large; `acc --help` is answered from the table below, so
that it costs no import of rich, keyring, httpx or trio.
"""

import importlib

import click

COMMANDS = {
    "login": ("acc.cli.login:login", "Log in to a controller."),
    "logout": ("acc.cli.login:logout", "Revoke the login and forget it here, with its cached tickets."),
    "whoami": ("acc.cli.login:whoami", "Say who is logged in, and where."),
    "targets": ("acc.cli.targets:targets", "What you may reach."),
    "sessions": ("acc.cli.sessions:sessions", "See, watch and end sessions."),
    "ssh": ("acc.cli.ssh:ssh", "Run ssh to a target, with more arguments for ssh after it."),
    "ssh-config": ("acc.cli.ssh:ssh_config", "Print an ssh_config block that makes `ssh NAME` work."),
    "connect": ("acc.cli.connect:connect", "Open a local port that leads to a target."),
    "proxy": ("acc.cli.main:proxy", "Carry stdin and stdout to a target; what ssh runs."),
    "dev": ("acc.cli.dev.command:dev", "Run a whole system on this machine, to try acc."),
}
"""Where each command is, and its one line in `acc --help`."""


class LazyGroup(click.Group):
    """A group that imports a command when it is run, and lists the others from COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in COMMANDS:
            return None
        module_name, _, attribute = COMMANDS[cmd_name][0].partition(":")
        found = getattr(importlib.import_module(module_name), attribute)
        if not isinstance(found, click.Command):
            raise TypeError(f"{module_name}:{attribute} is not a command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  likewise
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="acc-access", prog_name="acc")
def acc() -> None:
    """Reach servers and services without a VPN.

    Begin with `acc login`, then `acc targets list`, then `acc ssh NAME`. To try acc on one machine: `acc dev`.

    ACC_ADDR, ACC_CACERT and ACC_TOKEN win over what `acc login` stored.
    """


class _Usage(click.Command):
    """States the usage as one writes it: the option comes last."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return ["NAME", "[PORT]", "[--host HOST]", "[--linger SECONDS]"]


@click.command(cls=_Usage)
@click.argument("name")
@click.argument("port", required=False)
@click.option("--host", metavar="HOST", help="One of the target's hosts, by name or id, where it has several.")
@click.option("--linger", metavar="SECONDS", help="How long to wait for the other direction once stdout is closed.")
def proxy(name: str, port: str | None, host: str | None, linger: str | None) -> None:
    """Carry stdin and stdout to a target; what ssh runs.

    NAME is the target's name or id; PORT is one of the ports that the target allows, and its own where it is not
    given. Nothing but the stream is written to stdout, and nothing is ever asked.
    """
    # `acc.cli.__main__` runs the command before click is loaded; click knows it for its help text alone.
    raise click.UsageError(f"run it as: acc proxy {name} {port or ''} {host or ''} {linger or ''}")

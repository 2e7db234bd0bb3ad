"""The commands of `acc`, each imported, or made from its description, only when it is run.

Rule: this module imports click and nothing else that is large. Which commands there are, `commands` says.
"""

import importlib

import click

from acc.cli.commands import LINES, OWN, help_text
from acc.cli.kinds import TARGET, Kind
from acc.wire.directory.index import BY_PLURAL


class LazyGroup(click.Group):
    """A group that imports or makes a command when it is run, and lists the others from `commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(LINES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name in OWN:
            module_name, _, attribute = OWN[cmd_name][0].partition(":")
            found = getattr(importlib.import_module(module_name), attribute)
            if not isinstance(found, click.Command):
                raise TypeError(f"{module_name}:{attribute} is not a command")
            return found
        return _made(cmd_name) if cmd_name in BY_PLURAL else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as unknown:  # click looks for near names among commands that are imported
            raise click.NoSuchCommand(unknown.command_name, possibilities=LINES, ctx=ctx) from None

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002  click's signature
        return help_text()


def _made(plural: str) -> click.Command:
    from acc.cli.resource import special  # noqa: PLC0415  only the commands of resources need it

    return special.group_named(plural)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="acc-access", prog_name="acc")
def acc() -> None:
    """Reach servers and services without a VPN."""


class _Usage(click.Command):
    """States the usage as one writes it: the option comes last."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return ["NAME", "[PORT]", "[--host HOST]", "[--linger SECONDS]"]


@click.command(cls=_Usage)
@click.argument("name", type=TARGET)
@click.argument("port", required=False)
@click.option(
    "--host", type=Kind("host"), metavar="HOST", help="One of the target's hosts, by name or id, where it has several."
)
@click.option("--linger", metavar="SECONDS", help="How long to wait for the other direction once stdout is closed.")
def proxy(name: str, port: str | None, host: str | None, linger: str | None) -> None:
    """Carry stdin and stdout to a target; what ssh runs.

    NAME is the target's name or id; PORT is one of the ports that the target allows, and its own where it is not
    given. Nothing but the stream is written to stdout, and nothing is ever asked.
    """
    # `acc.cli.__main__` runs the command before click is loaded; click knows it for its help text alone.
    raise click.UsageError(f"run it as: acc proxy {name} {port or ''} {host or ''} {linger or ''}")

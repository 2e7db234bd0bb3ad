"""`acc targets`: what a person may reach.

Rule: a target is shown as the controller shows it to this person; what they may not see is not there.
"""

from dataclasses import dataclass

import click

from acc.cli import profile, terminal
from acc.cli.controller import Controller, Item, inner, text
from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target, as far as the command line shows it."""

    target_id: str
    name: str
    address: str
    port: int
    scope_id: str


def parse(item: Item) -> Target:
    """The target in an item of the API."""
    port = inner(item, "attributes").get("default_port")
    if not isinstance(port, int):
        raise AccError(Code.HTTP_PEER, "a target of the controller lacks its port")
    return Target(
        target_id=text(item, "id"),
        name=text(item, "name"),
        address=text(item, "address"),
        port=port,
        scope_id=text(item, "scope_id"),
    )


def fetch(controller: Controller) -> list[Item]:
    """Every target that this person may see, as the API gives it."""
    return controller.items("/v1/targets", scope_id="global", recursive="true")


@click.group()
def targets() -> None:
    """What you may reach."""


@targets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as the API gives it.")
def list_targets(as_json: bool) -> None:
    """List the targets that you may see, by name."""
    with Controller.of(profile.load()) as controller:
        items = fetch(controller)
    if as_json:
        terminal.show_json({"items": items})
        return
    found = sorted(map(parse, items), key=lambda target: (target.name, target.target_id))
    terminal.show_rows(
        ("NAME", "ADDRESS", "PORT", "ID", "SCOPE"),
        [(target.name, target.address, str(target.port), target.target_id, target.scope_id) for target in found],
    )

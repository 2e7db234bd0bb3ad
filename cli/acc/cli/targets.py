"""A target as `acc ssh-config` and `acc dev` need it; what a person sees of targets, `resource` makes."""

from dataclasses import dataclass

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

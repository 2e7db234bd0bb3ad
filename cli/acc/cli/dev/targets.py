"""The targets that `acc dev --target` asks for.

Rule: after a start each of them exists as it was asked for; one of the same name from an earlier start on the same
state gives way.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, split_address

if TYPE_CHECKING:
    from acc.cli.controller import Controller


@dataclass(frozen=True, slots=True)
class DevTarget:
    """A TCP target to be made."""

    name: str
    host: str
    port: int


def parse_target(text: str) -> DevTarget:
    """The target in `NAME=HOST:PORT`."""
    name, _, address = text.partition("=")
    parts = split_address(address)
    if not is_name(name):
        raise AccError(Code.BAD_NAME, repr(name[:100]))
    if parts is None:
        raise AccError(Code.CONFIG, f"--target must look like NAME=HOST:PORT, not {text[:100]!r}")
    return DevTarget(name, *parts)


def make(controller: "Controller", targets: tuple[DevTarget, ...]) -> None:
    """Make `targets` in the controller's first project."""
    from acc.cli.controller import text  # noqa: PLC0415  httpx is loaded by now, but not when targets are parsed
    from acc.cli.targets import fetch, parse  # noqa: PLC0415  likewise

    if not targets:
        return
    scopes = controller.items("/v1/scopes", scope_id="global", recursive="true")
    project = next(text(scope, "id") for scope in scopes if scope.get("type") == "project")
    names = {target.name for target in targets}
    for before in map(parse, fetch(controller)):
        if before.name in names:
            controller.delete(f"/v1/targets/{before.target_id}")
    for target in targets:
        controller.post(
            "/v1/targets",
            {
                "scope_id": project,
                "type": "tcp",
                "name": target.name,
                "address": target.host,
                "attributes": {"default_port": target.port},
            },
        )

"""The controller as a command of a resource sees it: names for ids, versions for changes, a word while a person waits.

Rule: a change names the version that it was made for: the one that was given, or else that of the item as it is now.
Somebody else's change in between is CONFLICT, and nothing is tried again silently.
"""

from collections.abc import Generator
from contextlib import contextmanager

from acc.cli import profile, terminal
from acc.cli.controller import Controller, Item
from acc.cli.resource.names import Names
from acc.wire.errors import AccError, Code
from acc.wire.resources import Resource


class Api(Controller):
    """A controller that says what it waits for."""

    def call(self, method: str, path: str, body: Item | None) -> Item:
        with terminal.waiting(f"waiting for {self.addr}"):
            return super().call(method, path, body)

    @property
    def names(self) -> Names:
        return Names(self)

    def read(self, resource: Resource, item_id: str) -> Item:
        """The item as it is now."""
        return self.get(f"{resource.path}/{item_id}")

    def version(self, resource: Resource, item_id: str, given: int | None) -> int:
        """The version to change: `given`, or the one that there is."""
        if given is not None:
            return given
        try:
            found = self.read(resource, item_id).get("version")
        except AccError as refused:
            if refused.code is not Code.NOT_ALLOWED:
                raise
            hint = f"say which version you change: --version N, as acc {resource.plural} list --json has it"
            raise AccError(refused.code, refused.detail, hint=hint) from None
        if not isinstance(found, int):
            raise AccError(Code.HTTP_PEER, f"the controller's {resource.type} lacks its version")
        return found


@contextmanager
def opened() -> Generator[Api]:
    """The API, as whoever is logged in."""
    with Api.of(profile.load()) as api:
        yield api

"""Items as what a shell may offer: the name or the id, and a word or two that tell them apart."""

from collections.abc import Iterable, Iterator

from acc.cli import offers, profile
from acc.cli.controller import Item, text
from acc.cli.offers import Offer
from acc.cli.profile import Profile
from acc.cli.resource.api import Api
from acc.cli.resource.names import field_of, name_of
from acc.wire.directory.index import BY_PLURAL
from acc.wire.directory.records import SESSION
from acc.wire.names import is_name
from acc.wire.resources import Resource

MAX_ITEMS = 2000

_TELLING = {"target": ("address",), "session": ("target_name", "user_name"), "host": ("address",), "scope": ("type",)}


def offer_of(item: Item, resource: Resource) -> Offer:
    """What stands for the item on a command line."""
    name = text(item, "id") if resource is SESSION else name_of(item, resource)
    value = name if is_name(name) else text(item, "id")
    words = [field_of(item, resource, field) for field in _TELLING.get(resource.type, ())]
    return value, " ".join(word for word in words if isinstance(word, str))


def seen(resource: Resource, items: Iterable[Item]) -> None:
    """What a person was shown may be offered to them."""
    offers.add(profile.load(), resource.plural, [offer_of(item, resource) for item in items if "id" in item])


def noted(resource: Resource, pages: Iterable[list[Item]]) -> Iterator[list[Item]]:
    """`pages`, each noted once it has been used."""
    count = 0
    for page in pages:
        yield page
        if page and count < MAX_ITEMS:
            seen(resource, page)
        count += len(page)


def everything(chosen: Profile, plural: str) -> list[Offer]:
    """What the controller has of a type, newest first, as far as it is worth offering."""
    resource = BY_PLURAL[plural]
    found: list[Offer] = []
    with Api.of(chosen) as api:
        for page in api.names.pages(resource, None, 1000, {}):
            found += [offer_of(item, resource) for item in page]
            if len(found) >= MAX_ITEMS:
                break
    return found

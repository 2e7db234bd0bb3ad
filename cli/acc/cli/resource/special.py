"""Commands of resources that people want in another form than the description gives them.

Rule: the generated command is the default; what stands here has a reason, and keeps its name and options.
"""

import importlib

import click

from acc.cli.resource.command import group_of
from acc.wire.directory.index import BY_PLURAL

SPECIAL = {"sessions": {"watch": "acc.cli.sessions:watch", "cancel": "acc.cli.sessions:cancel"}}
"""Sessions are watched live; one is ended by its target's name too, and several of them at once."""


def group_named(plural: str) -> click.Group:
    """`acc <plural>`, with what is special about it."""
    group = group_of(BY_PLURAL[plural])
    for name, where in SPECIAL.get(plural, {}).items():
        module_name, _, attribute = where.partition(":")
        group.add_command(getattr(importlib.import_module(module_name), attribute), name)
    return group

"""What the descriptions of many resources say alike: where they live, their names, their record, their lists."""

from acc.wire.resources import Action, Field, Given, Shape

GLOBAL, ORG, PROJECT = "global", "org", "project"

ID = Field(name="id", says="The id, given by acc.")
SCOPE_ID = Field(name="scope_id", says="The scope that it lives in.", given=Given.ONCE, required=True, refers="scope")
SCOPE_SHOWN = Field(name="scope", says="That scope: id, type, name, parent.", shape=Shape.OBJECT)
NAME = Field(name="name", says="The name, unique where it lives.", given=Given.ALWAYS)
NAMED = Field(name="name", says="The name, unique where it lives.", given=Given.ALWAYS, required=True)
DESCRIPTION = Field(name="description", says="Words for people.", given=Given.ALWAYS)
TYPE = Field(name="type", says="Which kind of it this is.", given=Given.ONCE)
TIMES = (
    Field(name="created_time", says="When it was made.", shape=Shape.TIME),
    Field(name="updated_time", says="When it last changed.", shape=Shape.TIME),
)
ACTIONS = Field(name="authorized_actions", says="What you may do with it.", shape=Shape.TEXTS)
RECORD = (
    *TIMES,
    Field(name="version", says="Counts its changes; a change names the one it was made for.", shape=Shape.INTEGER),
    ACTIONS,
)
COLLECTIONS = Field(name="authorized_collection_actions", says="What you may do in it.", shape=Shape.OBJECT)


def _change(name: str, says: str, field: Field) -> Action:
    return Action(name=name, says=says, takes=(field,), versioned=True)


def members(word: str, field: Field) -> tuple[Action, ...]:
    """The three actions on a list: `word` is what one entry of `field` is, in the plural."""
    said = word.replace("-", " ")
    return (
        _change(f"add-{word}", f"Add {said}.", field),
        _change(f"set-{word}", f"Make these all its {said}.", field),
        _change(f"remove-{word}", f"Take {said} away.", field),
    )


def ids(name: str, says: str, refers: str | None) -> Field:
    return Field(name=name, says=says, shape=Shape.TEXTS, refers=refers, required=True)

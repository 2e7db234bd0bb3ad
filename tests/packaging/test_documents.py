"""What the documents say is there: commands, options, files, versions."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from acc.cli.commands import OWN
from acc.cli.main import acc
from acc.controlplane.main import controller
from acc.worker.main import worker
from tests.packaging.distribution import ROOT
from tests.skips import ALLOWED

README = (ROOT / "README.md").read_text()
PROGRAMS = {"acc": acc, "acc-controller": controller, "acc-worker": worker}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def requirements() -> Iterator[Requirement]:
    """Every library that pyproject.toml names, for whatever purpose."""
    project = PROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), PROJECT["dependency-groups"]["dev"]]
    for text in (text for texts in lists for text in texts):
        requirement = Requirement(text)
        if requirement.name != project["name"]:
            yield requirement


def lines_of_readme() -> list[list[str]]:
    """Every command line in the README that runs a program of acc, as words."""
    prompts = re.findall(r"^\$ (.+?)(?:  +#.*)?$", README, re.MULTILINE)
    spans = re.findall(r"`(acc(?:-controller|-worker)? [^`]+)`", README)
    lines = [re.sub(r"^(?:[A-Z_]+=\S+ )+", "", line).split() for line in prompts + spans]
    return [words for words in lines if words[0] in PROGRAMS and "COMMAND" not in words]


@pytest.mark.parametrize("words", lines_of_readme(), ids=" ".join)
def test_every_command_line_in_the_readme_is_understood(words: list[str]) -> None:
    command: click.Command = PROGRAMS[words[0]]
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, rest[0]
        command, rest = found, rest[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    given = rest[: rest.index("--")] if "--" in rest else rest

    assert {word for word in given if word.startswith("--")} <= options


def test_the_readme_lists_the_commands_as_help_does() -> None:
    rows = re.findall(r"^\| `acc ([a-z-]+)` \| (.+) \|$", README, re.MULTILINE)

    assert rows == [(name, line) for name, (_, line) in OWN.items()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_is_in_the_makefile(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", document.read_text(), re.MULTILINE))

    assert named <= targets


def test_every_library_has_its_reason() -> None:
    reasons = (ROOT / "docs/decisions/0001-libraries.md").read_text()
    groups = PROJECT["project"]
    needed = [*groups["dependencies"], *(text for extra in groups["optional-dependencies"].values() for text in extra)]
    names = {Requirement(text).name for text in needed} - {groups["name"]}

    assert {name for name in names if f"| {name} |" not in reasons} == set()


def test_every_library_is_pinned_to_a_version_that_fits() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    unfit = [
        str(requirement)
        for requirement in requirements()
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]

    assert unfit == []


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## {PROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ALLOWED)
def test_every_test_that_may_be_skipped_exists(name: str) -> None:
    path, _, function = name.partition("::")

    assert f"def {function}(" in (ROOT / path).read_text()

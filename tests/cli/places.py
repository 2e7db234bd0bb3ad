"""Where the commands of resources are tried: two projects with a target of the same name."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.conftest import PROGRAMS, Completed, System
from tests.journeys.terminal import Terminal, on_terminal

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Place:
    """A system with the projects `lab/blue` and `lab/green`, in each of which is a target `twin`."""

    system: System

    def __call__(self, *arguments: str, text: str = "", **env: str) -> Completed:
        return self.system.acc(*arguments, text=text, **env)

    def id(self, *arguments: str) -> str:
        done = self(*arguments, "-o", "id")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def json(self, *arguments: str) -> dict[str, object]:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer


def person(place: Place, *arguments: str) -> AbstractContextManager[Terminal]:
    """Somebody runs `acc` on a terminal."""
    return on_terminal([str(PROGRAMS / "acc"), *arguments], place.system.acc.env, columns=120)


def logs_in(place: Place, name: str, *password: str) -> str:
    """The id of a new account of a new user."""
    account = place.id("accounts", "create", "--auth-method", "password", "--login-name", name, *password)
    place.id("users", "create", "--scope", "global", "--name", name)
    place.id("users", "add-accounts", name, account)
    return account


def login(place: Place, name: str) -> Completed:
    home = place.system.acc.home / f"home-{name}"
    home.mkdir()
    return place("login", "--login-name", name, "--password-stdin", text=PASSWORD, HOME=str(home))

"""The OpenAPI document, and a controller that is held to it by what schemathesis makes up."""

import json
import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from acc.controlplane.api.bodies import PLAIN_NAME
from acc.controlplane.api.openapi import PATH, document
from acc.controlplane.app import HANDLERS
from acc.wire.names import is_name
from tests.controlplane.system import Controller, make_person

EXAMPLES = 5

FRAMING = ("connection", "content-length", "expect", "host", "transfer-encoding", "upgrade")
"""Headers that are for the HTTP server: with nonsense in them there is no request that the API could answer."""

config = schemathesis.Config.from_dict({"generation": {"mode": "all", "deterministic": True, "database": "none"}})
schema = schemathesis.openapi.from_dict(dict(document(HANDLERS)), config=config)
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def session(controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> Generator[requests.Session]:
    """Connections that trust the controller's CA only."""
    ca = Path(tmp_path_factory.mktemp("ca")) / "ca.pem"
    ca.write_text(controller.ca)
    with requests.Session() as opened:
        opened.verify = str(ca)
        yield opened


@pytest.fixture(scope="module")
def as_admin(admin: httpx.Client) -> dict[str, str]:
    return {"Authorization": admin.headers["authorization"]}


@pytest.fixture(scope="module")
def as_nobody(controller: Controller) -> Generator[dict[str, str]]:
    somebody = make_person(controller, scope_id="global", reach=())
    with somebody.client as client:
        yield {"Authorization": client.headers["authorization"]}


def test_the_document_is_served_to_anyone(controller: Controller) -> None:
    with controller.client() as anyone:
        answer = anyone.get(PATH)

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document(HANDLERS)


@given(st.text(st.sampled_from("aZ0._- \n/\u0661"), max_size=6) | st.integers(60, 66).map("a".__mul__) | st.text())
def test_the_pattern_of_plain_names_is_their_rule(text: str) -> None:
    assert bool(re.search(PLAIN_NAME, text)) is is_name(text)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("NewTarget", "name"),
        ("TargetChange", "name"),
        ("NewUser", "name"),
        ("NewWorker", "name"),
        ("NewAlias", "value"),
        ("AliasChange", "value"),
        ("AuthorizeSession", "name"),
    ],
)
def test_the_document_says_what_a_name_is(body: str, field: str) -> None:
    described = json.dumps(document(HANDLERS)["components"]["schemas"][body]["properties"][field])

    assert json.dumps(PLAIN_NAME) in described


def test_the_document_names_the_headers_that_answers_have(controller: Controller) -> None:
    answers = document(HANDLERS)["paths"]["/v1/groups"]["get"]["responses"]
    with controller.client() as anyone:
        refused = anyone.get("/v1/groups")

    assert answers["200"]["headers"].keys() == answers["401"]["headers"].keys() <= answers["429"]["headers"].keys()
    assert {name.lower() for name in answers["401"]["headers"]} <= set(refused.headers)
    assert answers["429"]["headers"].keys() - answers["401"]["headers"].keys() == {"Retry-After"}


def hold(case: schemathesis.Case, controller: Controller, session: requests.Session, **headers: str) -> None:
    """Sends a case, and fails if the answer is not what the document says."""
    for name in FRAMING:
        case.headers.pop(name, None)
    case.call_and_validate(
        base_url=f"https://{controller.api}",
        session=session,
        verify=session.verify,
        headers=headers,
        # What makes a value good can be more than a schema says: that a name is free, or an address one.
        excluded_checks=[positive_data_acceptance],
    )


@schema.parametrize()
@bounded
def test_an_administrator_gets_what_the_document_says(
    case: schemathesis.Case, controller: Controller, session: requests.Session, as_admin: dict[str, str]
) -> None:
    hold(case, controller, session, **as_admin)


@schema.parametrize()
@bounded
def test_somebody_without_grants_gets_what_the_document_says(
    case: schemathesis.Case, controller: Controller, session: requests.Session, as_nobody: dict[str, str]
) -> None:
    hold(case, controller, session, **as_nobody)

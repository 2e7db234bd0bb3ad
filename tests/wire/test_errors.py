"""The table of error codes."""

import pickle

import pytest

from acc.wire.errors import CODES_BY_CLOSE, AccError, Code, code_named, wrong_field

SPOKEN_FOR = {0, 1, 2, 126, 127, 255}
"""Exit statuses that mean something else already: to us, to click, to a shell, to ssh."""


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_a_code_is_spelled_as_its_name(code: Code) -> None:
    assert code.value == code.name.lower()


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_a_code_says_what_happened_and_what_to_do(code: Code) -> None:
    assert code.title
    assert code.hint
    assert not code.title.endswith(".")
    assert not code.hint.endswith(".")


def test_no_two_codes_share_an_exit_status() -> None:
    statuses = [code.exit_status for code in Code]

    assert len(set(statuses)) == len(statuses)
    assert not set(statuses) & SPOKEN_FOR
    assert all(0 < status < 126 for status in statuses)


def test_a_close_code_names_one_error() -> None:
    closes = [code.close for code in Code if code.close]

    assert len(set(closes)) == len(closes)
    assert all(4000 <= close <= 4999 for close in closes)
    assert all(CODES_BY_CLOSE[code.close] is code for code in Code if code.close)


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_a_refusal_over_http_is_an_error_status(code: Code) -> None:
    assert code.http == 0 or 400 <= code.http <= 599


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_a_person_reads_two_lines(code: Code) -> None:
    what, hint = AccError(code, "why").lines("web-1")

    assert what == f"{code.title}: why ({code.value})"
    assert "{" not in hint


def test_a_hint_names_what_was_asked_for() -> None:
    assert AccError(Code.TICKET_MISSING).lines("web-1")[1] == "connect with: acc proxy web-1"


def test_a_hint_for_this_very_case_stands_for_that_of_the_code() -> None:
    assert AccError(Code.NOT_FOUND, "user bob", hint="look at {them}").lines()[1] == "look at {them}"


def test_an_error_without_detail_is_its_title() -> None:
    assert str(AccError(Code.DRAINING)) == "the worker is going down"


def test_a_code_of_a_newer_peer_is_internal() -> None:
    assert code_named("made_up_later") is Code.INTERNAL


def test_a_code_is_found_by_its_name() -> None:
    assert code_named("session_limit") is Code.SESSION_LIMIT


def test_an_error_survives_pickling() -> None:
    again = pickle.loads(pickle.dumps(AccError(Code.PROTOCOL, "why", "where", hint="what next")))  # noqa: S301  our own bytes

    assert (again.code, again.detail, again.hint, again.field) == (Code.PROTOCOL, "why", "what next", "where")


def test_a_wrong_field_is_named_to_people_and_to_programs() -> None:
    error = wrong_field("attributes.default_port", "must be a port")

    assert (error.code, error.field) == (Code.BAD_REQUEST, "attributes.default_port")
    assert error.detail == "attributes.default_port: must be a port"

"""Tickets: what is signed is opened, and nothing else is."""

import base64
import json
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from acc.wire.errors import AccError, Code
from acc.wire.ticket import MAX_ENDPOINTS, PREFIX, Ticket, Verify, mint, open_ticket
from acc.wire.upgrade import MAX_TICKET
from tests.wire.verdict import verdict

KEY = Ed25519PrivateKey.generate()
NOW = 1_000_000.0
AUDIENCE = "acc-worker:c1"
TICKET = Ticket(
    key_id="tk_1",
    audience=AUDIENCE,
    session_id="s_1",
    user_id="u_1",
    target_id="ttcp_1",
    endpoints=("10.0.0.1:22", "[::1]:22"),
    connection_limit=-1,
    issued_at=999_000,
    expires_at=1_000_100,
    outage="deny",
)
TEXT = mint(TICKET, KEY.sign)
REFUSALS = {Code.TICKET_MALFORMED, Code.TICKET_FORGED, Code.TICKET_FOREIGN, Code.TICKET_EXPIRED}


def verifier(key: Ed25519PrivateKey) -> Verify:
    public = key.public_key()

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            public.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


KEYS = {"tk_1": verifier(KEY)}


def opened(text: str, now: float = NOW) -> Ticket | Code:
    return verdict(lambda: open_ticket(text, KEYS, audience=AUDIENCE, now=now))


def signed(claims: object) -> str:
    """Anything as a ticket that our own key signed."""
    return sign(json.dumps(claims).encode())


def sign(payload: bytes) -> str:
    body = f"{PREFIX}.{encode(payload)}"
    return f"{body}.{encode(KEY.sign(body.encode()))}"


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims() -> dict[str, object]:
    payload = TEXT.split(".")[1]
    loaded = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert isinstance(loaded, dict)
    return loaded


def test_what_was_minted_is_opened() -> None:
    assert opened(TEXT) == TICKET


def test_a_ticket_is_three_parts_of_base64url() -> None:
    assert TEXT.startswith("acct1.")
    assert set(TEXT) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(
    st.builds(
        Ticket,
        key_id=st.just("tk_1"),
        audience=st.just(AUDIENCE),
        session_id=st.text(max_size=40),
        user_id=st.text(max_size=40),
        target_id=st.text(max_size=40),
        endpoints=st.lists(st.text(max_size=30), min_size=1, max_size=8).map(tuple),
        connection_limit=st.integers(-1, 10**9),
        issued_at=st.integers(0, 10**12),
        expires_at=st.integers(int(NOW) + 1, 10**12),
        outage=st.sampled_from(["allow", "deny"]),
        worker_filter=st.text(max_size=40),
    )
)
def test_every_claim_survives(ticket: Ticket) -> None:
    text = verdict(lambda: mint(ticket, KEY.sign))

    assert text is Code.BAD_REQUEST or opened(text) == ticket


def test_a_ticket_is_good_until_the_second_it_expires() -> None:
    assert opened(TEXT, TICKET.expires_at - 0.001) == TICKET
    assert opened(TEXT, TICKET.expires_at) is Code.TICKET_EXPIRED


def test_a_ticket_for_another_system_is_foreign() -> None:
    assert opened(mint(replace(TICKET, audience="acc-worker:c2"), KEY.sign)) is Code.TICKET_FOREIGN


def test_a_ticket_of_a_key_that_is_not_known_is_forged() -> None:
    assert opened(mint(replace(TICKET, key_id="tk_2"), KEY.sign)) is Code.TICKET_FORGED


def test_a_ticket_signed_by_another_key_is_forged() -> None:
    assert opened(mint(TICKET, Ed25519PrivateKey.generate().sign)) is Code.TICKET_FORGED


def test_a_signature_that_is_too_short_is_malformed() -> None:
    assert opened(mint(TICKET, lambda signed: KEY.sign(signed)[:-1])) is Code.TICKET_MALFORMED


def test_a_signature_over_the_claims_alone_is_forged() -> None:
    payload = TEXT.split(".")[1]

    assert opened(f"{PREFIX}.{payload}.{encode(KEY.sign(payload.encode()))}") is Code.TICKET_FORGED


def test_forgery_is_named_before_expiry() -> None:
    stale = replace(TICKET, audience="acc-worker:c2", expires_at=1)

    assert opened(mint(stale, Ed25519PrivateKey.generate().sign)) is Code.TICKET_FORGED
    assert opened(mint(stale, KEY.sign)) is Code.TICKET_FOREIGN


@pytest.mark.parametrize("size", range(0, len(TEXT), 7))
def test_a_part_of_a_ticket_is_no_ticket(size: int) -> None:
    assert opened(TEXT[:size]) in {Code.TICKET_MALFORMED, Code.TICKET_FORGED}


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "acct1..",
        TEXT.replace("acct1", "acct2"),
        TEXT + ".",
        TEXT + "=",
        TEXT + "\n",
        " " + TEXT,
        TEXT.upper(),
        TEXT + "é",
        sign(b"\xff"),
        sign(b"[" * 2000),
        signed([]),
        signed(None),
        signed({}),
    ],
)
def test_what_is_not_of_the_form_is_malformed(text: str) -> None:
    assert opened(text) is Code.TICKET_MALFORMED


def test_a_long_text_is_refused_before_it_is_decoded() -> None:
    assert opened("acct1." + "A" * MAX_TICKET) is Code.TICKET_MALFORMED


def test_a_second_spelling_of_the_same_bytes_is_malformed() -> None:
    """64 bytes of signature leave four bits over in the last character; only zeroes are base64url."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(TEXT[-1])

    assert last % 16 == 0
    assert opened(TEXT[:-1] + alphabet[last + 1]) is Code.TICKET_MALFORMED


@pytest.mark.parametrize("name", claims())
def test_no_claim_may_be_missing(name: str) -> None:
    assert opened(signed({key: value for key, value in claims().items() if key != name})) is Code.TICKET_MALFORMED


@pytest.mark.parametrize("name", claims())
@pytest.mark.parametrize("value", [None, 1.5, {}, []])
def test_no_claim_may_be_of_another_type(name: str, value: object) -> None:
    assert opened(signed(claims() | {name: value})) is Code.TICKET_MALFORMED


@pytest.mark.parametrize("endpoints", [[], ["a:1", 2], ["a:1"] * (MAX_ENDPOINTS + 1), "a:1"])
def test_endpoints_are_a_bounded_list_of_texts(endpoints: object) -> None:
    assert opened(signed(claims() | {"ep": endpoints})) is Code.TICKET_MALFORMED


def test_a_claim_of_a_later_version_is_ignored() -> None:
    assert opened(signed(claims() | {"later": 1})) == TICKET


@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_no_ticket_with_one_character_changed_is_opened(at: int, character: str) -> None:
    changed = TEXT[:at] + character + TEXT[at + 1 :]

    assert opened(changed) in (REFUSALS if changed != TEXT else [TICKET])


@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)), st.text("Aa0.-_", max_size=5))
def test_no_ticket_that_was_cut_and_joined_is_opened(start: int, end: int, between: str) -> None:
    changed = TEXT[:start] + between + TEXT[end:]

    assert opened(changed) in (REFUSALS if changed != TEXT else [TICKET])


@given(st.text() | st.binary(max_size=300).map(sign))
def test_any_text_is_refused_with_a_documented_code(text: str) -> None:
    assert opened(text) in REFUSALS


@given(st.dictionaries(st.sampled_from(sorted(claims())), st.none() | st.booleans() | st.integers() | st.text()))
def test_claims_of_any_types_are_opened_or_refused(changes: dict[str, object]) -> None:
    outcome = opened(signed(claims() | changes))

    assert isinstance(outcome, Ticket) or outcome in REFUSALS


def test_a_refusal_holds_nothing_of_the_ticket() -> None:
    with pytest.raises(AccError) as caught:
        open_ticket(TEXT, KEYS, audience="other", now=NOW)

    assert caught.value.detail == ""


def test_a_ticket_that_nobody_would_open_is_not_minted() -> None:
    long = replace(TICKET, endpoints=("h" * 250 + ":65535",) * MAX_ENDPOINTS)

    assert verdict(lambda: mint(long, KEY.sign)) is Code.BAD_REQUEST

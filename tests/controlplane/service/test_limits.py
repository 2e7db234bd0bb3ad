"""Token buckets: what they let through, whom they count, and how much they remember."""

from dataclasses import replace

from acc.controlplane.service.config import Limits, Quotas
from acc.controlplane.service.limits import Buckets, LoginLimit, RequestLimits

LIMITS = Limits(
    seconds=10,
    requests=Quotas(total=100, address=20, token=10),
    lists=Quotas(total=50, address=10, token=5),
    logins=3,
    logins_address=5,
    callers=100,
)


def let_through(limits: RequestLimits, token: bytes, address: str = "a", *, times: int, is_list: bool = False) -> int:
    return sum(not limits.decide(token, address, 0.0, is_list=is_list).wait for _ in range(times))


def test_a_full_bucket_gives_its_quota_at_once_and_then_says_how_long_to_wait() -> None:
    buckets = Buckets("token", 10, 10, 100)
    for _ in range(10):
        buckets.take("me", 0.0)

    assert buckets.look("me", 0.0).wait == 1
    assert buckets.look("me", 0.95).wait == 1
    assert buckets.look("me", 1.0).wait == 0
    assert buckets.look("somebody else", 0.0).left == 10


def test_a_bucket_fills_up_to_its_quota_and_no_further() -> None:
    buckets = Buckets("token", 10, 10, 100)
    buckets.take("me", 0.0)

    assert buckets.look("me", 10_000.0).left == 10


def test_no_more_callers_are_remembered_than_the_bound() -> None:
    buckets = Buckets("address", 10, 10, 100)
    for caller in range(1000):
        buckets.take(caller, 0.0)

    assert len(buckets) == 100
    assert buckets.look(999, 0.0).left == 9


def test_a_login_has_the_quota_of_its_token() -> None:
    limits = RequestLimits(LIMITS)
    limits.proved(b"good")

    assert let_through(limits, b"good", times=30) == 10


def test_invented_tokens_share_the_quota_of_their_address() -> None:
    limits = RequestLimits(LIMITS)

    assert sum(let_through(limits, bytes([n]), times=1) for n in range(50)) == 20
    assert let_through(limits, b"another", "b", times=1) == 1


def test_lists_have_a_quota_of_their_own_within_that_of_requests() -> None:
    limits = RequestLimits(LIMITS)
    limits.proved(b"good")

    assert let_through(limits, b"good", times=30, is_list=True) == 5
    assert let_through(limits, b"good", times=30) == 5


def test_everybody_together_has_the_total() -> None:
    limits = RequestLimits(replace(LIMITS, requests=Quotas(total=15, address=20, token=10)))

    assert sum(let_through(limits, b"", str(n), times=10) for n in range(5)) == 15


def test_what_is_refused_takes_nothing_from_the_total() -> None:
    limits = RequestLimits(replace(LIMITS, requests=Quotas(total=30, address=20, token=10)))
    let_through(limits, b"", "noisy", times=1000)

    assert let_through(limits, b"", "quiet", times=10) == 10


def test_the_tightest_limit_is_the_one_that_is_told() -> None:
    limits = RequestLimits(LIMITS)
    limits.proved(b"good")
    first = limits.decide(b"good", "a", 0.0, is_list=True)

    assert (first.limit, first.quota, first.seconds) == ("list_token", 5, 10)


def test_attempts_to_log_in_are_counted_by_name_and_address() -> None:
    logins = LoginLimit(LIMITS)
    waits = [logins.attempt("ann", "a", 0.0).wait for _ in range(4)]

    assert waits == [0, 0, 0, 4]
    assert logins.attempt("ann", "b", 0.0).wait == 0
    assert logins.attempt("bob", "a", 0.0).wait == 0


def test_attempts_to_log_in_are_counted_by_address_whatever_their_names() -> None:
    logins = LoginLimit(LIMITS)
    verdicts = [logins.attempt(str(name), "a", 0.0) for name in range(6)]

    assert [one.wait for one in verdicts] == [0, 0, 0, 0, 0, 2]
    assert verdicts[-1].limit == "logins_address"
    assert logins.attempt("0", "b", 0.0).wait == 0


def test_an_attempt_that_is_refused_for_its_name_takes_nothing_from_its_address() -> None:
    logins = LoginLimit(LIMITS)
    guesses = [logins.attempt("ann", "a", 0.0).limit for _ in range(100)]

    assert guesses[-1] == "logins"
    assert logins.attempt("bob", "a", 0.0).wait == 0

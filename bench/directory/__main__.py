"""`python -m bench.directory`: asks in turn, judges, and writes bench/results/directory.md."""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.directory.client import Ask, Client, capacity, steady
from bench.directory.seed import FULL, SEEN_PROJECTS, SMALL, Size
from bench.directory.servers import Controller, bare_route, controller, postgres
from bench.report import table
from bench.samples import Samples, Spread
from bench.system import PROGRAM

RESULTS = Path(__file__).parent.parent / "results" / "directory.md"

FULL_WAY, SMALL_WAY, BARE_WAY = "full directory", "a hundredth of it", "a bare route"

AUTHORIZE = Ask("POST", "/v1/targets/ttcp_b000000003:authorize-session", "{}")
ASKS = {
    ":authorize-session": AUTHORIZE,
    ":authorize-session by name": Ask("POST", "/v1/targets/host-3:authorize-session", "{}"),
    "a page of 50 targets, 50 grants": Ask("GET", "/v1/targets?recursive=true&page_size=50"),
    "sessions of a busy project": Ask("GET", "/v1/sessions?scope_id=p_bench00000&page_size=50"),
    "one target": Ask("GET", "/v1/targets/ttcp_b000000003"),
}
BARE = Ask("POST", "/v1/targets/ttcp_b000000003", "{}")
LOAD_SECONDS = 10.0

P50_AT_HALF, P99_AT_HALF, TAIL = "p50 ms at half capacity", "p99 ms at half capacity", "p99 / p50"
LIST, HELP, PYTHON = "acc targets list", "acc --help", "python -c pass"


def main() -> int:
    """0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m bench.directory", description="Measure the control plane.")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each case (7)")
    parser.add_argument("--times", type=int, default=40, help="requests in a turn (40)")
    parser.add_argument("--divide", type=int, default=1, help="make both directories smaller by this (1)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the tables go")
    given = parser.parse_args()
    samples = Samples()
    began = time.monotonic()
    with (
        postgres() as url,
        controller(url, "bench_small", _divided(SMALL, given.divide)) as small,
        controller(url, "bench_full", _divided(FULL, given.divide)) as full,
        bare_route(full) as bare,
    ):
        for turn in range(given.rounds):
            _ask_in_turn(samples, turn, given.times, full, small, bare)
        _load(samples, full)
        for turn in range(given.rounds):
            _commands(samples, turn, full)
    text = _report(samples, given.rounds, time.monotonic() - began)
    given.results.write_text(text)
    print(text)
    return 0


def _divided(size: Size, by: int) -> Size:
    return Size(size.targets // by, size.users // by, max(SEEN_PROJECTS, size.roles // by), size.past_sessions // by)


def _ask_in_turn(
    samples: Samples, turn: int, times: int, full: Controller, small: Controller, bare: Controller
) -> None:
    ways = {FULL_WAY: full, SMALL_WAY: small}
    clients = {way: Client(one.address, one.token, one.trust) for way, one in ways.items()}
    beside = Client(bare.address, bare.token, bare.trust)
    for name, ask in ASKS.items():
        for way in sorted(clients, reverse=bool(turn % 2)):
            samples.add(name, way, turn, clients[way].milliseconds(ask, times))
        samples.add(name, BARE_WAY, turn, beside.milliseconds(BARE, times))
    for client in (*clients.values(), beside):
        client.close()


def _load(samples: Samples, full: Controller) -> None:
    most = asyncio.run(capacity(full.address, full.token, full.trust, AUTHORIZE, LOAD_SECONDS))
    samples.add("answers a second", FULL_WAY, 0, most.rate)
    for turn in range(3):
        half = asyncio.run(steady(full.address, full.token, full.trust, AUTHORIZE, most.rate / 2, LOAD_SECONDS))
        samples.add(P50_AT_HALF, FULL_WAY, turn, half.p50)
        samples.add(P99_AT_HALF, FULL_WAY, turn, half.p99)
        samples.add(TAIL, FULL_WAY, turn, half.p99 / half.p50)


def _commands(samples: Samples, turn: int, full: Controller) -> None:
    env = {"ACC_ADDR": f"https://{full.address}", "ACC_TOKEN": full.token, "HOME": "/nonexistent", "PATH": "/usr/bin"}
    trusted = RESULTS.parent / ".ca.pem"
    trusted.write_text("".join(_pem(full)))
    env["ACC_CACERT"] = str(trusted)
    for name, argv in {
        LIST: [PROGRAM, "targets", "list"],
        HELP: [PROGRAM, "--help"],
        PYTHON: [sys.executable, "-c", "pass"],
    }.items():
        samples.add("seconds", name, turn, _seconds(argv, env))
    trusted.unlink()


def _pem(full: Controller) -> list[str]:
    import ssl  # noqa: PLC0415 (used here only)

    return [ssl.DER_cert_to_PEM_cert(der) for der in full.trust.get_ca_certs(binary_form=True)]


def _seconds(argv: list[str], env: dict[str, str]) -> float:
    taken: list[float] = []
    for _ in range(5):
        before = time.perf_counter()
        subprocess.run(argv, env=env, stdout=subprocess.DEVNULL, check=True)
        taken.append(time.perf_counter() - before)
    return statistics.median(taken)


def _report(samples: Samples, rounds: int, seconds: float) -> str:
    goals: list[tuple[str, float, Callable[[], Spread | None], str]] = [
        *((f"{name}: full / a hundredth", 1.5, _growth(samples, name), "x") for name in ASKS),
        (
            ":authorize-session p50 / a bare route",
            5,
            _beside_bare(samples),
            "x",
        ),
        (":authorize-session p99 / p50 at half capacity", 4, lambda: samples.spread(TAIL, FULL_WAY), "x"),
        ("acc targets list, the first page", 0.4, lambda: samples.spread("seconds", LIST), "s"),
        ("acc --help / python -c pass", 5, lambda: samples.ratio("seconds", HELP, PYTHON), "x"),
    ]
    rows = [[what, f"at most {bound:g} {unit}", *_judged(figure(), bound)] for what, bound, figure, unit in goals]
    medians = [[name, *(_shown(samples.spread(name, way)) for way in (FULL_WAY, SMALL_WAY, BARE_WAY))] for name in ASKS]
    measures = ("answers a second", P50_AT_HALF, P99_AT_HALF)
    loads = [[name, _shown(samples.spread(name, FULL_WAY))] for name in measures]
    made = (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {rounds} rounds, {seconds:.0f} s. Full: {FULL.targets:,} "
        f"targets, {FULL.users:,} users, {FULL.roles:,} roles, {FULL.past_sessions:,} past sessions. Medians, with the "
        "smallest and the largest of the rounds."
    )
    parts = [
        "# The control plane",
        made,
        "## Goals",
        table(["goal", "bound", "measured", ""], rows),
        "## Milliseconds",
        table(["request", FULL_WAY, SMALL_WAY, BARE_WAY], medians),
        "## `:authorize-session` under load, eight connections",
        table(["", FULL_WAY], loads),
    ]
    return "\n\n".join(parts) + "\n"


def _beside_bare(samples: Samples) -> Callable[[], Spread | None]:
    return lambda: samples.ratio(":authorize-session", FULL_WAY, BARE_WAY)


def _growth(samples: Samples, name: str) -> Callable[[], Spread | None]:
    return lambda: samples.ratio(name, FULL_WAY, SMALL_WAY)


def _judged(spread: Spread | None, bound: float) -> list[str]:
    if spread is None:
        return ["", "not measured"]
    return [_shown(spread), "pass" if spread.median <= bound else "short"]


def _shown(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.median:.2f} ({spread.low:.2f}-{spread.high:.2f})"


if __name__ == "__main__":
    sys.exit(main())

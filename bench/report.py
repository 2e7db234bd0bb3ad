"""The results as people read them: Markdown tables, a plot, and a short table for the terminal."""

import os
import platform
import ssl
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import accepts, rounds
from bench.goals import Verdict
from bench.ground import program
from bench.idle import Idle
from bench.plot import Bar, Panel, svg
from bench.samples import Samples, Spread
from bench.system import ACC, ACC_ASKING

OURS = (ACC, ACC_ASKING)
COMPARED = (rounds.UP, rounds.DOWN, rounds.P50, rounds.P99, rounds.FIRST_BYTE)
SEEN = (*COMPARED, rounds.PEAK_UP, rounds.PEAK_DOWN)
CPU_OF_STREAMS = (
    rounds.CLIENT_CPU_UP,
    rounds.SERVER_CPU_UP,
    rounds.MACHINE_CPU_UP,
    rounds.CLIENT_CPU_DOWN,
    rounds.SERVER_CPU_DOWN,
    rounds.MACHINE_CPU_DOWN,
)
CPU_OF_ROUND_TRIPS = (rounds.CLIENT_CPU_ECHO, rounds.SERVER_CPU_ECHO)
PLOTTED = (rounds.UP, rounds.DOWN, rounds.P50, rounds.P99, rounds.FIRST_BYTE, rounds.SSH_TRUE, accepts.CPU)
LESS_IS_BETTER = "less is better"
TITLES = {rounds.UP: "more is better", rounds.DOWN: "more is better"}


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a run found."""

    samples: Samples
    idle: Idle | None
    verdicts: Sequence[Verdict]
    rounds: int
    size: int
    seconds: float
    troubles: Sequence[str]


def write(results: Results, directory: Path) -> None:
    """Puts latest.md and latest.svg into the directory."""
    directory.mkdir(exist_ok=True)
    (directory / "latest.md").write_text(markdown(results))
    (directory / "latest.svg").write_text(_plot(results.samples))


def markdown(results: Results) -> str:
    """All tables."""
    parts = ["# Benchmark", _conditions(results), "![the main measures](latest.svg)", "## Goals", goals(results)]
    if results.troubles:
        parts += ["## What broke", "\n".join(f"- {trouble}" for trouble in results.troubles)]
    parts += ["## Medians", _medians(results.samples, SEEN)]
    parts += ["## Ratios, acc / peer", "Median of the rounds' ratios, smallest and largest.", _ratios(results.samples)]
    parts += ["## CPU seconds for each GiB", _medians(results.samples, CPU_OF_STREAMS)]
    parts += ["## CPU microseconds for each round trip", _medians(results.samples, CPU_OF_ROUND_TRIPS)]
    parts += ["## `ssh host true`", _one_measure(results.samples, rounds.SSH_TRUE)]
    parts += ["## An accept", _one_measure(results.samples, accepts.CPU)]
    if results.idle is not None:
        parts += ["## Idle connections", _idle(results.idle)]
    return "\n\n".join(parts) + "\n"


def goals(results: Results) -> str:
    """The goals' table."""
    rows = [
        [
            verdict.goal.what,
            f"{verdict.goal.side} {verdict.goal.bound:g} {verdict.goal.unit}",
            "" if verdict.spread is None else _reach(verdict.spread),
            verdict.word,
        ]
        for verdict in results.verdicts
    ]
    return table(["goal", "bound", "measured", ""], rows)


def _conditions(results: Results) -> str:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    versions = [_first_line([program("ssh"), "-V"]), _first_line([program("haproxy"), "-v"]), ssl.OPENSSL_VERSION]
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {results.rounds} rounds of {results.size >> 20} MiB each way, "
        f"in {results.seconds:.0f} s. {os.cpu_count()} x {model}, {platform.system()} {platform.release()}. "
        f"CPython {platform.python_version()}, {platform.python_compiler()}. {'; '.join(versions)}."
    )


def _medians(samples: Samples, measures: Sequence[str]) -> str:
    shown = [measure for measure in measures if samples.ways(measure)]
    if not shown:
        return "Not measured."
    ways = list(dict.fromkeys(way for measure in shown for way in samples.ways(measure)))
    ways.sort(key=lambda way: way not in OURS)
    rows = [[way, *(_median(samples.spread(measure, way)) for measure in shown)] for way in ways]
    return table(["way", *shown], rows)


def _ratios(samples: Samples) -> str:
    shown = [measure for measure in COMPARED if samples.ways(measure)]
    peers = list(dict.fromkeys(way for measure in shown for way in samples.ways(measure) if way not in OURS))
    rows = [[peer, *(_reach(samples.ratio(measure, ACC, peer)) for measure in shown)] for peer in peers]
    return table(["peer", *shown], rows)


def _one_measure(samples: Samples, measure: str) -> str:
    rows = [[way, _reach(samples.spread(measure, way))] for way in samples.ways(measure)]
    return table(["", measure], rows) if rows else "Not measured."


def _idle(idle: Idle) -> str:
    rows = [
        ["acc", f"{idle.acc_kib:.1f}", f"{idle.acc_kib_after:.1f}"],
        ["HAProxy TLS", f"{idle.haproxy_kib:.1f}", f"{idle.haproxy_kib_after:.1f}"],
    ]
    kept = (
        f"{idle.tunnels} connections each. The worker used {idle.cpu_percent:.2f} % of a core to keep them for "
        f"{idle.held_seconds:.0f} s, pings included; {idle.opens_per_second:.0f} a second were opened."
    )
    return kept + "\n\n" + table(["", "KiB idle", "KiB after 16 KiB were echoed"], rows)


def _plot(samples: Samples) -> str:
    panels: list[Panel] = []
    for measure in PLOTTED:
        bars: list[Bar] = []
        for way in samples.ways(measure):
            spread = samples.spread(measure, way)
            if spread is not None:
                bars.append(Bar(way, spread.median, spread.low, spread.high, way.startswith(ACC)))
        bars.sort(key=lambda bar: not bar.ours)
        if bars:
            panels.append(Panel(f"{measure}, {TITLES.get(measure, LESS_IS_BETTER)}", bars))
    return svg("acc and its peers: medians, and how far the rounds reach", panels)


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _median(spread: Spread | None) -> str:
    return "" if spread is None else _figure(spread.median)


def _reach(spread: Spread | None) -> str:
    if spread is None:
        return ""
    if spread.low == spread.high:
        return _figure(spread.median)
    return f"{_figure(spread.median)} ({_figure(spread.low)}-{_figure(spread.high)})"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0]

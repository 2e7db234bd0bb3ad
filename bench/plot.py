"""A plot in SVG: a panel of horizontal bars for each measure, the ways in the same order in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LABEL, VALUE = 820, 190, 90
ROW, BAR, GAP, TITLE = 24, 15, 26, 24
OURS, THEIRS, INK, SOFT = "#1f6f5c", "#9aa5b1", "#1c2127", "#6b7480"


@dataclass(frozen=True, slots=True)
class Bar:
    """One way's median, and how far its rounds reach."""

    label: str
    value: float
    low: float
    high: float
    ours: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure."""

    title: str
    bars: Sequence[Bar]


def svg(title: str, panels: Sequence[Panel]) -> str:
    """The whole document."""
    body: list[str] = [_text(16, 28, title, 15, INK, "start")]
    top = 52
    for panel in panels:
        body += _panel(panel, top)
        top += TITLE + ROW * len(panel.bars) + GAP
    frame = f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
    return "\n".join([f'{head} font-family="system-ui, sans-serif">', frame, *body, "</svg>", ""])


def _panel(panel: Panel, top: float) -> list[str]:
    parts = [_text(16, top + 12, panel.title, 12, INK, "start", "600")]
    longest = max((bar.high for bar in panel.bars), default=1.0)
    scale = (WIDTH - LABEL - VALUE - 32) / (longest or 1.0)
    for index, bar in enumerate(panel.bars):
        y = top + TITLE + index * ROW
        middle, left = y + BAR / 2, LABEL + 10
        colour = OURS if bar.ours else THEIRS
        parts += [
            _text(LABEL, middle + 4, bar.label, 12, INK if bar.ours else SOFT, "end"),
            f'<rect x="{left}" y="{y}" width="{bar.value * scale:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
            f'<path d="M{left + bar.low * scale:.1f} {middle}H{left + bar.high * scale:.1f}" stroke="{INK}"/>',
            _text(left + 8 + bar.high * scale, middle + 4, _short(bar.value), 12, INK, "start"),
        ]
    return parts


def _text(x: float, y: float, text: str, size: int, colour: str, anchor: str, weight: str = "400") -> str:
    style = f'font-size="{size}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"

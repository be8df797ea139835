"""A picture of cost against size: milliseconds of a request, with little data and with much."""

from collections.abc import Mapping
from math import log10
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

SERIES = {
    "grow_place_order": ("Place an order", 1_000, 100_000, "subscriptions"),
    "grow_read_balances": ("Read balances", 1_000, 100_000, "subscriptions"),
    "grow_order_list_first_page": ("First page of orders", 1_000, 100_000, "subscriptions"),
    "grow_next_free": ("Assign the next number", 10_000, 10_000_000, "numbers"),
    "grow_admit_10000_live": ("Admit and end a call", 10, 10_000, "live calls"),
    "grow_balances_at_1000000_entries": ("Balances in the past", 100, 1_000_000, "entries"),
}
"""Key of the results → title, both sizes, and what they count."""

COLOURS = ("#1b6ca8", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#be123c")
WIDTH, HEIGHT = 940, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 345, 40, 50
FIRST, LAST = 10, 10_000_000
"""Sizes at both ends of the axis, which is logarithmic."""


def plot(results: Mapping[str, Any], file: Path) -> None:
    """Write the SVG of those series that were measured."""
    series = [
        (title, (small, large), (results[key]["small_ms"], results[key]["large_ms"]), of)
        for key, (title, small, large, of) in SERIES.items()
        if key in results
    ]
    top = max(max(cost) for _, _, cost, _ in series) * 1.15
    parts = [*_axes(top)]
    labels = sorted(range(len(series)), key=lambda i: series[i][2][1])
    below = float(HEIGHT)
    places: dict[int, float] = {}
    for i in labels:  # from the bottom up, without overlaps
        below = min(_y(series[i][2][1], top) + 4, below - 16)
        places[i] = below
    for i, (title, sizes, cost, of) in enumerate(series):
        points = " ".join(
            f"{_x(size):.1f},{_y(ms, top):.1f}" for size, ms in zip(sizes, cost, strict=True)
        )
        colour = COLOURS[i % len(COLOURS)]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts += [
            f'<circle cx="{_x(size):.1f}" cy="{_y(ms, top):.1f}" r="3.5" fill="{colour}"/>'
            for size, ms in zip(sizes, cost, strict=True)
        ]
        label = f"{title}: {cost[0]:.1f} → {cost[1]:.1f} ms ({of})"
        x, end = WIDTH - RIGHT + 12, _x(sizes[1])
        parts.append(
            f'<line x1="{end + 5:.1f}" y1="{_y(cost[1], top):.1f}" x2="{x - 3}"'
            f' y2="{places[i] - 4:.1f}" stroke="{colour}" stroke-width="0.7"'
            ' stroke-dasharray="2 3"/>'
        )
        parts.append(_text(x, places[i], label, fill=colour))
    parts.append(_text(LEFT, 20, "Milliseconds of one request, one at a time", weight="bold"))
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n",
        encoding="utf-8",
    )


def _axes(top: float) -> list[str]:
    parts = []
    for exponent in range(round(log10(FIRST)), round(log10(LAST)) + 1):
        x = _x(10**exponent)
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#e5e7eb"/>'
        )
        parts.append(_text(x, HEIGHT - BOTTOM + 18, f"{10**exponent:,}", anchor="middle"))
    step = next(each for each in (0.5, 1, 2, 5, 10, 20, 50, 100, 1000) if top / each <= 8)
    for i in range(int(top / step) + 1):
        y = _y(i * step, top)
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e5e7eb"/>'
        )
        parts.append(_text(LEFT - 8, y + 4, f"{i * step:g}", anchor="end"))
    caption = "subscriptions, numbers, live calls or ledger entries"
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, caption, anchor="middle"))
    return parts


def _x(size: float) -> float:
    share = log10(size / FIRST) / log10(LAST / FIRST)
    return LEFT + share * (WIDTH - RIGHT - LEFT)


def _y(ms: float, top: float) -> float:
    return HEIGHT - BOTTOM - ms / top * (HEIGHT - BOTTOM - TOP)


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", fill: str = "#374151", weight: str = ""
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{bold}>'
        f"{escape(text)}</text>"
    )

"""Charts as the server draws them: numbers to coordinates, pure. Templates write the SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 1000, 200
"""The inner drawing, stretched to the width that there is."""

SPARK_WIDTH, SPARK_HEIGHT = 100, 24


@dataclass(frozen=True, slots=True)
class Tick:
    """A horizontal line of the grid: its value, and how far from the top it stands."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """`used` and `granted` as SVG points, `area` below `used`; ticks; the days written below."""

    used: str
    granted: str
    area: str
    ticks: Sequence[Tick]
    days: Sequence[Any]
    last: Mapping[str, Any]
    last_y: float


def step_of(most: int) -> int:
    """The distance of grid lines: 1, 2 or 5 times a power of ten, with at most five lines."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * 4 >= most:
                return step * factor
        step *= 10


def line_chart(points: Sequence[Mapping[str, Any]]) -> Line | None:
    """The drawing of `{at, granted, used}`, oldest first; None for fewer than two points.

    `used` None is not known: the line of what was used begins where it is.
    """
    if len(points) < 2:
        return None
    most = max(1, *(max(point["granted"], point["used"] or 0) for point in points))
    step = step_of(most)
    top = step * -(-most // step)
    used = [
        (_x(i, len(points)), _y(point["used"], top))
        for i, point in enumerate(points)
        if point["used"] is not None
    ] or [(float(WIDTH), float(HEIGHT))]
    granted = [(_x(i, len(points)), _y(point["granted"], top)) for i, point in enumerate(points)]
    return Line(
        used=_points(used),
        granted=_points(_stairs(granted)),
        area=_points([(used[0][0], float(HEIGHT)), *used, (float(WIDTH), float(HEIGHT))]),
        ticks=[Tick(value, _y(value, top)) for value in range(0, top + 1, step)],
        days=[points[round(part * (len(points) - 1) / 3)]["at"] for part in range(4)],
        last=points[-1],
        last_y=used[-1][1],
    )


def _x(position: int, count: int) -> float:
    return round(position * WIDTH / (count - 1), 1)


def _y(value: int, top: int) -> float:
    return round(HEIGHT - value * HEIGHT / top, 1)


def _stairs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What was ordered holds until it changes: steps, not slopes; corners alone are kept."""
    corners = [points[0]]
    for x, y in points[1:]:
        if y != corners[-1][1]:
            corners += [(x, corners[-1][1]), (x, y)]
    return [*corners, (points[-1][0], corners[-1][1])]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def sparkline_points(values: Sequence[int]) -> str:
    """The SVG points of a line through `values`, oldest first; empty for fewer than two."""
    if len(values) < 2:
        return ""
    most = max(*values, 1)
    return _points(
        [
            (
                round(position * SPARK_WIDTH / (len(values) - 1), 1),
                round(SPARK_HEIGHT - 2 - value * (SPARK_HEIGHT - 4) / most, 1),
            )
            for position, value in enumerate(values)
        ]
    )

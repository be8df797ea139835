"""Charts: pure functions from numbers to coordinates. Templates write the SVG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 1000, 200
"""The inner drawing, stretched to the available width."""

SPARK_WIDTH, SPARK_HEIGHT = 100, 24

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tick:
    """A horizontal grid line: its value, and its distance from the top."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """`used` and `granted` as SVG points, a text for each run of days with known values; `areas`
    below `used`; ticks; the days written below; `last_y`, the end of `used`, if it reaches the
    last day.
    """

    used: Sequence[str]
    granted: Sequence[str]
    areas: Sequence[str]
    ticks: Sequence[Tick]
    days: Sequence[Any]
    last: Mapping[str, Any]
    last_y: float | None


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

    An unknown `granted` or `used` (None) leaves a gap in its line.
    """
    if len(points) < 2:
        return None
    granted = [point["granted"] for point in points]
    used = [point["used"] for point in points]
    most = max([1, *(value for value in (*granted, *used) if value is not None)])
    step = step_of(most)
    top = step * -(-most // step)
    stretches = _stretches(used, WIDTH, lambda value: _y(value, top))
    return Line(
        used=[_points(stretch) for stretch in stretches],
        granted=[
            _points(_stairs(stretch))
            for stretch in _stretches(granted, WIDTH, lambda value: _y(value, top))
        ],
        areas=[
            _points([(part[0][0], float(HEIGHT)), *part, (part[-1][0], float(HEIGHT))])
            for part in stretches
        ],
        ticks=[Tick(value, _y(value, top)) for value in range(0, top + 1, step)],
        days=[points[round(part * (len(points) - 1) / 3)]["at"] for part in range(4)],
        last=points[-1],
        last_y=stretches[-1][-1][1] if used[-1] is not None else None,
    )


def _stretches(
    values: Sequence[int | None], width: int, y_of: Callable[[int], float]
) -> list[list[Point]]:
    """The points of each run of known values, spread over the width; a single value occurs twice,
    so that it is drawn as a dot.
    """
    found: list[list[Point]] = []
    before: int | None = None
    for position, value in enumerate(values):
        if value is not None:
            if before is None:
                found.append([])
            found[-1].append((round(position * width / (len(values) - 1), 1), y_of(value)))
        before = value
    return [stretch * 2 if len(stretch) == 1 else stretch for stretch in found]


def _y(value: int, top: int) -> float:
    return round(HEIGHT - value * HEIGHT / top, 1)


def _stairs(points: Sequence[Point]) -> list[Point]:
    """Draws `granted` as steps, because it holds until it changes; keeps only the corners."""
    corners = [points[0]]
    for x, y in points[1:]:
        if y != corners[-1][1]:
            corners += [(x, corners[-1][1]), (x, y)]
    return [*corners, (points[-1][0], corners[-1][1])]


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def sparkline_points(values: Sequence[int | None]) -> list[str]:
    """The SVG points of a line through `values`, oldest first: a text for each run of known values
    (None is unknown); empty for fewer than two values.
    """
    if len(values) < 2:
        return []
    most = max([1, *(value for value in values if value is not None)])
    stretches = _stretches(
        values,
        SPARK_WIDTH,
        lambda value: round(SPARK_HEIGHT - 2 - value * (SPARK_HEIGHT - 4) / most, 1),
    )
    return [_points(stretch) for stretch in stretches]

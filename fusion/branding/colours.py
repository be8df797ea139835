"""Derives readable colours from a brand colour: text in it, on it and beside it, light and dark.

Contrast as in WCAG 2: from 1 (none) to 21. Text needs 4.5, other elements 3.
"""

import re
from dataclasses import dataclass

LIGHT, DARK = ("#ffffff", "#f7f8fa"), ("#171a20", "#1c2027")
"""The background colours of the portal behind coloured elements."""

TEXT, SHAPE = 4.5, 3.0

SOFT = {"light": ("#ffffff", 0.08), "dark": ("#171a20", 0.16)}
"""The tint behind the current menu entry: the share of the text's colour, by surface."""

BLACK, WHITE = "#000000", "#ffffff"

_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Palette:
    """Per theme (light, dark): fills, the text on them, and the colour of text and lines."""

    fill: tuple[str, str]
    ink: tuple[str, str]
    text: tuple[str, str]


def normal_colour(text: str) -> str:
    """`#rrggbb` in lower case; ValueError if it is not such a colour."""
    colour = text.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise ValueError("must be a colour such as #3b5bdb")
    return colour


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, in either order."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def palette(brand: str) -> Palette:
    """The palette that the portal derives from a brand colour.

    Invariant: for every colour, text has a contrast of 4.5 on every background, and
    fills have one of 3; the colour is darkened or lightened only as far as needed.
    """
    fills = _towards(brand, BLACK, LIGHT, SHAPE), _towards(brand, WHITE, DARK, SHAPE)
    return Palette(
        fill=fills,
        ink=(_ink(fills[0]), _ink(fills[1])),
        text=(_readable(brand, BLACK, LIGHT, "light"), _readable(brand, WHITE, DARK, "dark")),
    )


def _ink(fill: str) -> str:
    return max((WHITE, BLACK), key=lambda ink: contrast(fill, ink))


def _towards(colour: str, end: str, surfaces: tuple[str, ...], least: float) -> str:
    """`colour` mixed with the least of `end` that gives it that contrast on all of the surfaces."""
    for part in range(101):
        mixed = mix(end, colour, part / 100)
        if all(contrast(mixed, surface) >= least for surface in surfaces):
            return mixed
    return end


def _readable(colour: str, end: str, surfaces: tuple[str, ...], theme: str) -> str:
    surface, part = SOFT[theme]
    for share in range(101):
        mixed = mix(end, colour, share / 100)
        behind = (*surfaces, mix(mixed, surface, part))
        if all(contrast(mixed, each) >= TEXT for each in behind):
            return mixed
    return end


def mix(one: str, other: str, part: float) -> str:
    """Mix `one` into `other`, from 0 (all `other`) to 1 (all `one`)."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    mixed = (round(a * part + b * (1 - part)) for a, b in pairs)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

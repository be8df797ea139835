"""A group's brand: readable whatever its colour, its own, and nobody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.branding.brand import MAX_LOGO, find_brand, read_logo
from fusion.branding.colours import DARK, LIGHT, SOFT, contrast, mix, normal_colour, palette
from fusion.branding.models import Brand
from fusion.branding.set_brand import set_brand, set_host
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from tests.world import World

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(colours)
def test_every_colour_can_be_read(colour: str) -> None:
    made = palette(colour)
    for fill, ink, text, surfaces, theme in (
        (made.fill[0], made.ink[0], made.text[0], LIGHT, "light"),
        (made.fill[1], made.ink[1], made.text[1], DARK, "dark"),
    ):
        assert contrast(fill, ink) >= 4.5
        surface, part = SOFT[theme]
        for behind in surfaces:
            assert contrast(fill, behind) >= 3
            assert contrast(text, behind) >= 4.5
        assert contrast(text, mix(text, surface, part)) >= 4.5


@given(colours)
def test_a_colour_that_can_be_read_is_left_alone(colour: str) -> None:
    if all(contrast(colour, surface) >= 3 for surface in LIGHT):
        assert palette(colour).fill[0] == colour


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "123456", "#1234567", "#١٢٣٤٥٦"])
def test_invalid_colours_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        normal_colour(text)


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"GIF89a", b"RIFF0000WAVE", PNG + b"\0" * MAX_LOGO]
)
def test_invalid_logos_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_logo(content)


def test_setting_it_again_and_again(world: World) -> None:
    actor = world.actor()
    first = set_brand(actor, name="One", colour="#102030", logo=read_logo(PNG)).body
    assert first["has_logo"] and first["revision"] == 1
    second = set_brand(actor, name="Two", colour="#405060").body
    assert second["has_logo"] and (second["id"], second["revision"]) == (first["id"], 2)
    third = set_brand(actor, name="Two", colour="#405060", remove_logo=True).body
    assert not third["has_logo"]
    assert Brand.objects.get(group=world.group).name == "Two"


def test_a_host_name_belongs_to_one_group(world: World) -> None:
    other, host = World(), f"{new_id()}.example.com"
    set_host(world.actor(), host=host)
    before = other.fingerprint()
    with pytest.raises(Problem) as refusal:
        set_host(other.actor(), host=host)
    assert refusal.value.code == "conflict"
    assert other.fingerprint() == before
    set_host(world.actor(), host=None)
    assert set_host(other.actor(), host=host).body["host"] == host


def test_the_brand_of_the_host_goes_before_that_of_the_group(world: World) -> None:
    other, host = World(), f"{new_id()}.example.com"
    set_brand(world.actor(), name="Ours", colour="#102030")
    set_brand(other.actor(), name="Theirs", colour="#102030")
    set_host(other.actor(), host=host)
    found = [
        find_brand(host=host, actor=None),
        find_brand(host=host.upper(), actor=world.actor()),
        find_brand(host="elsewhere.example", actor=world.actor("tenant")),
        find_brand(host="elsewhere.example", actor=None),
    ]
    assert [brand and brand.name for brand in found] == ["Theirs", "Theirs", "Ours", None]

"""How the portal explains which numbers cannot be had, in each language."""

import pytest
from django.utils.translation import override

from fusion.catalogue.models import NUMBER_TYPES
from fusion.kernel.errors import Problem
from fusion.portal.errors import explain
from fusion.portal.number_types import TYPE_WORDS
from fusion.portal.refusals import translated
from tests.numbers.stock import assigned, block, entitle, path, stock
from tests.world import World, answer

LANGUAGES = ("en", "de", "fr", "nl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_types_of_numbers_are_words(language: str) -> None:
    """A page said `toll_free` in every language."""
    assert set(TYPE_WORDS) == set(NUMBER_TYPES)
    with override(language):
        for sentence in (
            "+80012345600 is a toll_free, not a voip number",
            "+12125550123 is a geographic or mobile, not a toll_free number",
            "+80012345600 is a toll_free number of 001, but no matching SKU exists",
            "+80012345600 is a toll_free number of 001, not of be-mobile; give a matching number "
            "type (`sku`), or none",
        ):
            text = translated(sentence)
            assert "_" not in text and str(TYPE_WORDS["toll_free"]) in text
            assert language == "en" or "matching" not in text


def explained(world: World, body: dict[str, object], *parts: str) -> dict[str, str]:
    """Language → the refusal of this request, as a page shows it."""
    document = answer(world.call("POST", path(world, *parts), body))
    problem = Problem(document["code"], document["detail"], extra={"numbers": document["numbers"]})
    found = {}
    for language in LANGUAGES:
        with override(language):
            found[language] = explain(problem)
    return found


def test_each_number_has_its_reason(world: World) -> None:
    """Pages named the numbers alone."""
    entitle(world, 5)
    own, left = stock(world, 2)
    unknown = block(1)[0]
    assigned(world, own, left)
    assert world.call("POST", path(world, left, "port-out")).status_code == 204
    texts = explained(world, {"numbers": [own, left, unknown]})
    for reason in (
        f"{own} (already assigned to this subscription)",
        f"{left} (ported out to another operator)",
        f"{unknown} (not in the inventory)",
    ):
        assert reason in texts["en"]
    assert f"{own} (diesem Vertrag bereits zugewiesen)" in texts["de"]
    assert f"{unknown} (pas dans l’inventaire)" in texts["fr"]
    assert f"{unknown} (niet in de voorraad)" in texts["nl"]


def test_a_refused_port_offers_no_free_numbers(world: World) -> None:
    entitle(world, 5)
    there, _ = stock(world, 2)
    texts = explained(world, {"numbers": [there]}, "port-in")
    assert len(set(texts.values())) == len(LANGUAGES)
    assert "No number was ported in." in texts["en"] and "free" not in texts["en"]
    assert all(there in text for text in texts.values())

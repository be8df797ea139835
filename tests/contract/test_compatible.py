"""The OpenAPI document is kept, so that a change of the API shows in review."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.compatible import DOCUMENT, described, narrowings

Change = Callable[[dict[str, Any]], object]

KEPT: dict[str, Any] = json.loads(DOCUMENT.read_text())

ORDER = KEPT["paths"]["/api/v1/orders"]


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A named schema of a document."""
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


SKU: list[str] = schema(KEPT, "SkuBody")["required"]


def test_the_kept_document_is_that_of_this_checkout() -> None:
    assert DOCUMENT.read_text() == described(), "run: make openapi"


def test_nothing_is_narrower_than_itself() -> None:
    assert narrowings(KEPT, copy.deepcopy(KEPT)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["paths"].pop("/api/v1/orders"), "GET /api/v1/orders: removed"),
        (
            lambda d: d["paths"]["/api/v1/orders"]["get"]["parameters"].pop(0),
            "GET /api/v1/orders: query parameter",
        ),
        (
            lambda d: d["paths"]["/api/v1/orders"]["get"]["parameters"][0].update(required=True),
            "now required",
        ),
        (
            lambda d: d["paths"]["/api/v1/orders"]["post"]["responses"].pop("201"),
            "POST /api/v1/orders: answer 201: removed",
        ),
        (lambda d: schema(d, "SkuBody")["properties"].pop("name"), "name: removed"),
        (lambda d: schema(d, "SkuDocument")["properties"].pop("metric"), "metric: removed"),
        (
            lambda d: schema(d, "SkuBody")["properties"]["code"].update(maxLength=1),
            "maxLength is 1",
        ),
        (lambda d: schema(d, "SkuBody")["properties"]["name"].update(type="integer"), "string no"),
        (lambda d: schema(d, "SkuBody").update(required=[*SKU, "extra"]), "extra: now required"),
        (lambda d: schema(d, "SkuDocument").update(required=["id"]), "code: now optional"),
    ],
)
def test_incompatible_changes_are_detected(change: Change, said: str) -> None:
    changed = copy.deepcopy(KEPT)
    change(changed)
    assert any(said in line for line in narrowings(KEPT, changed)), narrowings(KEPT, changed)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["paths"].update({"/api/v1/new": ORDER}),
        lambda d: schema(d, "SkuDocument")["properties"].update(extra={"type": "string"}),
        lambda d: schema(d, "SkuBody")["properties"].update(extra={"type": "string"}),
        lambda d: schema(d, "SkuBody")["properties"]["name"].update(maxLength=10_000),
        lambda d: schema(d, "SkuBody").update(required=["code"]),
    ],
)
def test_compatible_changes_are_allowed(change: Change) -> None:
    changed = copy.deepcopy(KEPT)
    change(changed)
    assert narrowings(KEPT, changed) == []

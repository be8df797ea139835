"""Every text that enters is cleaned by the one function for text, wherever it enters."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django import forms
from pydantic import BaseModel

from fusion.api import api
from fusion.lifecycle.number_schemas import LinkRow
from fusion.portal.forms import LineField, ListedField
from fusion.portal.number_fields import NumbersField, WrittenNumberField
from fusion.users.batch_row import CELLS, prepared
from fusion.users.read_list import read_list
from fusion.users.schemas import RowBody
from tests.contract.refusing import fields
from tests.contract.shapes import models_within
from tests.contract.test_authorization import DOCUMENT, OPERATIONS
from tests.world import World, answer

ROOT = Path(__file__).parents[2] / "fusion"

CODED = ("pattern", "enum", "const", "format")


def shapes() -> Iterator[tuple[str, Any]]:
    """Every parameter and body of the document, with where it stands."""
    for (method, path), operation in OPERATIONS.items():
        for parameter in operation.get("parameters", []):
            yield f"{method} {path} {parameter['name']}", parameter["schema"]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield f"{method} {path}", content["schema"]


def strings(place: str, shape: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every shape of a string in `shape`."""
    if "$ref" in shape:
        name = shape["$ref"].split("/")[-1]
        yield from strings(place, DOCUMENT["components"]["schemas"][name])
    if shape.get("type") == "string":
        yield place, shape
    for name, member in shape.get("properties", {}).items():
        yield from strings(f"{place} {name}", member)
    for member in [*shape.get("anyOf", []), *shape.get("allOf", [])]:
        yield from strings(place, member)
    if isinstance(shape.get("items"), dict):
        yield from strings(f"{place}[]", shape["items"])


UNTOLD = ("caller", "callee", "users/batch")
"""Texts that take every character: what strangers say of a call is cleaned without a refusal, and a
CSV is read cell by cell."""


def test_the_document_says_what_every_text_may_be() -> None:
    found = [each for place, shape in shapes() for each in strings(place, shape)]
    assert len(found) > 80
    untold = [place for place, shape in found if not any(word in shape for word in CODED)]
    assert [place for place in untold if not place.endswith(UNTOLD)] == []


def models_of_requests() -> list[type[BaseModel]]:
    """The models that bodies and queries are read by, those inside them included."""
    asked = [
        field.annotation
        for _, operation in api.operations()
        for model in operation.models
        for field in model.model_fields.values()
    ]
    return [*models_within(asked), RowBody, LinkRow]


ODD = "x\u202ey\u200bz"


@pytest.mark.parametrize("model", models_of_requests(), ids=lambda model: model.__name__)
def test_no_field_of_a_body_or_a_query_takes_what_cannot_be_seen(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        if name in ("caller", "callee") or field.annotation in (bool, int, Any):
            continue
        alias = field.alias or name
        try:
            read = model.model_validate({alias: ODD})
        except ValueError as error:
            wrong = error.errors() if hasattr(error, "errors") else []
            assert any(alias in each["loc"] for each in wrong), (model, name)
        else:
            assert getattr(read, name) != ODD


def forms_of_pages() -> list[type[forms.Form]]:
    """Every form of the portal."""
    for file in sorted((ROOT / "portal").rglob("*.py")):
        if "migrations" not in file.parts:
            import_module(".".join(file.relative_to(ROOT.parent).with_suffix("").parts))

    def below(kind: type) -> Iterator[type]:
        each: type
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    ours = {each for each in below(forms.Form) if each.__module__.startswith("fusion.portal")}
    return sorted(ours, key=lambda each: f"{each.__module__}.{each.__name__}")


ELSEWHERE = {
    # Compared with what is there, which may be older than this rule, and kept nowhere. The same
    # holds for a ListedField.
    ("TerminateForm", "typed"),
    # Read line by line, as numbers and cleaned logins.
    ("LinksForm", "links"),
}
LIBRARY = ("fusion.portal.account",)
"""Forms of django-allauth, which look something up and keep nothing of it."""


def test_every_text_of_a_form_is_cleaned() -> None:
    found = forms_of_pages()
    assert len(found) > 15
    for form in found:
        if form.__module__.startswith(LIBRARY):
            continue
        for name, field in form.base_fields.items():
            plain = isinstance(field, forms.CharField) and not isinstance(field, LineField)
            secret = isinstance(field.widget, forms.PasswordInput)
            coded = isinstance(field, forms.UUIDField | forms.RegexField | ListedField)
            coded |= isinstance(field, WrittenNumberField | NumbersField)  # read as numbers
            if plain and not (secret or coded or (form.__name__, name) in ELSEWHERE):
                pytest.fail(f"{form.__module__}.{form.__name__}.{name}: use LineField or NoteField")


def test_every_column_of_an_upload_is_cleaned() -> None:
    right = {"login": "a", "display_name": "A", "kind": "user", "number": "+3225551234"}
    columns = CELLS[:4]
    for column in columns:
        cells = {**right, column: f"{right[column]}\u200bx"}
        text = ",".join(columns) + "\n" + ",".join(cells[name] for name in columns)
        (row,) = prepared(read_list(text.encode()).rows, lambda: None)
        problem = row["problem"]
        assert [error["field"] for error in problem["errors"]] == [column]


def test_texts_are_kept_as_they_look(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}"
    body = {"name": " Cafe\u0301\u00a0Noir ", "external_reference": "\ufeffx "}
    kept = answer(world.call("PATCH", path, body))
    assert (kept["name"], kept["external_reference"]) == ("Café Noir", "x")
    for reference in ("x", " x", "x\ufeff", "%C2%A0x"):
        found = answer(world.call("GET", f"/subscriptions?external_reference={reference}"))
        assert [each["id"] for each in found["items"]] == [str(world.subscription.id)]


def test_the_position_is_reported(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}"
    before = world.fingerprint()
    response = world.call("PATCH", path, {"name": "ab\u202ec"})
    assert fields(response) == ["name"]
    assert "position 3" in answer(response)["detail"] and "U+202E" in answer(response)["detail"]
    assert world.fingerprint() == before

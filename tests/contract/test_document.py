"""What the OpenAPI document says of shapes."""

from collections import defaultdict

from fusion.api import api
from fusion.kernel.http import CSV
from tests.contract.shapes import models_within
from tests.contract.test_authorization import DOCUMENT, OPERATIONS

NUMBERS = "/subscriptions/{subscription_id}/numbers"
USERS = "/subscriptions/{subscription_id}/users"


def test_no_two_shapes_have_one_name() -> None:
    """The document knows shapes by the names of their classes: one would stand for the other."""
    named = defaultdict(set)
    for _, operation in api.operations():
        answers = [answer for answer in operation.response_models.values() if answer]
        for shape in models_within([*operation.models, *answers]):
            if shape.__module__.startswith("fusion"):
                named[shape.__name__].add(shape)
    assert len(named) > 60
    assert {name for name, shapes in named.items() if len(shapes) > 1} == set()


def test_each_body_is_the_one_of_its_route() -> None:
    body = OPERATIONS["PATCH", f"{USERS}/{{user_id}}"]["requestBody"]["content"]
    name = body["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert list(DOCUMENT["components"]["schemas"][name]["properties"]) == ["login", "display_name"]


def test_a_csv_file_is_described() -> None:
    described = OPERATIONS["POST", f"{USERS}/batch"]["requestBody"]["content"][CSV]["schema"]
    assert described["pattern"] and described["examples"]


def test_whole_numbers_have_bounds_and_countries_are_listed() -> None:
    for name, shape in DOCUMENT["components"]["schemas"].items():
        if not name.endswith(("Body", "Patch")):
            continue
        for member, result in shape["properties"].items():
            forms = result.get("anyOf", [result])
            for form in forms:
                if form.get("type") == "integer":
                    assert "minimum" in form and "maximum" in form, (name, member)
                if member == "country":
                    assert "BE" in form["enum"] and "AA" not in form["enum"]

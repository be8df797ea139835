"""Generated requests against the OpenAPI document: no 5xx, every answer as documented, and what the
document allows is refused only for what it cannot say.

EXAMPLES=20 tries twenty times as many; `make long` does.
"""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fusion.wsgi import application
from tests.bounds import TIMES
from tests.contract.stage import Ids, Stage
from tests.contract.table import TABLE

SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


UNSAID = {
    "Invalid cursor": "a cursor is opaque",
    "must be (after|before) |days before `to`|only with by=": "two parameters together",
    "is for pages; |is (required|allowed only) with `": "two parameters together",
    "^does not go with after": "two parameters together",
    "is required, or else |^name the (product|subscription) once": "which of two names is there",
    "^must be (1 or more|1000000 or less)$|only for lines that remove": "two members of a line",
    "^leave (it|them) out: (the|a) ": "the order to reverse together with what it says",
    "^is only for orders whose lines all add": "the lines together with another member",
    "has two keys that are equal": "which keys are equal once they are cleaned",
    "must (not )?be in the future|hours? in the past|ahead$|400 days": "what day it is",
    "whole number, without quotes or decimals": "JSON Schema takes 1.0 for an integer",
    "is not the code of a number type|no (SKU|product) has the code": "what the group has",
    "is already in the list|appears in more than one line": "two members of a list together",
    "must be the minimum|^no multiple of ": "limits of a quantity together",
    "cannot require itself": "what other products require",
    "^is an? \\w+, but the parent ": "what stands above",
    "not available to a client of a|^is only for clients of the group": "whose client it is",
    "is not a valid phone number|no matching SKU exists": "the numbering plan of each country",
    "is an emergency number of": "the emergency numbers of each country",
    "; give a matching number type": "the numbering plan of each country",
    "^“|^is empty; write a phone": "how people write phone numbers",
    "appears twice in the header|is missing from the header": "a CSV file's columns together",
    "is not valid CSV|quotation mark": "quotation marks in pairs",
    r"invisible or direction-changing character \(U\+\w{5,}\)": "beyond what patterns can say",
    "already used for another request": "what was sent before",
    "^is missing$|accepts no request body": "whether the method that a header names takes one",
}
"""Refusals of what the document allows → what it would have to know to say so before."""

BOUNDED = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """The objects of requests that change nothing."""
    return Stage()


@pytest.mark.parametrize("route", sorted(TABLE), ids=" ".join)
@pytest.mark.parametrize(
    ("kind", "mode", "examples"),
    [
        ("group", schemathesis.GenerationMode.POSITIVE, 6),
        ("group", schemathesis.GenerationMode.NEGATIVE, 4),
        ("tenant", schemathesis.GenerationMode.POSITIVE, 2),
    ],
    ids=["group", "group-wrong", "tenant"],
)
def test_answers_are_as_documented(
    route: tuple[str, str],
    kind: str,
    mode: schemathesis.GenerationMode,
    examples: int,
    stage: Stage,
) -> None:
    method, path = route
    if method != "GET":
        stage = Stage()
    ids = {**stage.own.ids, "sku": "user", "email": "someone@example.com"}
    ids |= {name: ids[id] for name, id in TABLE[route].ids if id in ids}
    token = stage.world.token(stage.organization(kind))
    headers = {"Authorization": f"Bearer {token}"}
    strategy = SCHEMA[f"/api/v1{path}"][method].as_strategy(mode)

    @settings(BOUNDED, max_examples=examples * TIMES)
    @given(case=strategy, real=st.sampled_from([True, True, False]))
    def run(case: Any, real: bool) -> None:
        if real:
            put_real_ids(case, ids)
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)
        if mode is schemathesis.GenerationMode.POSITIVE:
            refused_for_what_cannot_be_said(response)

    run()


def refused_for_what_cannot_be_said(response: Any) -> None:
    """A request that the document allows is sound in itself."""
    assert response.status_code not in (400, 405, 413, 415), response.text
    if response.status_code == 422:
        problem = response.json()
        messages = [each["message"] for each in problem.get("errors", [])] or [problem["detail"]]
        for message in messages:
            assert any(re.search(reason, message) for reason in UNSAID), response.text


def put_real_ids(case: Any, ids: Ids) -> None:
    """Let the request be about things that are there, so that it comes past the door."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = str(ids[name])
    ids = {name: id for name, id in ids.items() if name != "direction"}  # of calls, only in paths
    for name in case.query or {}:
        if name in ids:
            case.query[name] = str(ids[name])
    case.body = _with_ids(case.body, ids)


def _with_ids(value: Any, ids: Ids) -> Any:
    if isinstance(value, dict):
        return {
            key: str(ids[key]) if key in ids and member else _with_ids(member, ids)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_with_ids(member, ids) for member in value]
    return value

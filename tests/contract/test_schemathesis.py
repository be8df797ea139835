"""Generated requests against the OpenAPI document: no 5xx, and every answer as documented."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fusion.wsgi import application
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

BOUNDED = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("route", sorted(TABLE), ids=" ".join)
@pytest.mark.parametrize(
    ("kind", "mode", "examples"),
    [
        ("group", schemathesis.GenerationMode.POSITIVE, 12),
        ("group", schemathesis.GenerationMode.NEGATIVE, 8),
        ("tenant", schemathesis.GenerationMode.POSITIVE, 4),
    ],
    ids=["group", "group-wrong", "tenant"],
)
def test_answers_are_as_documented(
    route: tuple[str, str], kind: str, mode: schemathesis.GenerationMode, examples: int
) -> None:
    method, path = route
    stage = Stage()
    ids = {**stage.own.ids, "sku": "user", "email": "someone@example.com"}
    ids |= {name: ids[id] for name, id in TABLE[route].ids if id in ids}
    token = stage.world.token(stage.organization(kind))
    headers = {"Authorization": f"Bearer {token}"}
    strategy = SCHEMA[f"/api/v1{path}"][method].as_strategy(mode)

    @settings(BOUNDED, max_examples=examples)
    @given(case=strategy, real=st.sampled_from([True, True, False]))
    def run(case: Any, real: bool) -> None:
        if real:
            put_real_ids(case, ids)
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)

    run()


def put_real_ids(case: Any, ids: Ids) -> None:
    """Let the request be about things that are there, so that it comes past the door."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = str(ids[name])
    for name in case.query or {}:
        if name in ids:
            case.query[name] = str(ids[name])
    case.body = _with_ids(case.body, ids)


def _with_ids(value: Any, ids: Ids) -> Any:
    if isinstance(value, dict):
        return {
            key: str(ids[key]) if key in ids else _with_ids(member, ids)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_with_ids(member, ids) for member in value]
    return value

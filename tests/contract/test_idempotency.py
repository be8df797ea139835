"""Every POST that takes an `Idempotency-Key`: one effect, one answer, and no other request."""

from typing import Any

import pytest

from fusion.kernel.openapi import NAMED_BY_CALLER
from tests.contract.stage import Stage
from tests.contract.table import CALL, TABLE
from tests.contract.test_authorization import KNOWN, OPERATIONS, ask, own_ids
from tests.world import answer

RETRYABLE = [
    route
    for route in KNOWN
    if "Idempotency-Key" in [each["name"] for each in OPERATIONS[route]["parameters"]]
]


def test_every_post_that_changes_something_takes_a_key() -> None:
    named = [route for route in KNOWN if OPERATIONS[route].get(NAMED_BY_CALLER)]
    assert named == [("POST", CALL)]  # the call's own id stands for the key
    changing = [route for route in KNOWN if route[0] == "POST" and not TABLE[route].reads]
    assert sorted([*RETRYABLE, *named]) == changing


@pytest.mark.parametrize("route", RETRYABLE, ids=" ".join)
def test_sent_again(route: tuple[str, str]) -> None:
    stage = Stage()
    wanted = ask(route, own_ids(stage, "group"))
    path = wanted.template.format(**wanted.path)
    headers = {"Idempotency-Key": "the same"}

    first = stage.world.call("POST", path, wanted.body, headers=headers)
    assert first.status_code == TABLE[route].status("group"), first.content
    assert "Idempotency-Replayed" not in first
    before = stage.world.fingerprint()
    second = stage.world.call("POST", path, wanted.body, headers=headers)
    assert second.status_code == first.status_code
    assert second["Idempotency-Replayed"] == "true"
    assert second.get("Location") == first.get("Location")
    shown, again = (answer(each) if each.content else {} for each in (first, second))
    if "client_secret" in shown:  # shown once, and never again
        assert shown.pop("client_secret") and again.pop("client_secret") is None
    assert again == shown
    assert stage.world.fingerprint() == before

    bodies: list[Any] = [{"another": "body"}, None, []]
    for changed in bodies:
        if (changed or None) != (wanted.body or None) or changed == []:
            other = stage.world.call("POST", path, changed, headers=headers)
            assert other.status_code in (400, 422), other.content
    assert stage.world.fingerprint() == before


@pytest.mark.parametrize("key", ["", "x" * 256, "a\0b", "\x1f", "é"], ids=lambda key: repr(key[:9]))
@pytest.mark.parametrize("route", RETRYABLE, ids=" ".join)
def test_malformed_keys(route: tuple[str, str], key: str, stage: Stage) -> None:
    wanted = ask(route, own_ids(stage, "group"))
    before = stage.world.fingerprint()
    path = wanted.template.format(**wanted.path)
    response = stage.world.call("POST", path, wanted.body, headers={"Idempotency-Key": key})
    assert response.status_code == 422
    assert [error["field"] for error in answer(response)["errors"]] == ["Idempotency-Key"]
    assert stage.world.fingerprint() == before


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A stage for whatever is refused."""
    return Stage()

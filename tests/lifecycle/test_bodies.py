"""Whatever is sent to suspend, resume and terminate: what is refused has changed nothing, and what
says that it is a dry run has changed nothing either."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion.cli.verify import differences
from tests.lifecycle.dating import ACTIONS, at
from tests.lifecycle.test_states import order
from tests.world import World

pytestmark = pytest.mark.once

json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
instants = st.floats(-60, 60).map(at) | st.sampled_from(
    ("2001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "now", "")
)
members: dict[str, st.SearchStrategy[Any]] = {
    "effective_at": instants | json,
    "reason": st.sampled_from(("non_payment", "customer", "fraud", "migration", "other")) | json,
    "note": st.text(max_size=20) | json,
    "external_reference": st.sampled_from(("taken", "free")) | json,
    "dry_run": st.booleans() | json,
    "surely": json,
}
bodies = st.fixed_dictionaries({}, optional=members) | json
some = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("action", ACTIONS)
def test_any_body(world: World, action: str) -> None:
    world.token(world.group)
    assert order(world, 2, external_reference="taken").status_code == 201
    path = f"/subscriptions/{world.subscription.id}/{action}"
    seen: set[int] = set()

    @some
    @given(body=bodies)
    def send(body: Any) -> None:
        if action == "terminate" and isinstance(body, dict):
            body = {**body, "dry_run": body.get("dry_run", True) or "no"}  # it would be the last
        before = world.fingerprint()
        response = world.call("POST", path, orjson.dumps(body))
        seen.add(response.status_code)
        assert response.status_code in (200, 201, 409, 422), response.content
        said = body if isinstance(body, dict) else {}
        if response.status_code >= 400 or said.get("dry_run") is True:
            assert world.fingerprint() == before
        if "surely" in said or not isinstance(body, dict):
            assert response.status_code == 422

    send()
    assert {200, 422} <= seen
    assert differences() == []

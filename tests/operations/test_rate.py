"""Rate limits: off unless set, fair per name, and forgetful of names that are gone."""

import time
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.kernel.errors import Problem
from fusion.kernel.rate import RateLimit
from tests.server import run_server
from tests.world import World


@given(
    per_minute=st.integers(1, 600),
    waits=st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=60),
)
def test_admitted_requests_never_exceed_the_bucket(per_minute: int, waits: list[float]) -> None:
    """In any stretch: at most one minute's worth, and what the time since has added."""
    limit = RateLimit(per_minute)
    now, admitted = 1000.0, 0
    for wait in waits:
        now += wait
        refused = limit._take("a", now)
        admitted += not refused
        assert admitted <= per_minute + (now - 1000.0) * per_minute / 60 + 1e-6
        if refused:
            assert limit._take("a", now + refused) == 0
            admitted += 1
            now += refused


def test_off_without_a_number() -> None:
    limit = RateLimit(0)
    for _ in range(1000):
        limit.admit("a")


def test_names_do_not_share() -> None:
    limit = RateLimit(2, remembered=2)
    for name in ("a", "a", "b", "b"):
        limit.admit(name)
    with pytest.raises(Problem) as refused:
        limit.admit("a")
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 30
    limit.admit("c")  # the third of two names that are remembered: b is forgotten
    limit.admit("b")


def test_the_wait_is_enough() -> None:
    limit = RateLimit(60)
    for _ in range(60):
        limit.admit("a")
    with pytest.raises(Problem) as refused:
        limit.admit("a")
    time.sleep(int(refused.value.headers["Retry-After"]))
    limit.admit("a")


def test_over_http(world: World, log: Path) -> None:
    environment = {"FUSION_RATE_LIMIT": "3", "FUSION_TOKEN_RATE_LIMIT": "2"}
    with run_server(log, "--workers", "1", environment=environment) as server:

        def read(token: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return httpx.get(f"{server.url}/api/v1/products", headers=headers)

        group, reseller = world.token(world.group), world.token(world.reseller)
        assert [read(group).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = read(group)
        assert refused.json()["code"] == "rate-limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert read(reseller).status_code == 200
        assert read("unknown").status_code == 401
        wanted = [httpx.post(f"{server.url}/oauth/token").status_code for _ in range(3)]
        assert wanted[2] == 429
        assert 429 not in wanted[:2]
        assert httpx.get(f"{server.url}/readyz").status_code == 200

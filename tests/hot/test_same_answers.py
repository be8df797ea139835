"""The hot application answers what Django answers, to the byte: good requests and bad ones.

Two providers that are alike get the same requests, one through the hot application, the other
through Django alone. `EXAMPLES` multiplies how many.
"""

import os
import random
from collections import Counter
from typing import Any

import pytest

from fusion.hot.application import HotApplication
from tests.hot.drawn import drawn_request
from tests.hot.twins import twins

REQUESTS = 400 * int(os.environ.get("EXAMPLES", "1"))


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int]]:
    """What the hot application answers itself, by route and status."""
    count: Counter[tuple[str, int]] = Counter()
    inner = HotApplication._answer

    def answer(self: HotApplication, environ: Any, route: Any, parameters: Any) -> Any:
        reply = inner(self, environ, route, parameters)
        if reply is not None:
            count[route.function, reply.status] += 1
        return reply

    monkeypatch.setattr(HotApplication, "_answer", answer)
    return count


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_answer_alike(seed: int, answered: Counter[tuple[str, int]]) -> None:
    chance = random.Random(seed)
    hot, described = twins()
    answered.clear()
    for _ in range(REQUESTS):
        request = drawn_request(chance)
        assert hot.send(request) == described.send(request), request
    by_function = Counter[str]()
    for (function, _), number in answered.items():
        by_function[function] += number
    assert min(by_function.values()) > REQUESTS / 100 and len(by_function) == 6, answered
    assert {201, 200, 204, 404, 409} <= {status for _, status in answered}

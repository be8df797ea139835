"""The hot door answers what Django answers, to the byte: thousands of requests, good and bad.

Two providers that are alike get the same requests, one through the door, the other without it.
`EXAMPLES` multiplies how many.
"""

import os
import random
from collections import Counter
from typing import Any

import pytest

from fusion.hot.door import Door
from tests.hot.asking import asked
from tests.hot.twins import twins

REQUESTS = 400 * int(os.environ.get("EXAMPLES", "1"))


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int]]:
    """What the door answers itself, by route and status."""
    count: Counter[tuple[str, int]] = Counter()
    inner = Door._answer

    def answer(self: Door, environ: Any, route: Any, parameters: Any) -> Any:
        reply = inner(self, environ, route, parameters)
        if reply is not None:
            count[route.function, reply.status] += 1
        return reply

    monkeypatch.setattr(Door, "_answer", answer)
    return count


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_answer_alike(seed: int, answered: Counter[tuple[str, int]]) -> None:
    chance = random.Random(seed)
    hot, described = twins()
    answered.clear()
    for _ in range(REQUESTS):
        request = asked(chance)
        assert hot.ask(request) == described.ask(request), request
    by_function = Counter[str]()
    for (function, _), number in answered.items():
        by_function[function] += number
    assert min(by_function.values()) > REQUESTS / 100 and len(by_function) == 6, answered
    assert {201, 200, 204, 404, 409} <= {status for _, status in answered}

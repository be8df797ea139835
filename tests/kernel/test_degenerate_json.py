"""JSON that would take up a multiple of its size in memory."""

import pytest
from django.test import RequestFactory

from fusion.kernel.errors import Problem
from fusion.kernel.http import MAX_BATCH_BODY, MAX_COMMAS, read_json

BODIES = {
    "empty lists": b"[" + b"[]," * (MAX_BATCH_BODY // 3 - 1) + b"[]]",
    "empty objects": b"[" + b"{}," * (MAX_BATCH_BODY // 3 - 1) + b"{}]",
    "numbers": b"[" + b"1.5," * (MAX_BATCH_BODY // 4 - 1) + b"1]",
    "members": b"{" + b'"":1,' * (MAX_BATCH_BODY // 5 - 1) + b'"":1}',
    "depth": b"[" * MAX_BATCH_BODY,
    "depth of objects": b'{"":' * (MAX_BATCH_BODY // 4),
}


@pytest.mark.parametrize("name", BODIES)
def test_degenerate_json_is_refused_before_it_is_built(name: str) -> None:
    body = BODIES[name]
    assert len(body) <= MAX_BATCH_BODY
    request = RequestFactory().post("/api/v1/orders/batch", body, content_type="application/json")
    with pytest.raises(Problem) as refused:
        read_json(request)
    assert refused.value.code in ("too-large", "invalid-json")


def test_text_may_have_commas() -> None:
    body = b'["' + b"," * MAX_COMMAS + b'"]'
    request = RequestFactory().post("/api/v1/orders/batch", body, content_type="application/json")
    assert read_json(request) == ["," * MAX_COMMAS]

"""`/healthz` from the hot application and from Django: the same answers, headers and log lines."""

from typing import Any

import pytest
from django.test import Client

from fusion.edge import middleware
from fusion.hot import alive as hot
from tests.hot.client import HotClient
from tests.hot.twins import Log

ID = {"X-Request-Id": "probe-7"}


@pytest.mark.parametrize(
    ("method", "path", "more", "is_hot"),
    [
        ("GET", "/healthz", {}, True),
        ("GET", "/healthz", {"headers": {"Host": "192.0.2.1:8000"}}, True),
        ("GET", "/healthz", {"headers": {"Accept": "text/csv"}}, True),
        ("GET", "/healthz?x=1", {}, False),
        ("HEAD", "/healthz", {}, False),
        ("POST", "/healthz", {}, False),
        ("GET", "/healthz", {"data": "{}", "content_type": "application/json"}, False),
        ("GET", "/healthz/", {}, False),
    ],
)
def test_both_ways_answer_alike(
    method: str, path: str, more: dict[str, Any], is_hot: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[bool] = []
    alive = hot.alive

    def watched(environ: Any) -> Any:
        reply = alive(environ)
        answered.append(reply is not None)
        return reply

    monkeypatch.setattr(hot, "alive", watched)
    headers = {**ID, **more.get("headers", {})}
    found = []
    for client in (HotClient(), Client()):
        log = Log()
        monkeypatch.setattr(middleware, "log", log)
        response = client.generic(method, path, **{**more, "headers": headers})
        found.append((response.status_code, dict(response.headers), response.content, log.lines))
    assert found[0] == found[1]
    assert any(answered) is is_hot


def test_without_an_id_it_gets_a_new_one() -> None:
    ids = {HotClient().get("/healthz").headers["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2

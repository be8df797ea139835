"""Terminating and restoring the world's subscription, and what it has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.http import HttpResponse

from tests.lifecycle.dating import ask
from tests.ordering.placing import line, placed, revise
from tests.users.staff import created, equip, linked
from tests.world import World, answer


def equipped(world: World) -> list[str]:
    """Seats of two revisions, a user with a number, and a number on a trunk; the three numbers."""
    placed(world, line(world.seat, 4))
    revise(world.seat, {world.user_sku: 1, world.channel_sku: 2})
    placed(world, line(world.seat, 2))
    numbers = equip(world, 0, 3)
    linked(world, created(world), numbers[0])
    path = f"/subscriptions/{world.subscription.id}/trunks"
    trunk = answer(world.call("POST", path, {"name": "Main", "country": "BE"}))["id"]
    response = world.call("PUT", f"{path}/{trunk}/numbers/{numbers[1]}")
    assert response.status_code == 200, response.content
    return numbers


def terminated(world: World, **body: Any) -> dict[str, Any]:
    """Terminate it; the order that did."""
    response = ask(world, "terminate", **body)
    assert response.status_code == 200, response.content
    path = f"/orders?kind=termination&subscription_id={world.subscription.id}"
    order: dict[str, Any] = answer(world.call("GET", path))["items"][0]
    return order


def restored(world: World, **body: Any) -> dict[str, Any]:
    """The answer of a restoration."""
    response = ask(world, "restore", **body)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = answer(response)
    return document


def refusal(world: World, **body: Any) -> dict[str, Any]:
    """The problem of a refused restoration, which changed nothing, and which the preview shows."""
    preview = answer(ask(world, "restore", dry_run=True, **body))
    before = world.fingerprint()
    response: HttpResponse = ask(world, "restore", **body)
    problem: dict[str, Any] = answer(response)
    assert response.status_code == 409, problem
    assert world.fingerprint() == before
    assert not preview["allowed"]
    assert [each["code"] for each in preview["refusals"]] == [problem["code"]]
    assert preview["refusals"][0]["detail"] == problem["detail"]
    return problem


@contextmanager
def no_quarantine() -> Iterator[None]:
    """Inside, quarantines last no time, and terminations cannot be undone."""
    with patch.dict(os.environ, FUSION_QUARANTINE_DAYS="0"):
        yield

"""`balance.threshold` tells of 80 % and 100 %, upward only and once per crossing."""

import json

import pytest

from tests.ordering.placing import consume, events, line, placed, release
from tests.world import World


def crossed(world: World) -> list[tuple[int, int, int]]:
    """(threshold, granted, used) of the user SKU, in their order."""
    result = [json.loads(event["data"]) for event in events(world, "balance.threshold")]
    return [(data["threshold"], data["granted"], data["used"]) for data in result]


def test_use_crosses_upward_once(world: World) -> None:
    placed(world, line(world.seat, 10))
    consume(world, world.user_sku, *(f"u{index}" for index in range(7)))
    assert crossed(world) == []
    consume(world, world.user_sku, "u7")
    consume(world, world.user_sku, "u8")
    assert crossed(world) == [(80, 10, 8)]
    consume(world, world.user_sku, "u9")
    assert crossed(world) == [(80, 10, 8), (100, 10, 10)]
    release(world, world.user_sku, "u7", "u8", "u9")
    assert len(crossed(world)) == 2
    consume(world, world.user_sku, "u7")
    assert crossed(world)[2:] == [(80, 10, 8)]


def test_both_at_once(world: World) -> None:
    placed(world, line(world.seat, 2))
    consume(world, world.user_sku, "a", "b")
    assert crossed(world) == [(80, 2, 2), (100, 2, 2)]


def test_a_removal_crosses_too(world: World) -> None:
    placed(world, line(world.seat, 20))
    consume(world, world.user_sku, *(f"u{index}" for index in range(8)))
    placed(world, line(world.seat, 10, "remove"))
    placed(world, line(world.seat, 2, "remove"))
    assert crossed(world) == [(80, 10, 8), (100, 8, 8)]


def test_an_addition_crosses_nothing(world: World) -> None:
    placed(world, line(world.seat, 2))
    consume(world, world.user_sku, "a", "b")
    placed(world, line(world.seat, 100))
    assert len(crossed(world)) == 2
    placed(world, line(world.seat, 100, "remove"))  # back to 2 of 2: crossed again
    assert crossed(world)[2:] == [(80, 2, 2), (100, 2, 2)]


@pytest.mark.parametrize("quantity", [1, 3])
def test_nothing_granted_is_nothing_crossed(world: World, quantity: int) -> None:
    placed(world, line(world.seat, quantity))
    placed(world, line(world.seat, quantity, "remove"))
    assert crossed(world) == []

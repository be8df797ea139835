"""What the caller wants to find in an order again: a note, and metadata."""

from typing import Any

import pytest

from fusion.lifecycle.apply_due import apply_due_orders
from tests.ordering.placing import draft, events, fall_due, line, place, placed, refused, seen
from tests.world import World, answer

LATER = "2029-01-01T00:00:00Z"


def test_an_order_keeps_its_note_and_metadata(world: World) -> None:
    wanted = {"contract": "K-77", "empty": "", "Ärger": " über  viel "}
    order = placed(world, note=" first line\nsecond ", metadata=wanted)
    assert order["note"] == "first line\nsecond"
    assert order["metadata"] == {"contract": "K-77", "empty": "", "Ärger": "über  viel"}
    assert seen(world, order) == order
    assert '"K-77"' in events(world, "order.completed")[0]["data"]


def test_an_order_without_them(world: World) -> None:
    for more in ({}, {"note": None, "metadata": None}, {"note": "", "metadata": {}}):
        order = placed(world, **more)
        assert (order["note"], order["metadata"]) == (None, {})


def test_a_scheduled_order_keeps_them(world: World) -> None:
    order = placed(world, effective_at=LATER, note="n", metadata={"a": "b"})
    fall_due(order)
    apply_due_orders()
    applied = seen(world, order)
    assert (applied["state"], applied["note"], applied["metadata"]) == (
        "completed",
        "n",
        {"a": "b"},
    )


def test_orders_of_a_batch_have_their_own(world: World) -> None:
    orders = [draft(world, metadata={"n": str(n)}, note=f"note {n}") for n in range(3)]
    results = answer(world.call("POST", "/orders/batch", {"orders": [*orders, draft(world)]}))
    shown = [result["order"] for result in results["results"]]
    assert [order["metadata"] for order in shown] == [{"n": "0"}, {"n": "1"}, {"n": "2"}, {}]
    assert [order["note"] for order in shown] == ["note 0", "note 1", "note 2", None]


def test_they_belong_to_the_request_of_a_key(world: World) -> None:
    first = place(world, key="k", note="n", metadata={"a": "b"})
    again = place(world, key="k", note="n", metadata={"a": "b"})
    assert (again.status_code, again.content) == (201, first.content)
    before = world.fingerprint()
    other = place(world, key="k", note="n", metadata={"a": "c"})
    assert (other.status_code, answer(other)["code"]) == (422, "idempotency-key-reused")
    assert world.fingerprint() == before


def test_a_set_without_effect_stores_neither(world: World) -> None:
    before = world.fingerprint()
    response = place(world, line(world.seat, 0, "set"), note="n", metadata={"a": "b"})
    assert (response.status_code, answer(response)) == (200, {"unchanged": True, "held": 0})
    assert world.fingerprint() == before


def test_the_limits(world: World) -> None:
    metadata = {f"{n:040}": "x" * 500 for n in range(20)}
    assert placed(world, metadata=metadata, note="n" * 2000)["metadata"] == metadata


@pytest.mark.parametrize(
    "wrong",
    [
        {"metadata": {f"k{n}": "" for n in range(21)}},
        {"metadata": {"k" * 41: ""}},
        {"metadata": {"": "x"}},
        {"metadata": {"a": "x" * 501}},
        {"metadata": {"a": 5}},
        {"metadata": {"a": None}},
        {"metadata": {"a": {"b": "c"}}},
        {"metadata": {"a\u0000": "x"}},
        {"metadata": {"a": "x\u0000"}},
        {"metadata": {"a": "x", " a ": "y"}},
        {"metadata": []},
        {"metadata": "x"},
        {"note": "n" * 2001},
        {"note": 5},
        {"note": "\u0000"},
    ],
    ids=lambda wrong: repr(wrong)[:40],
)
def test_wrong_notes_and_metadata(world: World, wrong: dict[str, Any]) -> None:
    problem = refused(world, 422, "invalid-fields", **wrong)
    (name,) = wrong
    assert {error["field"].partition(".")[0] for error in problem["errors"]} == {name}

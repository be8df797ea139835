"""The same key and the same request: the same answer, one effect. Another request: refused."""

import orjson

from tests.ordering.placing import balances, draft, line, place, placed, terminate
from tests.world import World, answer, make_token


def post(world: World, body: bytes, key: str, by: str | None = None) -> tuple[int, bytes, bool]:
    """(status, body, replayed)."""
    response = world.call("POST", "/orders", body, by=by, headers={"Idempotency-Key": key})
    return response.status_code, response.content, "Idempotency-Replayed" in response


def test_the_stored_answer_and_no_second_effect(world: World) -> None:
    body = orjson.dumps(draft(world, line(world.seat, 5)))
    status, content, replayed = post(world, body, "k")
    assert (status, replayed) == (201, False)
    before = world.fingerprint()
    for _ in range(3):
        assert post(world, body, "k") == (201, content, True)
    assert world.fingerprint() == before
    assert balances(world)["user"] == (5, 0)


def test_without_a_key_each_request_counts(world: World) -> None:
    placed(world)
    placed(world)
    assert balances(world)["user"] == (2, 0)


def test_the_spelling_of_the_body_does_not_matter(world: World) -> None:
    body = draft(world, line(world.seat, 5))
    first = post(world, orjson.dumps(body), "k")
    spelt = orjson.dumps(dict(reversed(body.items())), option=orjson.OPT_INDENT_2)
    assert post(world, spelt, "k") == (201, first[1], True)


def test_another_request_with_the_same_key(world: World) -> None:
    place(world, key="k")
    before = world.fingerprint()
    for other in (
        place(world, line(world.seat, 2), key="k"),
        place(world, external_reference="x", key="k"),
        world.call(
            "POST", "/orders/batch", {"orders": [draft(world)]}, headers={"Idempotency-Key": "k"}
        ),
        world.call(
            "POST",
            "/products",
            {"code": "x", "name": "x", "items": [{"sku": "user", "quantity": 1}]},
            headers={"Idempotency-Key": "k"},
        ),
    ):
        assert (other.status_code, answer(other)["code"]) == (422, "idempotency-key-reused")
    assert world.fingerprint() == before


def test_a_refused_attempt_burns_no_key(world: World) -> None:
    before = world.fingerprint()
    assert place(world, line(world.seat, 2, "remove"), key="k").status_code == 409
    assert place(world, line(world.seat, 0), key="k").status_code == 422
    assert world.fingerprint() == before
    assert place(world, line(world.seat, 2), key="k").status_code == 201


def test_a_replay_after_the_state_has_changed(world: World) -> None:
    first = place(world, line(world.seat, 2), key="k", external_reference="x")
    placed(world, line(world.seat, 2, "remove"))
    world.seat.status = "retired"
    world.seat.save(update_fields=["status"])
    terminate(world)
    again = place(world, line(world.seat, 2), key="k", external_reference="x")
    assert (again.status_code, again.content) == (201, first.content)


def test_keys_belong_to_the_group(world: World) -> None:
    other = World()
    assert place(world, key="k").status_code == 201
    mine = place(other, key="k")
    assert mine.status_code == 201
    assert "Idempotency-Replayed" not in mine
    second_client = make_token(world.group)
    status, _, replayed = post(world, orjson.dumps(draft(world)), "k", by=second_client)
    assert (status, replayed) == (201, True)


def test_visibility_comes_before_a_replay(world: World) -> None:
    other = World()
    body = draft(other)
    place(other, key="k")
    before = world.fingerprint()
    response = world.call("POST", "/orders", body, headers={"Idempotency-Key": "k"})
    assert response.status_code == 404
    assert world.fingerprint() == before


def test_keys_of_one_and_of_255_characters(world: World) -> None:
    for key in ("k", " ", "~" * 255, "a b"):
        assert place(world, key=key).status_code == 201
        assert place(world, key=key)["Idempotency-Replayed"] == "true"
    assert balances(world)["user"] == (4, 0)

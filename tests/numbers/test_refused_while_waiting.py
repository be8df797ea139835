"""Refusals for a number that waits for an approved port request: they name it, and what helps."""

from typing import Any

import pytest
from django.utils.translation import override

from fusion.kernel.errors import Problem
from fusion.portal.errors import explain
from tests.lifecycle.moving import changed, neighbour
from tests.numbers.porting import port_in_on, port_out_on, request, soon
from tests.numbers.stock import assign, assigned, block, entitle, path, range_of, refused, stock
from tests.trunks.calling import trunk_id
from tests.users.staff import created, link, results, row, submitted, work
from tests.world import World, answer, make_subscription

LANGUAGES = {"en": "change its date", "de": "Datum", "fr": "date", "nl": "datum"}


def says(
    problem: dict[str, Any],
    port: dict[str, Any],
    words: str = "Withdraw or reject that",
    *,
    help_: str | None = "",
) -> None:
    """The refusal names the request and its date, and what would help; also in the portal."""
    named = f"waiting for port request {port['id']} dated {port['port_date']}"
    assert named in problem["detail"] and words in problem["detail"], problem
    known = ("type", "title", "status", "code", "detail", "request_id")
    extra = {name: value for name, value in problem.items() if name not in known}
    texts = set()
    for language, date in LANGUAGES.items():
        with override(language):
            text = explain(Problem(problem["code"], problem["detail"], extra=extra))
        assert port["id"] in text and port["port_date"] in text
        assert help_ is None or date in text, text
        texts.add(text)
    assert len(texts) == len(LANGUAGES)


def coming_in(world: World) -> tuple[str, dict[str, Any]]:
    """A number that waits to be ported in, and its request."""
    entitle(world, 3)
    [e164] = block(1)
    return e164, port_in_on(world, soon(), e164)


def test_assigned_or_ported_in_again(world: World) -> None:
    e164, port = coming_in(world)
    before = world.fingerprint()
    for response in (
        assign(world, e164),
        assign(world, e164, status="reserved", until=soon()),
        world.call("POST", path(world, "port-in"), {"numbers": [e164]}),
    ):
        says(refused(world, before, response, 409, "number-not-available"), port)


@pytest.mark.parametrize("action", ["release", "unlink", "link"])
def test_changes_of_many(world: World, action: str) -> None:
    e164, port = coming_in(world)
    more = {"trunk_id": trunk_id(world)} if action == "link" else {}
    before = world.fingerprint()
    (result,) = changed(world, action, numbers=[e164], **more)
    assert result["status"] == 409 and world.fingerprint() == before
    says(result["problem"], port)


def test_a_range_with_a_number_that_returns(world: World) -> None:
    [e164] = stock(world, 1)
    entitle(world, 2)
    assigned(world, e164)
    assert world.call("POST", path(world, e164, "port-out")).status_code == 204
    port = port_in_on(world, soon(), e164)
    before = world.fingerprint()
    response = world.call("DELETE", f"/number-ranges/{range_of(e164).id}")
    problem = refused(world, before, response, 409, "conflict")
    says(problem, port, "Withdraw or reject the port requests that they wait for", help_=None)


def test_a_single_number(world: World) -> None:
    e164, port = coming_in(world)
    before = world.fingerprint()
    says(refused(world, before, world.call("DELETE", path(world, e164)), 409, "conflict"), port)
    for verb, code in (("port-out", "number-not-assigned"), ("restore", "number-not-available")):
        says(refused(world, before, world.call("POST", path(world, e164, verb)), 409, code), port)
    response = world.call("POST", path(world, e164, "port-out"), {"effective_at": soon()})
    problem = answer(response)
    assert response.status_code == 409 and world.fingerprint() == before
    assert port["id"] in problem["detail"] and port["port_date"] in problem["detail"]
    response = world.call("POST", f"/numbers/{e164}/restock", {"reason": "Needed"})
    says(refused(world, before, response, 409, "number-not-available"), port)


def test_another_request(world: World) -> None:
    e164, port = coming_in(world)
    before = world.fingerprint()
    for direction in ("in", "out"):
        response = request(world, direction, [e164], by=world.group)
        problem = answer(response)
        assert response.status_code == 409 and world.fingerprint() == before
        assert port["id"] in problem["detail"] and port["port_date"] in problem["detail"]


def test_links(world: World) -> None:
    e164, port = coming_in(world)
    user = created(world, "ada")
    trunk = f"/subscriptions/{world.subscription.id}/trunks/{trunk_id(world)}/numbers/{e164}"
    before = world.fingerprint()
    for response in (link(world, user, e164), world.call("PUT", trunk)):
        says(refused(world, before, response, 409, "number-not-assigned"), port)
    id = submitted(world, [row("bob", e164)])
    work()
    (result,) = results(world, id)
    assert result["status"] == 409
    says(result["problem"], port)


def test_a_number_that_is_to_be_ported_out(world: World) -> None:
    [e164] = stock(world, 1)
    entitle(world, 1)
    assigned(world, e164)
    port = port_out_on(world, e164, soon())
    before = world.fingerprint()
    response = world.call("POST", path(world, e164, "port-out"))
    says(refused(world, before, response, 409, "conflict"), port)
    assert world.call("DELETE", path(world, e164)).status_code == 204
    before = world.fingerprint()
    response = world.call("POST", f"/numbers/{e164}/restock", {"reason": "Needed"})
    says(refused(world, before, response, 409, "conflict"), port)


def test_others_do_not_learn_of_it(world: World) -> None:
    """Neither another subscription of the provider nor another provider."""
    e164, port = coming_in(world)
    there = neighbour(world, 2)
    other = World()
    foreign = make_subscription(other.tenant, "Foreign")
    for owner, subscription in ((world, there), (other, foreign)):
        for parts in ((), ("batch",), (e164, "port-out"), (e164, "restore")):
            where = f"/subscriptions/{subscription.id}/numbers"
            body = {"numbers": [e164], **({"action": "release"} if parts else {})}
            body = {} if e164 in parts else body
            response = owner.call("POST", "/".join([where, *parts]), body or None)
            assert response.status_code in (200, 404, 409), response.content
            text = response.content.decode()
            assert port["id"] not in text and port["port_date"] not in text

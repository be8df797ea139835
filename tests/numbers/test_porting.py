"""Who may port, what a port request goes through, and ports on their dates."""

from typing import Any

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due_ports import apply_due_ports
from fusion.numbers.sweep import sweep_numbers
from tests.lifecycle.moving import neighbour
from tests.numbers.porting import (
    decide,
    decided,
    fall_due,
    porting,
    request,
    requested,
    seen,
    soon,
    states,
)
from tests.numbers.stock import (
    assign,
    assigned,
    balance,
    block,
    entitle,
    entries,
    events_of,
    french,
    number,
    path,
    refused,
    run_out,
    statuses,
    stock,
)
from tests.users.staff import created, equip, licences, linked
from tests.users.staff import seen as user_seen
from tests.world import World, answer


def test_below_the_group_a_port_needs_a_request(world: World) -> None:
    [mine] = stock(world, 1)
    entitle(world, 3)
    assigned(world, mine)
    before = world.fingerprint()
    for by in (world.tenant, world.reseller, world.distributor):
        calls = (
            ("port-in", {"numbers": block(1)}),
            ("port-in", {"numbers": block(1), "effective_at": soon()}),
            ("port-in", {"surely": "unknown"}),
            (f"{mine}/port-out", None),
            (f"{mine}/port-out", {"effective_at": soon()}),
        )
        for end, body in calls:
            response = world.call("POST", path(world, end), body, by=by)
            problem = refused(world, before, response, 403, "port-request-needed")
            assert "Send a port request instead" in problem["detail"]
    elsewhere = neighbour(world)
    response = world.call(
        "POST", path(world, "port-in"), {"numbers": block(1)}, by=elsewhere.tenant
    )
    refused(world, world.fingerprint(), response, 404, "not-found")


def test_the_setting(world: World) -> None:
    there = f"/organizations/{world.group.id}/settings"
    assert answer(world.call("GET", there)) == {
        "porting": "request",
        "order_grace_hours": 24,
        "emergency_numbers": {},
    }
    before = world.fingerprint()
    refused(world, before, world.call("PATCH", there, {"porting": "x"}), 422, "invalid-fields")
    refused(world, before, world.call("PATCH", there, {}, by=world.tenant), 403, "forbidden")
    unknown = f"/organizations/{new_id()}/settings"
    refused(world, before, world.call("GET", unknown), 404, "not-found")
    [number_in] = block(1)
    entitle(world, 1)

    porting(world, "anyone")
    response = world.call("POST", path(world, "port-in"), {"numbers": [number_in]}, by=world.tenant)
    assert response.status_code == 201
    response = world.call("POST", path(world, number_in, "port-out"), by=world.tenant)
    assert response.status_code == 204

    porting(world, "group")
    before = world.fingerprint()
    for response in (
        request(world, "in", [number_in]),
        world.call("POST", path(world, "port-in"), {"numbers": [number_in]}, by=world.tenant),
    ):
        refused(world, before, response, 403, "forbidden")
    porting(world, "request")
    assert requested(world, "in", [number_in])["state"] == "open"


def test_a_request_in_is_approved_at_once(world: World) -> None:
    french(world)
    numbers = block(2)
    port = requested(
        world,
        "in",
        numbers,
        carrier="Other Telecom",
        note="Please.",
        attachments=["ticket 7", "https://files.example/loa.pdf"],
    )
    assert port["attachments"] == ["ticket 7", "https://files.example/loa.pdf"]
    assert (port["state"], port["port_date"], states(port)) == ("open", None, ["open"])
    before = world.fingerprint()
    refused(world, before, decide(world, port, "approve"), 409, "no-entitlement")
    refused(world, before, decide(world, port, "approve", by=world.tenant), 403, "forbidden")
    entitle(world, 2)
    done = decided(world, port, "approve")
    assert (done["state"], states(done)) == ("completed", ["open", "completed"])
    assert done == {**seen(world, port), "warnings": []}
    below = seen(world, port, by=world.tenant)
    assert (below["decided_by"], below["history"][1]["by"]) == ("group", "group")
    assert statuses(*numbers) == ["assigned"] * 2
    assert balance(world) == (2, 2)
    assert list(events_of(world, numbers[0])) == [("number.ported", "assigned")]
    assert [type for type, _ in events_of(world, port["id"])] == [
        "port-request.created",
        "port-request.completed",
    ]
    before = world.fingerprint()
    for response in (
        decide(world, port, "approve"),
        decide(world, port, "reject", reason="No."),
        decide(world, port, "withdraw"),
    ):
        refused(world, before, response, 409, "conflict")


def test_a_dated_port_in_consumes_now_and_assigns_on_its_date(world: World) -> None:
    french(world)
    one, two = block(2)
    entitle(world, 2)
    port = requested(world, "in", [one, two], port_date=soon(3))
    later = soon(5)
    approved = decided(world, port, "approve", port_date=later)
    assert (approved["state"], approved["port_date"]) == ("approved", later)
    shown = number(world, one)
    assert (shown["status"], shown["origin"]) == ("reserved", "ported")
    assert (shown["until"], shown["port_request_id"]) == (later, port["id"])
    assert balance(world) == (2, 2)
    before = world.fingerprint()
    refused(world, before, assign(world, one), 409, "number-not-available")
    refused(world, before, world.call("DELETE", path(world, one)), 409, "conflict")
    body = {"action": "release", "numbers": [one]}
    [result] = answer(world.call("POST", path(world, "batch"), body))["results"]
    assert result["problem"]["code"] == "conflict"
    assert apply_due_ports() == 0

    earlier = soon(4)
    redated = decided(world, port, "approve", port_date=earlier)
    assert redated["port_date"] == earlier
    again = decided(world, port, "approve", port_date=earlier)  # nothing happens, nobody gets mail
    assert again["history"] == redated["history"]
    assert number(world, two)["until"] == earlier
    fall_due(port)
    sweep_numbers()  # which leaves it alone
    assert statuses(one, two) == ["reserved", "reserved"]
    assert apply_due_ports() == 1
    assert apply_due_ports() == 0
    done = seen(world, port)
    assert (done["state"], states(done)) == (
        "completed",
        ["open", "approved", "approved", "completed"],
    )
    shown = number(world, one)
    assert (shown["status"], shown["until"], shown["port_request_id"]) == ("assigned", None, None)
    assert entries(world, one) == ["consume"]
    assert [type for type, _ in events_of(world, one)] == ["number.reserved", "number.ported"]
    assert differences() == []


def test_a_dated_port_out_ends_links_and_quarantine(world: World) -> None:
    of_user, resting, kept = equip(world, 1, 3)
    user = linked(world, created(world), of_user)
    world.call("DELETE", path(world, resting))
    port = requested(world, "out", [of_user, resting], port_date=soon(), carrier="Other Telecom")
    assert decided(world, port, "approve")["state"] == "approved"
    assert number(world, of_user)["port_request_id"] == port["id"]
    run_out(resting)
    sweep_numbers()
    assert statuses(of_user, resting) == ["assigned", "quarantined"]  # it waits for its port
    response = world.call("POST", f"/numbers/{resting}/restock", {"reason": "Mistake"})
    refused(world, world.fingerprint(), response, 409, "conflict")
    fall_due(port)
    assert apply_due_ports() == 1
    assert statuses(of_user, resting, kept) == ["ported_out", "ported_out", "assigned"]
    assert user_seen(world, user)["number"] is None
    assert (balance(world), licences(world)) == ((3, 1), (1, 0))
    assert list(events_of(world, of_user))[-1] == ("number.ported", "assigned")
    assert seen(world, port, by=world.tenant)["state"] == "completed"
    assert differences() == []


def test_a_number_of_a_range_stays_known_and_returns(world: World) -> None:
    one, two = stock(world, 2)
    entitle(world, 2)
    assigned(world, one)
    response = world.call("POST", path(world, one, "port-out"))
    assert (response.status_code, balance(world)) == (204, (2, 0))
    shown = number(world, one)
    assert (shown["status"], shown["subscription_id"], shown["origin"]) == (
        "ported_out",
        None,
        "inventory",
    )
    listed = [
        [each["e164"] for each in answer(world.call("GET", f"/numbers{filters}"))["items"]]
        for filters in ("", "?sku=fr-geographic", "?status=free", "?status=ported_out")
    ]
    assert listed == [[two], [two], [two], [one]]
    [stock_of_it] = [
        each
        for each in answer(world.call("GET", "/numbers/summary"))["items"]
        if each["sku"] == "fr-geographic"
    ]
    assert stock_of_it["free"] == 1
    for by in (world.tenant, world.reseller):
        assert world.call("GET", f"/numbers/{one}", by=by).status_code == 404
        assert answer(world.call("GET", "/numbers?status=ported_out", by=by))["items"] == []
    before = world.fingerprint()
    refused(world, before, assign(world, one), 409, "number-not-available")

    response = world.call("POST", path(world, "port-in"), {"numbers": [one]})
    assert response.status_code == 201
    [back] = answer(response)["items"]
    assert (back["origin"], back["sku"], back["status"]) == (
        "inventory",
        "fr-geographic",
        "assigned",
    )
    assert balance(world) == (2, 1)
    assert differences() == []


def test_a_number_ported_out_may_go_through_another_provider(world: World) -> None:
    one, other = stock(world, 2)
    entitle(world, 2)
    assigned(world, one, other)
    for each in (one, other):
        assert world.call("POST", path(world, each, "port-out")).status_code == 204
    elsewhere = World()
    entitle(elsewhere, 1)
    there = path(elsewhere, "port-in")
    assert elsewhere.call("POST", there, {"numbers": [one]}).status_code == 201
    assert number(world, one) is None
    assert statuses(other) == ["ported_out"]
    before = world.fingerprint()
    response = world.call("POST", path(world, "port-in"), {"numbers": [one]})
    refused(world, before, response, 409, "number-not-available")
    assert elsewhere.call("POST", path(elsewhere, one, "port-out")).status_code == 204
    response = world.call("POST", path(world, "port-in"), {"numbers": [one]})
    assert answer(response)["items"][0]["origin"] == "inventory"
    assert differences() == []


def test_rejected_and_withdrawn(world: World) -> None:
    one, two = block(2)
    entitle(world, 3)
    [mine] = stock(world, 1)
    assigned(world, mine)
    first = requested(world, "in", [one], port_date=soon())
    decided(world, first, "approve")
    rejected = decided(world, first, "reject", reason="The carrier refuses.")
    assert (rejected["state"], rejected["reason"]) == ("rejected", "The carrier refuses.")
    assert rejected["history"][-1]["reason"] == "The carrier refuses."
    assert (statuses(one), balance(world)) == ([None], (3, 1))
    out = requested(world, "out", [mine], port_date=soon())
    decided(world, out, "approve")
    other = neighbour(world)
    refused(
        world,
        world.fingerprint(),
        decide(world, out, "withdraw", by=other.tenant),
        404,
        "not-found",
    )
    assert decided(world, out, "withdraw", by=world.tenant)["state"] == "withdrawn"
    assert number(world, mine)["port_request_id"] is None
    above = requested(world, "in", [two], by=world.reseller)
    before = world.fingerprint()
    refused(world, before, decide(world, above, "withdraw", by=world.tenant), 403, "forbidden")
    fall_due(first, out)
    assert apply_due_ports() == 0
    assert differences() == []


def test_what_is_refused_at_the_request(world: World) -> None:
    [mine, free], [foreign] = stock(world, 2), stock(World(), 1)
    entitle(world, 1)
    assigned(world, mine)
    before = world.fingerprint()
    for direction, numbers, status, code in (
        ("in", [mine], 409, "number-not-available"),
        ("in", [foreign], 409, "number-not-available"),
        ("in", ["+447700900123"], 422, "invalid-fields"),
        ("out", [free], 409, "number-not-assigned"),
        ("out", [mine, foreign], 409, "number-not-assigned"),
    ):
        refused(world, before, request(world, direction, numbers), status, code)
    wrong: list[dict[str, Any]] = [
        {"port_date": "2026-01-01T00:00:00Z"},
        {"port_date": soon(400)},
        {"port_date": "soon"},
        {"sku": "fr-geographic"},
        {"attachments": "one"},
        {"attachments": ["x"] * 21},
        {"carrier": "x" * 201},
        {"direction": "up"},
        {"unknown": 1},
    ]
    for more in wrong:
        response = request(world, **{"direction": "out", "numbers": [mine], **more})
        refused(world, before, response, 422, "invalid-fields")
    requested(world, "out", [mine])
    before = world.fingerprint()
    refused(world, before, request(world, "out", [mine]), 409, "conflict")
    response = world.call("POST", path(world, mine, "port-out"), {"effective_at": soon()})
    refused(world, before, response, 409, "conflict")


def test_lists(world: World) -> None:
    one, two = block(2)
    french(world)
    entitle(world, 1)
    first, last = requested(world, "in", [one]), requested(world, "in", [two])
    decided(world, first, "approve")

    def listed(query: str, by: Any = None) -> list[str]:
        return [each["id"] for each in answer(world.call("GET", query, by=by))["items"]]

    for by in (world.group, world.reseller, world.tenant):
        assert listed("/port-requests", by) == [last["id"], first["id"]]
    assert listed("/port-requests?state=open") == [last["id"]]
    assert listed("/port-requests?direction=out") == []
    assert listed(f"/port-requests?organization_id={world.reseller.id}&limit=1") == [last["id"]]
    of_it = f"/subscriptions/{world.subscription.id}/port-requests"
    assert listed(f"{of_it}?state=completed") == [first["id"]]
    other = neighbour(world)
    assert listed("/port-requests", other.tenant) == []
    assert seen(world, first, by=other.tenant) is None


def test_a_repeated_request(world: World) -> None:
    [one] = block(1)
    french(world)
    body = {"direction": "in", "numbers": [one]}
    there = f"/subscriptions/{world.subscription.id}/port-requests"
    headers = {"Idempotency-Key": "p"}
    first = world.call("POST", there, body, by=world.tenant, headers=headers)
    assert first["Location"] == f"/api/v1/port-requests/{answer(first)['id']}"
    before = world.fingerprint()
    again = world.call("POST", there, body, by=world.tenant, headers=headers)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert world.fingerprint() == before


def test_a_port_in_may_name_its_sku(world: World) -> None:
    world.sku("fr-other", "entitlement", "number", "FR", "geographic")
    french(world)
    [one] = block(1)
    port = requested(world, "in", [one], sku="fr-other")
    before = world.fingerprint()
    problem = refused(world, before, decide(world, port, "approve"), 409, "no-entitlement")
    assert problem["refusals"][0]["sku"] == "fr-other"


def test_a_port_in_of_another_type_than_named(world: World) -> None:
    """It said that no SKU matches, though one does."""
    french(world)
    [one] = block(1)
    there = f"/subscriptions/{world.subscription.id}/port-requests"
    body = {"direction": "in", "numbers": [one], "sku": "be-geographic"}
    before = world.fingerprint()
    problem = refused(world, before, world.call("POST", there, body), 422, "invalid-fields")
    assert problem["errors"][0]["message"] == (
        f"{one} is a geographic number of FR, not of be-geographic; give a matching number type "
        "(`sku`), or none"
    )

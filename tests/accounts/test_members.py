"""Members: adding, roles, removing, and what nobody learns of other organizations."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import check_password

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER
from fusion.accounts.create_member import create_member
from fusion.accounts.invite_member import invite_member
from fusion.accounts.models import Member, User
from fusion.kernel.errors import Problem
from fusion.tenancy.models import Organization
from tests.tenancy.acting import at_once, audited, refused
from tests.world import World, answer


def address() -> str:
    return f"Ada.{uuid4().hex}@Example.org"


def add(world: World, to: Organization, email: str, role: str = AGENT, **more: Any) -> Any:
    by = more.pop("by", None)
    body = {"email": email, "role": role, **more}
    return world.call("POST", f"/organizations/{to.id}/members", body, by=by)


@pytest.mark.parametrize("by", ["group", "distributor", "reseller"])
def test_add_read_change_remove(world: World, by: str) -> None:
    above: Organization = getattr(world, by)
    email = address()
    response = add(world, world.reseller, email, name="Ada", by=above)
    assert response.status_code == 201
    made = answer(response)
    assert made == {
        "id": made["id"],
        "organization_id": str(world.reseller.id),
        "email": email.lower(),
        "name": "Ada",
        "role": "agent",
        "status": "invited",
        "created_at": made["created_at"],
        "expires_at": made["expires_at"],
    }
    path = f"/organizations/{world.reseller.id}/members/{made['id']}"
    assert response["Location"] == f"/api/v1{path}"
    assert answer(world.call("GET", path, by=above)) == made
    changed = world.call("PATCH", path, {"role": "viewer"}, by=above)
    assert (changed.status_code, answer(changed)) == (200, {**made, "role": "viewer"})
    assert answer(world.call("PATCH", path, {}, by=above))["role"] == "viewer"
    assert world.call("DELETE", path, by=above).status_code == 204
    assert world.call("GET", path, by=above).status_code == 404
    assert [verb for verb, _, _ in audited(world)] == [
        "invitation.create",
        "member.change_role",
        "member.change_role",
        "member.remove",
    ]


def test_actors_below_and_beside_are_refused(world: World) -> None:
    made = answer(add(world, world.distributor, address()))
    world.token(world.reseller)
    before = world.fingerprint()
    path = f"/organizations/{world.distributor.id}/members"
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("POST", path, {}),
        ("GET", f"{path}/{made['id']}", None),
        ("PATCH", f"{path}/{made['id']}", {}),
        ("DELETE", f"{path}/{made['id']}", None),
    ]
    for method, where, body in calls:
        response = world.call(method, where, body, by=world.reseller)
        refused(world, response, 404, "not-found", before)


@pytest.mark.parametrize("role", [AGENT, VIEWER])
def test_only_administrators(world: World, role: str) -> None:
    before = world.fingerprint()
    with pytest.raises(Problem, match="Only the role"):
        invite_member(
            world.actor(role=role), organization_id=world.group.id, email=address(), role=AGENT
        )
    assert world.fingerprint() == before


def test_a_member_of_another_organization_is_404(world: World) -> None:
    made = answer(add(world, world.tenant, address()))
    before = world.fingerprint()
    for organization in (world.reseller.id, world.group.id):
        path = f"/organizations/{organization}/members/{made['id']}"
        refused(world, world.call("GET", path), 404, "not-found", before)
        refused(world, world.call("PATCH", path, {"role": "viewer"}), 404, "not-found", before)
        refused(world, world.call("DELETE", path), 404, "not-found", before)


@pytest.mark.parametrize("how", ["invited", "a member"])
def test_once_per_organization_in_any_case(world: World, how: str) -> None:
    email = address()
    if how == "invited":
        assert add(world, world.tenant, email).status_code == 201
    else:
        create_member(world.actor(), organization_id=world.tenant.id, email=email)
    before = world.fingerprint()
    for spelling in (email, email.upper(), f" {email.lower()} "):
        refused(world, add(world, world.tenant, spelling), 409, "conflict", before)
    assert add(world, world.reseller, email.upper()).status_code == 201


def test_answers_do_not_reveal_other_memberships(world: World) -> None:
    other = World()
    known, unknown = address(), address()
    elsewhere = create_member(
        other.actor(), organization_id=other.group.id, email=known, name="Ada Elsewhere"
    ).body
    result = [answer(add(world, world.tenant, email)) for email in (known, unknown)]
    assert [(t["name"], t["role"], t["status"], sorted(t)) for t in result] == [
        (None, "agent", "invited", sorted(result[1])),
        (None, "agent", "invited", sorted(result[1])),
    ]
    assert elsewhere["id"] not in str(result)
    person = User.objects.get(email=known.lower())
    assert str(person.id) not in str(result)
    assert not User.objects.filter(email=unknown.lower()).exists(), "before they accept"


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a@b"},
        {"email": "a b@example.org"},
        {"email": f"{'a' * 250}@example.org"},
        {"email": "a\0@example.org"},
        {"email": "a@example.org\nBcc: b@example.org"},
        {"email": 5},
        {"email": None},
        {"role": "owner"},
        {"role": None},
        {"name": ""},
        {"password": "secret secret"},
    ],
)
def test_bad_fields(world: World, wrong: dict[str, Any]) -> None:
    world.token(world.group)
    before = world.fingerprint()
    response = world.call(
        "POST",
        f"/organizations/{world.tenant.id}/members",
        {"email": address(), "role": "agent", **wrong},
    )
    refused(world, response, 422, "invalid-fields", before)


def test_list(world: World) -> None:
    """Members and those invited stand in one list, newest first, each once on its pages."""
    made = []
    for number in range(7):
        if number % 2:
            made.append(answer(add(world, world.tenant, address())))
        else:
            done = create_member(world.actor(), organization_id=world.tenant.id, email=address())
            made.append(done.body)
    add(world, world.reseller, address())
    path = f"/organizations/{world.tenant.id}/members"
    found, cursor = [], ""
    for _ in range(len(made)):
        page = answer(world.call("GET", f"{path}?limit=2{cursor}"))
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == made[::-1]
    assert {each["status"] for each in found} == {"invited", "active"}
    for each in made:
        assert answer(world.call("GET", f"{path}/{each['id']}")) == each


def test_the_same_person_at_once(world: World) -> None:
    email = address()
    actor = world.actor()

    def join(organization: Organization) -> Any:
        return create_member(actor, organization_id=organization.id, email=email, role=AGENT)

    outcomes = at_once(
        *[lambda: join(world.tenant) for _ in range(3)],
        lambda: join(world.reseller),
        lambda: join(world.group),
    )
    problems = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [getattr(problem, "code", problem) for problem in problems] == ["conflict"] * 2
    assert User.objects.filter(email=email.lower()).count() == 1
    person = User.objects.get(email=email.lower())
    assert not person.has_usable_password()
    assert Member.objects.unscoped("test").filter(user=person).count() == 3


def test_enrol_sets_a_first_password_and_never_another(world: World) -> None:
    email, password = address(), "correct horse battery"
    made = create_member(
        world.actor(), organization_id=world.group.id, email=email, password=password
    )
    assert made.body["role"] == ADMINISTRATOR
    person = User.objects.get(email=email.lower())
    assert person.password.startswith("argon2")
    assert check_password(password, person.password)
    assert User.objects.get_by_natural_key(email.upper()) == person
    assert password not in str(audited(world))
    before = world.fingerprint()
    for organization, more in [
        (world.tenant, {"password": "another long password"}),
        (world.group, {}),
    ]:
        with pytest.raises(Problem) as problem:
            create_member(world.actor(), organization_id=organization.id, email=email, **more)
        assert problem.value.code == "conflict"
    with pytest.raises(Problem, match="12 characters"):
        create_member(
            world.actor(), organization_id=world.tenant.id, email=address(), password="short"
        )
    with pytest.raises(Problem, match="e-mail"):
        create_member(world.actor(), organization_id=world.tenant.id, email="nobody")
    assert world.fingerprint() == before
    person.refresh_from_db()
    assert check_password(password, person.password)


def test_repeated_with_a_key(world: World) -> None:
    email = address()
    body = {"email": email, "role": "agent"}
    path = f"/organizations/{world.tenant.id}/members"
    key = {"Idempotency-Key": "add"}
    first = world.call("POST", path, body, headers=key)
    again = world.call("POST", path, body, headers=key)
    assert (first.content, first["Location"]) == (again.content, again["Location"])
    assert again["Idempotency-Replayed"] == "true"

"""Invitations: made, sent again, withdrawn, accepted once, by whoever has the link alone."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER, Actor, system_actor
from fusion.access.models import AuditRecord
from fusion.accounts.accept_invitation import accept_invitation
from fusion.accounts.invitation_keys import digest, mailed_key
from fusion.accounts.invitations import LIFE, MOST_A_DAY, invitation_of
from fusion.accounts.invite_member import invite_member
from fusion.accounts.models import MOST_SENT, Invitation, Member, User
from fusion.accounts.renew_invitation import renew_invitation
from fusion.accounts.withdraw_invitation import withdraw_invitation
from fusion.kernel.clock import now
from fusion.kernel.errors import Problem
from tests.concurrency.actors import at_once
from tests.world import World


def author(world: World) -> Actor:
    """An administrator of the group, who is there for as long as the test."""
    person, _ = User.objects.get_or_create(email=f"author@{world.group.id}.example.com")
    rows = Member.objects.unscoped("test")
    member, _ = rows.get_or_create(user=person, organization=world.group, role=ADMINISTRATOR)
    return replace(world.actor(), label=f"member:{member.id}")


def key_of(id: UUID) -> str:
    """The key of an invitation's newest mail."""
    return mailed_key(id, Invitation.objects.unscoped("test").get(id=id).sent)


def invited(world: World, email: str = "new@example.com") -> tuple[UUID, str]:
    """The id and the mailed key of an invitation of the tenant."""
    answer = invite_member(author(world), organization_id=world.tenant.id, email=email, role=AGENT)
    id = UUID(answer.body["id"])
    return id, key_of(id)


def accept(world: World, id: UUID, token: str) -> str:
    """What accepting comes to: `201`, or the code of the refusal."""
    try:
        answer = accept_invitation(
            system_actor(world.group.id, "system:invitation"),
            organization_id=world.tenant.id,
            invitation_id=id,
            key=token,
            name="New",
        )
    except Problem as problem:
        return problem.code
    return str(answer.status)


def state(id: UUID) -> str:
    """The state of an invitation."""
    return Invitation.objects.unscoped("test").get(id=id).state


def members(world: World) -> list[tuple[str, str]]:
    """(e-mail, role) of the tenant's members."""
    rows = Member.objects.unscoped("test").filter(organization=world.tenant)
    return list(rows.values_list("user__email", "role"))


def test_accepted_once(world: World) -> None:
    id, token = invited(world)
    assert invitation_of(token).id == id
    assert members(world) == []
    assert accept(world, id, token) == "201"
    assert members(world) == [("new@example.com", AGENT)]
    assert (accept(world, id, token), state(id)) == ("conflict", "accepted")
    with pytest.raises(Problem):
        invitation_of(token)


def test_the_secret_is_stored_nowhere(world: World) -> None:
    id, token = invited(world)
    row = Invitation.objects.unscoped("test").get(id=id)
    assert bytes(row.token) == digest(token)
    records = AuditRecord.objects.filter(object_id=str(id))
    assert len(records) == 1
    accept(world, id, token)
    assert all(token not in str(record.detail) for record in records.all())


def test_a_wrong_or_former_secret_and_one_that_is_over(world: World) -> None:
    id, token = invited(world)
    before = world.fingerprint()
    assert accept(world, id, "guessed") == "conflict"
    assert world.fingerprint() == before
    renew_invitation(author(world), organization_id=world.tenant.id, invitation_id=id)
    assert accept(world, id, token) == "conflict"
    rows = Invitation.objects.unscoped("test").filter(id=id)
    assert rows.get().expires_at > now() + LIFE - timedelta(minutes=1)
    rows.update(expires_at=now())
    assert accept(world, id, key_of(id)) == "conflict"
    assert members(world) == []


@pytest.mark.parametrize("email", ["new@example.com", "member@example.com"])
def test_invited_or_a_member_already(world: World, email: str) -> None:
    invited(world)
    id, token = invited(world, "member@example.com")
    assert accept(world, id, token) == "201"
    before = world.fingerprint()
    with pytest.raises(Problem) as refused:
        invited(world, email)
    assert refused.value.code == "conflict" and email in refused.value.detail
    assert world.fingerprint() == before


def test_withdrawn(world: World) -> None:
    id, token = invited(world)
    withdraw_invitation(world.actor(), organization_id=world.tenant.id, invitation_id=id)
    before = world.fingerprint()
    assert accept(world, id, token) == "conflict"
    with pytest.raises(Problem):
        renew_invitation(world.actor(), organization_id=world.tenant.id, invitation_id=id)
    assert world.fingerprint() == before
    invited(world)


def test_roles_and_foreign_ones(world: World) -> None:
    other = World()
    id, _ = invited(world)
    before = world.fingerprint()
    for actor, code in (
        (world.actor("tenant", AGENT), "forbidden"),
        (world.actor("tenant", VIEWER), "forbidden"),
        (other.actor(), "not-found"),
    ):
        for action in (renew_invitation, withdraw_invitation):
            with pytest.raises(Problem) as refused:
                action(actor, organization_id=world.tenant.id, invitation_id=id)
            assert refused.value.code == code
        with pytest.raises(Problem) as refused:
            invite_member(actor, organization_id=world.tenant.id, email="x@example.com", role=AGENT)
        assert refused.value.code == code
    with pytest.raises(Problem) as refused:
        renew_invitation(world.actor(), organization_id=world.reseller.id, invitation_id=id)
    assert refused.value.code == "not-found"
    assert world.fingerprint() == before


def test_two_accept_at_once(world: World) -> None:
    id, token = invited(world)
    outcomes = at_once(*[lambda: accept(world, id, token)] * 4)
    assert sorted(outcomes) == ["201", "conflict", "conflict", "conflict"]
    assert len(members(world)) == 1


def test_accepting_against_withdrawing(world: World) -> None:
    for number in range(5):
        id, token = invited(world, f"race-{number}@example.com")

        def withdraw(id: UUID = id) -> str:
            try:
                withdraw_invitation(
                    world.actor(), organization_id=world.tenant.id, invitation_id=id
                )
            except Problem as problem:
                return problem.code
            return "200"

        accepted, withdrawn = at_once(partial(accept, world, id, token), withdraw)
        is_member = (f"race-{number}@example.com", AGENT) in members(world)
        assert (accepted == "201") == is_member == (state(id) == "accepted")
        assert (withdrawn == "200") != (accepted == "201")


def test_two_invite_the_same_at_once(world: World) -> None:
    def invite() -> str:
        try:
            invited(world, "twice@example.com")
        except Problem as problem:
            return problem.code
        return "201"

    assert sorted(at_once(*[invite] * 4)) == ["201", "conflict", "conflict", "conflict"]


def test_one_is_sent_five_times_at_most(world: World) -> None:
    id, _ = invited(world)
    again = {"organization_id": world.tenant.id, "invitation_id": id}
    for _ in range(MOST_SENT - 1):
        renew_invitation(author(world), **again)
    token = key_of(id)
    before = world.fingerprint()
    with pytest.raises(Problem) as refused:
        renew_invitation(world.actor(), **again)
    assert (refused.value.code, refused.value.extra) == ("rate-limited", {"sent": MOST_SENT})
    assert world.fingerprint() == before
    assert accept(world, id, token) == "201"


def test_an_organization_invites_a_hundred_people_within_a_day(world: World) -> None:
    for number in range(MOST_A_DAY - 2):
        invited(world, f"{number}@example.com")

    def one_more(name: str) -> str:
        try:
            invited(world, f"{name}@example.com")
        except Problem as problem:
            return problem.code
        return "done"

    result = at_once(*[lambda name=name: one_more(name) for name in "abcd"])
    assert sorted(result) == ["done", "done", "rate-limited", "rate-limited"]
    yesterday = now() - timedelta(days=1)
    rows = Invitation.objects.unscoped("test").filter(organization_id=world.tenant.id)
    rows.filter(email="0@example.com").update(created_at=yesterday)
    invited(world, "z@example.com")
    with pytest.raises(Problem) as refused:
        invited(world, "y@example.com")
    assert refused.value.extra == {"invited": MOST_A_DAY}

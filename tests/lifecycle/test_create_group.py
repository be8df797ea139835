"""Founding a group."""

from uuid import UUID, uuid4

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection

from fusion.access.actor import SCOPES, system_actor
from fusion.accounts.models import Member
from fusion.catalogue.metrics import licenses
from fusion.catalogue.models import Sku
from fusion.clients.create_client import create_client
from fusion.kernel.errors import Problem
from fusion.lifecycle.create_group import create_group
from fusion.tenancy.models import Organization
from tests.tenancy.acting import token_of
from tests.world import World, answer


def test_a_group_with_its_licences_and_administrator(world: World) -> None:
    email = f"{uuid4().hex}@Example.org"
    founded = create_group(
        name="Northwind Voice",
        external_reference="nv",
        administrator=email,
        password="correct horse battery",
        label="system:test",
    ).body
    id = UUID(founded["id"])
    assert founded == {
        "id": str(id),
        "kind": "group",
        "parent_id": None,
        "group_id": str(id),
        "name": "Northwind Voice",
        "external_reference": "nv",
        "country": None,
        "created_at": founded["created_at"],
    }
    skus = Sku.objects.unscoped("test").filter(group_id=id).order_by("code")
    found = [(sku.code, sku.name, sku.metric) for sku in skus if sku.type == "license"]
    assert found == sorted(licenses()) and len(found) == len(skus)
    assert {("sip-channel", "SIP channel", "sip_channel"), ("user", "User licence", "user")} <= set(
        found
    )
    [member] = Member.objects.unscoped("test").filter(organization_id=id).select_related("user")
    assert (member.role, member.user.email) == ("administrator", email.lower())
    assert check_password("correct horse battery", member.user.password)
    with connection.cursor() as cursor:
        cursor.execute("SELECT type FROM events_event WHERE group_id = %s", [id])
        assert cursor.fetchall() == [("organization.created",)]
        cursor.execute(
            "SELECT verb, actor, detail::text FROM tenancy_auditrecord WHERE group_id = %s"
            " ORDER BY id",
            [id],
        )
        records = cursor.fetchall()
    assert [(verb, actor) for verb, actor, _ in records] == [
        ("member.enrol", "system:test"),
        ("organization.found", "system:test"),
    ]
    assert "battery" not in str(records)

    client = create_client(
        system_actor(id, "system:test"), organization_id=id, name="First", scopes=list(SCOPES)
    ).body
    shown = answer(world.call("GET", f"/organizations/{id}", by=token_of(client)))
    assert shown == founded


@pytest.mark.parametrize(
    "wrong",
    [
        {"administrator": "nobody"},
        {"administrator": f"{uuid4().hex}@example.org", "password": "short"},
        {"password": "no one to use it"},
    ],
)
def test_all_or_nothing(wrong: dict[str, str]) -> None:
    name = f"Never {uuid4()}"
    with pytest.raises(Problem) as problem:
        create_group(name=name, **wrong)
    assert problem.value.code == "invalid-fields"
    assert not Organization.objects.unscoped("test").filter(name=name).exists()

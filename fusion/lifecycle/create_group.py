"""Creating a group: the provider itself, with the licence SKUs of every provider."""

from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, GROUP, Actor, system_actor
from fusion.access.permissions import MANAGE_ORGANIZATIONS
from fusion.access.use_case import Answer, Done, use_case
from fusion.accounts.create_member import create_member
from fusion.catalogue.metrics import licenses
from fusion.catalogue.models import LICENSE, Sku
from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import new_id
from fusion.ordering.start_numbers import make_sequence
from fusion.tenancy.emit_changes import emit_organization_event
from fusion.tenancy.models import Organization
from fusion.tenancy.references import owner_of


def create_group(
    *,
    name: str,
    external_reference: str | None = None,
    administrator: str | None = None,
    password: str | None = None,
    label: str = "system:found",
) -> Answer:
    """Create a group; its document is the answer's body.

    `administrator` is the e-mail of its first administrator, who signs in with `password` if given;
    `label` is the actor in the audit trail. There is nobody above a group, so only operators of
    Fusion can do this, never the API. All or nothing.
    """
    if password is not None and administrator is None:
        raise InvalidFields(password="is for an administrator, but none is named")
    group_id = new_id()
    return _create_group(
        system_actor(group_id, label),
        group_id=group_id,
        name=name,
        external_reference=external_reference,
        administrator=administrator,
        password=password,
    )


@use_case(MANAGE_ORGANIZATIONS, verb="organization.found", status=201, unaudited=("password",))
def _create_group(
    actor: Actor,
    *,
    group_id: UUID,
    name: str,
    external_reference: str | None,
    administrator: str | None,
    password: str | None,
) -> Done:
    group = Organization(
        id=group_id,
        kind=GROUP,
        group_id=group_id,
        path=actor.path,
        name=name,
        external_reference=external_reference,
        reference_owner_id=owner_of(actor, external_reference),
    )
    group.save(force_insert=True)
    make_sequence(group_id)
    for code, title, metric in licenses():
        sku = Sku(group_id=group_id, code=code, name=title, type=LICENSE, metric=metric)
        sku.save(force_insert=True)
    document = emit_organization_event(actor, group, "created")
    if administrator is not None:
        create_member(
            actor,
            organization_id=group_id,
            email=administrator,
            password=password,
            role=ADMINISTRATOR,
        )
    return Done(document, group.path, group_id)

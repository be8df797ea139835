"""The objects of a demonstration in this database, and finding an existing one.

The audit record written with it is the marker, because nobody can edit it.
"""

from dataclasses import asdict, dataclass
from uuid import UUID

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast

from fusion.access import audit
from fusion.access.actor import system_actor
from fusion.access.models import AuditRecord
from fusion.tenancy.models import Organization, Subscription

LABEL = "system:demo"
VERB = "demo.load"
MARKER = "demo"
CLIENT = "Demonstration"
"""The name of the API clients."""

REASON = "the demonstration is whose database this is"


@dataclass(frozen=True, slots=True)
class Installation:
    """The ids of the path down to one subscription, and of the second provider."""

    group: UUID
    distributor: UUID
    reseller: UUID
    tenant: UUID
    subscription: UUID
    other_group: UUID

    def organizations(self) -> dict[str, UUID]:
        """The organizations that have API clients: their name in `demo.json` → id."""
        named = asdict(self)
        return {name: id for name, id in named.items() if name != "subscription"}

    def group_of(self, name: str) -> UUID:
        """The group that the organization of this name belongs to."""
        return self.other_group if name == "other_group" else self.group


def record(installation: Installation) -> None:
    """Write the marker, in the transaction that creates the demonstration."""
    actor = system_actor(installation.group, LABEL)
    audit.record(
        actor,
        verb=VERB,
        object_type="demo",
        object_id=MARKER,
        path=actor.path,
        detail=asdict(installation),
    )


def find_installation() -> Installation | None:
    """The newest one, unless one of its organizations or its subscription has ended."""
    markers = AuditRecord.objects.filter(object_id=MARKER, verb=VERB)
    marker = markers.order_by("-id").values_list(Cast("detail", TextField()), flat=True).first()
    if marker is None:
        return None
    named = orjson.loads(marker)
    installation = Installation(**{name: UUID(id) for name, id in named.items()})
    organizations = Organization.objects.unscoped(REASON).filter(
        id__in=installation.organizations().values(), status="active"
    )
    subscriptions = Subscription.objects.unscoped(REASON).filter(id=installation.subscription)
    whole = (
        organizations.count() == len(installation.organizations())
        and subscriptions.exclude(status="terminated").exists()
    )
    return installation if whole else None

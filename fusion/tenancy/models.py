"""Organizations, subscriptions, people, API clients, and the audit trail."""

from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from oauth2_provider.models import AbstractApplication

from fusion.events.models import JsonTextField
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.tenancy.actor import KINDS
from fusion.tenancy.person_models import INVITATION_STATES, MOST_SENT, Invitation, Member, User
from fusion.tenancy.scope import Scoped, UnscopedQuery, within_group, within_path, within_tree

__all__ = [
    "INVITATION_STATES",
    "MOST_SENT",
    "ApiClient",
    "AuditRecord",
    "Brand",
    "ClientAttempt",
    "Hold",
    "Idempotency",
    "Invitation",
    "Member",
    "Organization",
    "Subscription",
    "User",
]


class Organization(models.Model):
    """A node of the tree group › distributor › reseller › tenant. The parent never changes.

    `path` is the ids from the group down to this node, each followed by `/`: a subtree is one range
    of its index. `reference_owner` is the organization that set the external reference.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=16)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    group = models.ForeignKey("self", models.PROTECT, related_name="+", db_index=False)
    path = models.CharField(max_length=160, unique=True, db_collation="C")
    name = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=100, null=True)
    reference_owner = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False
    )
    status = models.CharField(max_length=16, default="active")
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Organization"](within_path())

    class Meta:
        indexes = [
            models.Index("parent", "path", name="organization_children"),
            models.Index(F("parent"), Lower("name"), F("id"), name="organization_by_name"),
            models.Index("group", "kind", "path", name="organization_of_kind"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="organization_kind"),
            models.CheckConstraint(
                condition=Q(status__in=("active", "deleted")), name="organization_status"
            ),
            models.CheckConstraint(
                condition=Q(kind="group", parent__isnull=True, group=models.F("id"))
                | (~Q(kind="group") & Q(parent__isnull=False)),
                name="organization_root_is_group",
            ),
            models.UniqueConstraint(
                "group",
                "external_reference",
                "reference_owner",
                condition=Q(external_reference__isnull=False, status="active"),
                name="organization_external_reference",
            ),
            models.CheckConstraint(
                condition=Q(external_reference__isnull=True, reference_owner__isnull=True)
                | Q(external_reference__isnull=False, reference_owner__isnull=False),
                name="organization_reference_owner",
            ),
        ]


class Subscription(models.Model):
    """Consumes the service; belongs to a tenant.

    The ids of the organizations above are copied into the row, because they never change and every
    list of a subtree needs them: each such list is one index range, newest first. `reference_owner`
    is the organization that set the external reference.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    distributor = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+", db_index=False
    )
    reseller = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+", db_index=False
    )
    tenant = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    path = models.CharField(max_length=160, db_collation="C")
    name = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=100, null=True)
    reference_owner = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+", db_index=False
    )
    status = models.CharField(max_length=16, default="active")
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Subscription"](within_tree)

    class Meta:
        indexes = [
            models.Index("group", "id", name="subscription_of_group"),
            models.Index("distributor", "id", name="subscription_of_distributor"),
            models.Index("reseller", "id", name="subscription_of_reseller"),
            models.Index("tenant", "id", name="subscription_of_tenant"),
            models.Index("path", "id", name="subscription_path"),
            # Includes terminated ones; the unique constraint below leaves them out.
            models.Index(
                "group",
                "external_reference",
                name="subscription_of_reference",
                condition=Q(external_reference__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=("active", "suspended", "terminated")),
                name="subscription_status",
            ),
            models.UniqueConstraint(
                "group",
                "external_reference",
                "reference_owner",
                condition=Q(external_reference__isnull=False) & ~Q(status="terminated"),
                name="subscription_external_reference",
            ),
            models.CheckConstraint(
                condition=Q(external_reference__isnull=True, reference_owner__isnull=True)
                | Q(external_reference__isnull=False, reference_owner__isnull=False),
                name="subscription_reference_owner",
            ),
        ]


REASONS = ("non_payment", "customer", "fraud", "migration", "other")
"""Why a subscription may be suspended, resumed or terminated."""


class Hold(models.Model):
    """A reason why a subscription is suspended, from `since` until it is lifted.

    A subscription is suspended while it has an open hold; triggers keep the two consistent.
    `order_id` is the order of kind suspension that placed it, null if the hold is older than such
    orders.
    """

    pk = models.CompositePrimaryKey("group_id", "id")
    id = models.UUIDField(default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=16)
    order_id = models.UUIDField(null=True)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    objects = Scoped["Hold"](within_group)

    class Meta:
        indexes = [models.Index("subscription", "since", name="hold_of_subscription")]
        constraints = [
            models.UniqueConstraint(
                "subscription",
                "reason",
                condition=Q(lifted_at__isnull=True),
                name="hold_once_per_reason",
            ),
            models.CheckConstraint(condition=Q(reason__in=REASONS), name="hold_reason"),
        ]


class Brand(models.Model):
    """The name and look of the portal for a group's people.

    Visitors of the host name `host` see it before they sign in. `revision` counts the changes; it
    is part of the URLs that browsers cache.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.OneToOneField(Organization, models.PROTECT, related_name="+")
    host = models.CharField(max_length=253, null=True)
    name = models.CharField(max_length=60)
    colour = models.CharField(max_length=7)
    logo = models.BinaryField(null=True)
    logo_type = models.CharField(max_length=16, default="")
    revision = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host"], name="brand_host"),
            models.CheckConstraint(
                condition=Q(colour__regex=r"^#[0-9a-f]{6}$"), name="brand_colour"
            ),
            models.CheckConstraint(
                condition=Q(logo__isnull=True, logo_type="")
                | Q(logo__isnull=False, logo_type__in=("image/png", "image/jpeg", "image/webp")),
                name="brand_logo",
            ),
        ]


class ClientLookup(models.Manager["ApiClient"]):
    """Lets django-oauth-toolkit look a client up by its `client_id`, and nothing else."""

    def get(self, *, client_id: str) -> "ApiClient":
        """The client that presents itself as `client_id`."""
        return super().get_queryset().get(client_id=client_id)

    def get_queryset(self) -> models.QuerySet["ApiClient"]:
        """Refuse every other access."""
        raise UnscopedQuery("ApiClient: use ApiClient.scoped")


class ApiClient(AbstractApplication):
    """An OAuth 2 client (client credentials) of one organization; acts as its administrator.

    `scopes` are separated by spaces. `created_by` is the client that created this one, if any; this
    one ends with it. Only django-oauth-toolkit uses `objects`; our code uses `scoped`.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    scopes = models.TextField()
    # No foreign key: a server of the previous release deletes a client without those it has
    # created.
    created_by = models.UUIDField(null=True)

    objects = ClientLookup()
    scoped = Scoped["ApiClient"](within_path("organization__"))

    class Meta(AbstractApplication.Meta):
        indexes = [
            models.Index("organization", "id", name="api_client_of_organization"),
            models.Index(
                "created_by", name="api_client_created_by", condition=Q(created_by__isnull=False)
            ),
        ]
        constraints = [models.CheckConstraint(condition=~Q(scopes=""), name="api_client_scopes")]


class ClientAttempt(models.Model):
    """Wrong secrets of a client by address, and the time of the last right one.

    `client` is the SHA-256 of the given `client_id`, whether or not it exists. `wrong` counts since
    `since`; `right_at` is when that address last sent a right secret. Belongs to no group: the
    client is unknown until its secret is verified.
    """

    pk = models.CompositePrimaryKey("client", "address")
    client = models.CharField(max_length=64, db_collation="C")
    address = models.CharField(max_length=45, db_collation="C")
    wrong = models.IntegerField(db_default=0)
    since = models.DateTimeField(db_default=KernelNow())
    right_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("since", name="client_attempt_age")]


class AuditRecord(models.Model):
    """Who did what to which object, in which request. Append-only.

    `subscription_id` is the subscription that owns or owned the object, if any: a user, a trunk, an
    order, the subscription itself. `address` is the client's network address; records of hot
    database functions have none, but the access log has it under the same request id.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    group_id = models.UUIDField()
    path = models.CharField(max_length=160, db_collation="C")
    subscription_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=80)
    request_id = models.CharField(max_length=64)
    address = models.CharField(max_length=45, null=True)
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=80)
    detail = JsonTextField()

    class Meta:
        indexes = [
            models.Index("group_id", "at", "id", name="audit_of_group"),
            models.Index(
                "subscription_id",
                "at",
                "id",
                name="audit_of_subscription",
                condition=Q(subscription_id__isnull=False),
            ),
            models.Index("object_id", "id", name="audit_of_object"),
        ]


NOBODY = UUID(int=0)
"""The nil UUID: stands for an unknown organization."""


class Idempotency(models.Model):
    """The stored answer of a successful request, by its caller's key. Kept for 30 days.

    `organization_id` is the caller's; `NOBODY` in rows of releases that did not store it.
    """

    pk = models.CompositePrimaryKey("group_id", "key", "organization_id")
    group_id = models.UUIDField()
    organization_id = models.UUIDField(db_default=NOBODY)
    key = models.CharField(max_length=255, db_collation="C")
    fingerprint = models.BinaryField()
    status = models.SmallIntegerField()
    answer = models.TextField()
    at = models.DateTimeField(db_default=KernelNow())

    class Meta:
        indexes = [models.Index("at", name="idempotency_age")]

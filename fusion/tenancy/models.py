"""Organizations, subscriptions, people, API clients, and the records of what they did."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from oauth2_provider.models import AbstractApplication

from fusion.events.models import JsonTextField
from fusion.kernel.ids import new_id
from fusion.tenancy.actor import KINDS, ROLES
from fusion.tenancy.scope import Scoped, within_path, within_tree


class Organization(models.Model):
    """A node of the tree group › distributor › reseller › tenant. The parent never changes.

    `path` is the ids from the group down to this node, each followed by `/`: a subtree is one
    range of its index.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=16)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    group = models.ForeignKey("self", models.PROTECT, related_name="+")
    path = models.CharField(max_length=160, unique=True, db_collation="C")
    name = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=100, null=True)
    status = models.CharField(max_length=16, default="active")
    created_at = models.DateTimeField(db_default=Now())

    objects = Scoped["Organization"](within_path())

    class Meta:
        indexes = [
            models.Index("parent", "id", name="organization_children"),
            models.Index("group", "id", name="organization_of_group"),
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
                condition=Q(external_reference__isnull=False, status="active"),
                name="organization_external_reference",
            ),
        ]


class Subscription(models.Model):
    """What really consumes the service; belongs to a tenant.

    The ids of the organizations above are stored with it, because they never change and every
    list of a subtree needs them.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    distributor = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    reseller = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    tenant = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    path = models.CharField(max_length=160, db_collation="C")
    name = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=100, null=True)
    status = models.CharField(max_length=16, default="active")
    created_at = models.DateTimeField(db_default=Now())

    objects = Scoped["Subscription"](within_tree)

    class Meta:
        indexes = [
            models.Index("group", "id", name="subscription_of_group"),
            models.Index("path", "id", name="subscription_path"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=("active", "suspended", "terminated")),
                name="subscription_status",
            ),
            models.UniqueConstraint(
                "group",
                "external_reference",
                condition=Q(external_reference__isnull=False) & ~Q(status="terminated"),
                name="subscription_external_reference",
            ),
        ]


class UserManager(BaseUserManager["User"]):
    """People are found by e-mail, ignoring case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user who signs in as `username`."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person. What they may do follows from their memberships alone."""

    id = models.UUIDField(primary_key=True, default=new_id)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "email"
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email")]


class Member(models.Model):
    """A person's role in one organization."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    created_at = models.DateTimeField(db_default=Now())

    objects = Scoped["Member"](within_path("organization__"))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=ROLES), name="member_role"),
            models.UniqueConstraint("organization", "user", name="member_once"),
        ]


class ApiClient(AbstractApplication):
    """An OAuth 2 client (client credentials) of one organization; acts as its administrator.

    `objects` is what django-oauth-toolkit looks clients up with; our code uses `scoped`.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    scopes = models.TextField()

    scoped = Scoped["ApiClient"](within_path("organization__"))

    class Meta(AbstractApplication.Meta):
        constraints = [models.CheckConstraint(condition=~Q(scopes=""), name="api_client_scopes")]


class AuditRecord(models.Model):
    """Who did what to which object, in which request. Append-only."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    group_id = models.UUIDField()
    path = models.CharField(max_length=160, db_collation="C")
    actor = models.CharField(max_length=80)
    request_id = models.CharField(max_length=64)
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=80)
    detail = JsonTextField()

    class Meta:
        indexes = [
            models.Index("group_id", "id", name="audit_of_group"),
            models.Index("object_id", "id", name="audit_of_object"),
        ]


class Idempotency(models.Model):
    """The stored answer to a request that succeeded, by the caller's key. Kept for 30 days."""

    pk = models.CompositePrimaryKey("group_id", "key")
    group_id = models.UUIDField()
    key = models.CharField(max_length=255, db_collation="C")
    fingerprint = models.BinaryField()
    status = models.SmallIntegerField()
    answer = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index("at", name="idempotency_age")]

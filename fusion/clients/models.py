"""API clients, and the counts of wrong secrets sent for them."""

from django.db import models
from django.db.models import Q
from oauth2_provider.models import AbstractApplication

from fusion.access.visibility import Scoped, UnscopedQuery, within_path
from fusion.clients.connector import IS_CONNECTOR, LONGEST
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization


class ClientLookup(models.Manager["ApiClient"]):
    """Lets django-oauth-toolkit look a client up by its `client_id`, and nothing else."""

    def get(self, *, client_id: str) -> "ApiClient":
        """The client with this `client_id`."""
        return super().get_queryset().get(client_id=client_id)

    def get_queryset(self) -> models.QuerySet["ApiClient"]:
        """Refuse every other access."""
        raise UnscopedQuery("ApiClient: use ApiClient.scoped")


class ApiClient(AbstractApplication):
    """An OAuth 2 client (client credentials) of one organization; acts as its administrator.

    `scopes` are separated by spaces. `created_by` is the client that created this one, if any, and
    whose deletion deletes it. `connector` is the name of a connector, the origin of its orders.
    Only django-oauth-toolkit uses `objects`; our code uses `scoped`.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    scopes = models.TextField()
    # No foreign key: a server of the previous release deletes a client without those it has
    # created.
    created_by = models.UUIDField(null=True)
    connector = models.CharField(max_length=LONGEST, null=True)

    objects = ClientLookup()
    scoped = Scoped["ApiClient"](within_path("organization__"))

    class Meta(AbstractApplication.Meta):
        app_label = "tenancy"
        indexes = [
            models.Index("organization", "id", name="api_client_of_organization"),
            models.Index(
                "created_by", name="api_client_created_by", condition=Q(created_by__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(scopes=""), name="api_client_scopes"),
            models.CheckConstraint(condition=IS_CONNECTOR, name="api_client_connector"),
        ]


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
        app_label = "tenancy"
        indexes = [models.Index("since", name="client_attempt_age")]

"""The brand of a group."""

from django.db import models
from django.db.models import Q

from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization


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
        app_label = "tenancy"
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

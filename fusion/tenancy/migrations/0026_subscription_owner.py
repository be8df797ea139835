"""Who owned a subscription until a move."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0025_group_settings")]

    operations = [
        migrations.CreateModel(
            name="SubscriptionOwner",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "subscription_id",
                        "until",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("subscription_id", models.UUIDField()),
                ("distributor_id", models.UUIDField(null=True)),
                ("reseller_id", models.UUIDField(null=True)),
                ("tenant_id", models.UUIDField()),
                ("path", models.CharField(db_collation="C", max_length=160)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("names", models.JSONField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(until__gt=F("since")), name="owner_until")
                ],
            },
        ),
    ]

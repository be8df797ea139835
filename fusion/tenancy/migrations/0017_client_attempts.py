from django.db import migrations, models

import fusion.kernel.clock


class Migration(migrations.Migration):
    """Wrong secrets are counted; a client knows which client created it."""

    dependencies = [("tenancy", "0016_holds_of_the_suspended")]

    operations = [
        migrations.CreateModel(
            name="ClientAttempt",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client",
                        "address",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("client", models.CharField(db_collation="C", max_length=64)),
                ("address", models.CharField(db_collation="C", max_length=45)),
                ("wrong", models.IntegerField(db_default=0)),
                ("since", models.DateTimeField(db_default=fusion.kernel.clock.KernelNow())),
                ("right_at", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index("since", name="client_attempt_age")]},
        ),
        migrations.AddField(
            model_name="apiclient", name="created_by", field=models.UUIDField(null=True)
        ),
        migrations.AddIndex(
            model_name="apiclient",
            index=models.Index(
                "created_by",
                name="api_client_created_by",
                condition=models.Q(created_by__isnull=False),
            ),
        ),
    ]

"""The calls per second of a trunk, and the thresholds of channels that live calls have reached."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trunks", "0009_validate_prefixes"),
    ]

    operations = [
        migrations.CreateModel(
            name="RatedCall",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "trunk_id",
                        "at",
                        "direction",
                        "call_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("trunk_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("direction", models.CharField(max_length=8)),
                ("call_id", models.CharField(db_collation="C", max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name="ChannelThreshold",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "subject_id",
                        "percent",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("subject_id", models.UUIDField()),
                ("percent", models.SmallIntegerField()),
                ("subscription_id", models.UUIDField()),
                ("live", models.IntegerField()),
                ("most", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="trunk",
            name="calls_per_second",
            field=models.IntegerField(null=True),
        ),
        AddConstraintNotValid(
            "trunk",
            models.CheckConstraint(
                condition=models.Q(
                    ("calls_per_second__isnull", True),
                    ("calls_per_second__range", (1, 1000)),
                    _connector="OR",
                ),
                name="trunk_calls_per_second",
            ),
        ),
    ]

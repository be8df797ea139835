"""Numbers that a group added to the emergency numbers of a country, prefixes for an outside line, and the
calls that come back after an emergency call.

Tables are locked in the sequence in which an admission uses them.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

# Rows enter through the parent, whose default counts; partitions made later have none.
AS_NEW_PARTITIONS = """
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'trunks_callrecord'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN emergency_callback DROP DEFAULT', partition);
    END LOOP;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("trunks", "0007_group_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="EmergencyCaller",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "trunk_id",
                        "last_digits",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("trunk_id", models.UUIDField()),
                ("last_digits", models.CharField(max_length=8)),
                ("callable_until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="GroupEmergencyNumber",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "country",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("country", models.CharField(max_length=2)),
                ("number", models.CharField(max_length=6)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__regex", "^[0-9]{2,6}$")),
                        name="emergency_number_digits",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="emergencynumber",
            name="calling_code",
            field=models.CharField(max_length=3, null=True),
        ),
        migrations.AddField(
            model_name="trunk",
            name="outside_line_prefixes",
            field=models.CharField(db_default="", default="", max_length=24),
        ),
        AddConstraintNotValid(
            "trunk",
            models.CheckConstraint(
                condition=models.Q(
                    ("outside_line_prefixes__regex", "^([0-9*#]{1,4}(,[0-9*#]{1,4}){0,4})?$")
                ),
                name="trunk_prefixes",
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="emergency_callback",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(
            "ALTER TABLE trunks_callrecord ADD COLUMN emergency_callback boolean NOT NULL DEFAULT false",
            "ALTER TABLE trunks_callrecord DROP COLUMN emergency_callback",
        ),
        migrations.RunSQL(AS_NEW_PARTITIONS, migrations.RunSQL.noop),
    ]

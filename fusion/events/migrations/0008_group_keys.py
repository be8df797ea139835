"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (GroupTable("events_event", key="group_id, epoch, xid, id"),)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0007_schema_number")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(
                    model_name="event",
                    name="event_feed",
                ),
                migrations.AddField(
                    model_name="event",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "epoch",
                        "xid",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="event",
                    name="id",
                    field=models.BigIntegerField(),
                ),
            ],
            database_operations=[
                migrations.RunPython(bring(*TABLES)),
                migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS event_feed"),
            ],
        ),
    ]

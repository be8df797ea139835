"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

import django.db.models.deletion
from django.db import connection, migrations, models

from fusion.kernel.group_keys import GroupTable, bring, build_unique, locked

TABLES = (
    GroupTable(
        "trunks_trunk",
        parent="tenancy_subscription",
        column="subscription_id",
        unique=(("trunk_of_subscription", "(subscription_id, id, group_id)"),),
        identity="trunk_of_subscription",
        references=(("subscription_id", "tenancy_subscription"),),
    ),
    GroupTable("trunks_call", key="group_id, trunk_id, direction, call_id"),
    GroupTable(
        "trunks_channelpeak",
        parent="tenancy_subscription",
        column="subscription_id",
        key="group_id, id",
        keep_key=False,
        unique=(
            (
                "channel_peak",
                "(subscription_id, trunk_id, minute, group_id) NULLS NOT DISTINCT",
            ),
        ),
        keep=("channel_peak",),
    ),
)

RECORDS = "trunks_callrecord"


def bring_records(_apps, _schema_editor):
    """The key of the call records: built per partition, then put together in an instant.

    It is what the index callrecord_of_group was, which goes.
    """
    key = "(group_id, ended_at, id)"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('callrecord_of_group') IS NULL")
        if cursor.fetchone()[0]:
            return
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
            [RECORDS],
        )
        partitions = [row[0] for row in cursor.fetchall()]
        for partition in partitions:
            build_unique(f"{partition}_pkey_next", partition, key)
        with locked(RECORDS, *partitions):
            cursor.execute(f"ALTER TABLE {RECORDS} DROP CONSTRAINT {RECORDS}_pkey")
            for partition in partitions:
                cursor.execute(
                    f"ALTER TABLE {partition} ADD CONSTRAINT {partition}_pkey"
                    f" PRIMARY KEY USING INDEX {partition}_pkey_next"
                )
            cursor.execute(f"ALTER TABLE {RECORDS} ADD PRIMARY KEY {key}")
            cursor.execute("DROP INDEX callrecord_of_group")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trunks", "0006_record_retention"), ("tenancy", "0022_group_keys")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="channelpeak",
                    name="channel_peak",
                ),
                migrations.RemoveIndex(
                    model_name="trunk",
                    name="trunk_of_subscription",
                ),
                migrations.AddField(
                    model_name="channelpeak",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AddField(
                    model_name="channelpeak",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AddField(
                    model_name="trunk",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AlterField(
                    model_name="call",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "trunk_id",
                        "direction",
                        "call_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="channelpeak",
                    name="id",
                    field=models.BigIntegerField(),
                ),
                migrations.AlterField(
                    model_name="trunk",
                    name="subscription",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.subscription",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="channelpeak",
                    constraint=models.UniqueConstraint(
                        models.F("subscription_id"),
                        models.F("trunk_id"),
                        models.F("minute"),
                        models.F("group_id"),
                        name="channel_peak",
                        nulls_distinct=False,
                    ),
                ),
                migrations.AddConstraint(
                    model_name="trunk",
                    constraint=models.UniqueConstraint(
                        models.F("subscription"),
                        models.F("id"),
                        models.F("group_id"),
                        name="trunk_of_subscription",
                    ),
                ),
            ],
            database_operations=[
                migrations.RunPython(bring(*TABLES)),
                migrations.RunPython(bring_records),
            ],
        ),
    ]

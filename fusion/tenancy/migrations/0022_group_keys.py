"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

import django.db.models.deletion
from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (
    GroupTable(
        "tenancy_organization",
        unique=(("organization_of_group", "(group_id, id)"),),
        identity="organization_of_group",
        references=(
            ("parent_id", "tenancy_organization"),
            ("reference_owner_id", "tenancy_organization"),
        ),
    ),
    GroupTable(
        "tenancy_subscription",
        unique=(("subscription_of_group", "(group_id, id)"),),
        identity="subscription_of_group",
        references=(
            ("distributor_id", "tenancy_organization"),
            ("reseller_id", "tenancy_organization"),
            ("tenant_id", "tenancy_organization"),
            ("reference_owner_id", "tenancy_organization"),
        ),
    ),
    GroupTable(
        "tenancy_hold",
        unique=(
            (
                "hold_once_per_reason",
                "(group_id, subscription_id, reason) WHERE lifted_at IS NULL",
            ),
        ),
        keep=("hold_once_per_reason",),
        references=(("subscription_id", "tenancy_subscription"),),
    ),
    GroupTable("tenancy_brand", identity="tenancy_brand_group_id_key"),
    GroupTable("tenancy_auditrecord", key="group_id, id", keep_key=False),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tenancy", "0021_clean_references"), ("events", "0008_group_keys")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="hold",
                    name="hold_once_per_reason",
                ),
                migrations.RemoveIndex(
                    model_name="subscription",
                    name="subscription_of_group",
                ),
                migrations.AddField(
                    model_name="auditrecord",
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
                migrations.AlterField(
                    model_name="auditrecord",
                    name="id",
                    field=models.BigIntegerField(),
                ),
                migrations.AlterField(
                    model_name="hold",
                    name="subscription",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.subscription",
                    ),
                ),
                migrations.AlterField(
                    model_name="organization",
                    name="parent",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.organization",
                    ),
                ),
                migrations.AlterField(
                    model_name="organization",
                    name="reference_owner",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.organization",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="distributor",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.organization",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="reference_owner",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.organization",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="reseller",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.organization",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="tenant",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.organization",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="hold",
                    constraint=models.UniqueConstraint(
                        models.F("group"),
                        models.F("subscription"),
                        models.F("reason"),
                        condition=models.Q(("lifted_at__isnull", True)),
                        name="hold_once_per_reason",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="organization",
                    constraint=models.UniqueConstraint(
                        models.F("group"), models.F("id"), name="organization_of_group"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="subscription",
                    constraint=models.UniqueConstraint(
                        models.F("group"), models.F("id"), name="subscription_of_group"
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(bring(*TABLES))],
        ),
    ]

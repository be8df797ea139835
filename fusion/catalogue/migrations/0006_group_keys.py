"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

import django.db.models.deletion
from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (
    GroupTable(
        "catalogue_sku",
        unique=(("sku_of_group", "(group_id, id)"),),
        identity="sku_of_group",
    ),
    GroupTable(
        "catalogue_product",
        unique=(("product_of_group", "(group_id, id)"),),
        identity="product_of_group",
    ),
    GroupTable(
        "catalogue_productrevision",
        parent="catalogue_product",
        column="product_id",
        kept_by="kernel_append_only",
        key="group_id, product_id, revision",
        references=(("product_id", "catalogue_product"),),
    ),
    GroupTable(
        "catalogue_revisionitem",
        parent="catalogue_product",
        column="product_id",
        kept_by="kernel_append_only",
        key="group_id, product_id, revision, sku_id",
        references=(("product_id", "catalogue_product"), ("sku_id", "catalogue_sku")),
    ),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("catalogue", "0005_metrics"),
        ("tenancy", "0022_group_keys"),
        ("events", "0008_group_keys"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(
                    model_name="product",
                    name="product_of_group",
                ),
                migrations.AddField(
                    model_name="productrevision",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AddField(
                    model_name="revisionitem",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AlterField(
                    model_name="productrevision",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "product_id",
                        "revision",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="productrevision",
                    name="product",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="catalogue.product",
                    ),
                ),
                migrations.AlterField(
                    model_name="revisionitem",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "product_id",
                        "revision",
                        "sku_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="revisionitem",
                    name="product",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalogue.product",
                    ),
                ),
                migrations.AlterField(
                    model_name="revisionitem",
                    name="sku",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.sku",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="product",
                    constraint=models.UniqueConstraint(
                        models.F("group"), models.F("id"), name="product_of_group"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="sku",
                    constraint=models.UniqueConstraint(
                        models.F("group"), models.F("id"), name="sku_of_group"
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(bring(*TABLES))],
        ),
    ]

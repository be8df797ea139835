"""SKUs have an external reference, unique in their group; the database cleans it.

The table has few rows, so the index is built at once.
"""

from importlib import import_module

from django.db import migrations, models

keep_clean = import_module("fusion.tenancy.migrations.0021_clean_references").keep_clean


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0008_rules_checked"), ("tenancy", "0028_order_grace")]

    operations = [
        migrations.AddField("sku", "external_reference", models.CharField(max_length=100, null=True)),
        migrations.AddConstraint(
            "sku",
            models.UniqueConstraint(
                "group",
                "external_reference",
                condition=models.Q(external_reference__isnull=False),
                name="sku_external_reference",
            ),
        ),
        *keep_clean("catalogue_sku", "external_reference"),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """The country of a SKU may be 001: numbers of no country."""

    dependencies = [("catalogue", "0006_group_keys")]

    operations = [
        migrations.AlterField("sku", "country", models.CharField(max_length=3, null=True)),
    ]

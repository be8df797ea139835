"""The database cleans references of products, like those of organizations."""

from importlib import import_module

from django.db import migrations

keep_clean = import_module("fusion.tenancy.migrations.0021_clean_references").keep_clean


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0003_kernel_now"), ("tenancy", "0021_clean_references")]

    operations = keep_clean("catalogue_product", "external_reference")

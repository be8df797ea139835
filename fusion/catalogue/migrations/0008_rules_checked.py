"""The checks hold for the products that were there before."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0007_rules_of_products")]
    operations = [
        ValidateConstraint("product", "product_limits"),
        ValidateConstraint("product", "product_allows_some"),
    ]

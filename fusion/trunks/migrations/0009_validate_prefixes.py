from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """In a transaction of its own, which locks nobody out."""

    dependencies = [("trunks", "0008_emergency_calls")]

    operations = [ValidateConstraint("trunk", "trunk_prefixes")]

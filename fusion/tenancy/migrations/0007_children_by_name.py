from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    """An index for the children of an organization by name, for any number of customers."""

    dependencies = [("tenancy", "0006_audit_indexes")]

    operations = [
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(
                models.F("parent"), Lower("name"), models.F("id"), name="organization_by_name"
            ),
        )
    ]

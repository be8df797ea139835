from django.db import migrations, models


class Migration(migrations.Migration):
    """Audit records have the subscription of their object.

    Existing ones do not, because they cannot be changed.
    """

    dependencies = [("tenancy", "0004_search")]

    operations = [
        migrations.AddField(
            model_name="auditrecord",
            name="subscription_id",
            field=models.UUIDField(null=True),
        ),
    ]

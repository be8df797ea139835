from django.db import migrations, models


class Migration(migrations.Migration):
    """Audit records tell whose subscription the object was.

    Those from before do not: they cannot be changed any more.
    """

    dependencies = [("tenancy", "0004_search")]

    operations = [
        migrations.AddField(
            model_name="auditrecord",
            name="subscription_id",
            field=models.UUIDField(null=True),
        ),
    ]

"""API clients may be connectors: what they order has the origin `connector:<name>`."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0028_order_grace")]

    operations = [
        migrations.AddField("apiclient", "connector", models.CharField(max_length=40, null=True)),
        migrations.AddConstraint(
            "apiclient",
            models.CheckConstraint(
                condition=models.Q(connector__isnull=True)
                | models.Q(connector__regex="^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"),
                name="api_client_connector",
            ),
        ),
    ]

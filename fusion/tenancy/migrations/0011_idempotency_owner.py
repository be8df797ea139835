from uuid import UUID

from django.db import migrations, models


class Migration(migrations.Migration):
    """Idempotency keys belong to an organization; existing rows get the nil UUID."""

    dependencies = [("tenancy", "0010_kernel_now")]

    operations = [
        migrations.AddField(
            model_name="idempotency",
            name="organization_id",
            field=models.UUIDField(db_default=UUID(int=0)),
        ),
    ]

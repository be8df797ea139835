"""Orders carry what their caller wants to find in them again."""

from django.db import migrations

import fusion.kernel.model_fields


class Migration(migrations.Migration):
    dependencies = [("ordering", "0013_lines_by_reference")]
    operations = [
        migrations.AddField(
            "order", "metadata", fusion.kernel.model_fields.JsonTextField(null=True)
        ),
    ]

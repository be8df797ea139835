from django.db import migrations, models


class Migration(migrations.Migration):
    """Numbers that the provider accepted although the library may not know them."""

    dependencies = [("numbers", "0004_group_keys")]

    operations = [
        migrations.AddField(
            "number", "accepted", models.BooleanField(default=False, db_default=False)
        ),
        migrations.AddField(
            "range", "accepted_reason", models.CharField(max_length=2000, null=True)
        ),
    ]

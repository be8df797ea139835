from django.db import migrations, models


class Migration(migrations.Migration):
    """Port requests for numbers that the library does not know."""

    dependencies = [("numbers", "0007_numbers_checked")]

    operations = [
        migrations.AddField(
            "portrequest", "accept_reason", models.CharField(max_length=2000, null=True)
        ),
    ]

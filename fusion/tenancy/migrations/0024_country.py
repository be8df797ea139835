from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """The country of phone numbers that are written without a country code."""

    atomic = False
    dependencies = [("tenancy", "0023_search_within_words")]

    operations = [
        migrations.AddField(
            "organization", "country", models.CharField(max_length=2, null=True)
        ),
        AddConstraintNotValid(
            "organization",
            models.CheckConstraint(
                condition=Q(country__regex=r"^[A-Z]{2}$"), name="organization_country"
            ),
        ),
        ValidateConstraint("organization", "organization_country"),
    ]

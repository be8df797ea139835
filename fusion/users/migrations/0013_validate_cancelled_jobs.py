from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """In a transaction of its own, which locks nobody out."""

    dependencies = [("users", "0012_job_outcomes")]

    operations = [
        ValidateConstraint("job", "job_state"),
        ValidateConstraint("job", "job_finished_whole"),
    ]

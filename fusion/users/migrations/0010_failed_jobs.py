from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """A job that Fusion could not continue is `failed`. The previous release shows it as such."""

    dependencies = [("users", "0009_group_keys")]

    operations = [
        migrations.RemoveConstraint("job", "job_state"),
        migrations.RemoveConstraint("job", "job_finished_whole"),
        AddConstraintNotValid(
            "job",
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "finished", "failed")),
                name="job_state",
            ),
        ),
        AddConstraintNotValid(
            "job",
            models.CheckConstraint(
                condition=Q(state="finished", done=F("total"), finished_at__isnull=False)
                | Q(state="failed", finished_at__isnull=False, error__isnull=False)
                | Q(state__in=("queued", "running"), finished_at__isnull=True),
                name="job_finished_whole",
            ),
        ),
    ]

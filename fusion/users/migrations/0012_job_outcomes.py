from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

COUNTS = ("created", "changed", "unchanged", "deleted")


class Migration(migrations.Migration):
    """Batches count their outcomes, know how their file was read, and can be cancelled."""

    dependencies = [("users", "0011_validate_failed_jobs")]

    operations = [
        *(
            migrations.AddField("job", name, models.IntegerField(default=0, db_default=0))
            for name in COUNTS
        ),
        migrations.AddField("job", "source", models.JSONField(null=True)),
        migrations.AddField("jobresult", "outcome", models.CharField(max_length=16, null=True)),
        migrations.RemoveConstraint("job", "job_state"),
        migrations.RemoveConstraint("job", "job_finished_whole"),
        AddConstraintNotValid(
            "job",
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "finished", "failed", "cancelled")),
                name="job_state",
            ),
        ),
        AddConstraintNotValid(
            "job",
            models.CheckConstraint(
                condition=Q(state="finished", done=F("total"), finished_at__isnull=False)
                | Q(state="failed", finished_at__isnull=False, error__isnull=False)
                | Q(state="cancelled", finished_at__isnull=False)
                | Q(state__in=("queued", "running"), finished_at__isnull=True),
                name="job_finished_whole",
            ),
        ),
    ]

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes for audit records by time: of a group, and of a subscription."""

    atomic = False

    dependencies = [("tenancy", "0005_audit_of_subscription")]

    operations = [
        RemoveIndexConcurrently(model_name="auditrecord", name="audit_of_group"),
        AddIndexConcurrently(
            model_name="auditrecord",
            index=models.Index("group_id", "at", "id", name="audit_of_group"),
        ),
        AddIndexConcurrently(
            model_name="auditrecord",
            index=models.Index(
                "subscription_id",
                "at",
                "id",
                name="audit_of_subscription",
                condition=models.Q(subscription_id__isnull=False),
            ),
        ),
    ]

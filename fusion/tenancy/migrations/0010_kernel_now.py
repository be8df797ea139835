from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    """Columns whose default is the present instant use `kernel_now()`."""

    atomic = False  # a lock on each table for a moment, never on two at once

    dependencies = [("tenancy", "0009_invitation_limits"), ("events", "0005_kernel_now")]

    operations = [
        migrations.AlterField(
            model_name="idempotency",
            name="at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="created_at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name="member",
            name="created_at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name="organization",
            name="created_at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name="subscription",
            name="created_at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name="user",
            name="created_at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
    ]

from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    """Columns whose default is the present instant use `kernel_now()`."""

    atomic = False  # a lock on each table for a moment, never on two at once

    dependencies = [("catalogue", "0002_immutable_revisions"), ("events", "0005_kernel_now")]

    operations = [
        migrations.AlterField(
            model_name="product",
            name="created_at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name="productrevision",
            name="at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name="sku",
            name="created_at",
            field=models.DateTimeField(db_default=KernelNow()),
        ),
    ]

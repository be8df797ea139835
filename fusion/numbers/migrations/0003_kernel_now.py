from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    """Columns that default to the present instant take it from `kernel_now()`."""

    dependencies = [('numbers', '0002_range_overlap'), ('events', '0005_kernel_now')]

    operations = [
        migrations.AlterField(
            model_name='range',
            name='created_at',
            field=models.DateTimeField(db_default=KernelNow()),
        ),
    ]

from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    """Columns that default to the present instant take it from `kernel_now()`."""

    dependencies = [('trunks', '0004_peaks_by_minute'), ('events', '0005_kernel_now')]

    operations = [
        migrations.AlterField(
            model_name='trunk',
            name='created_at',
            field=models.DateTimeField(db_default=KernelNow()),
        ),
    ]

from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    """Columns that default to the present instant take it from `kernel_now()`."""

    atomic = False  # a lock on each table for a moment, never on two at once

    dependencies = [('users', '0002_link_history'), ('events', '0005_kernel_now')]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='created_at',
            field=models.DateTimeField(db_default=KernelNow()),
        ),
        migrations.AlterField(
            model_name='user',
            name='created_at',
            field=models.DateTimeField(db_default=KernelNow()),
        ),
    ]
